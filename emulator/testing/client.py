"""The client of the control API: one request, one JSON answer, and one exception for whatever it refuses."""

from __future__ import annotations

import json
import re
import warnings
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar, overload
from urllib.parse import quote, urlencode

import msgspec

from emulator.errors import EmulatorError
from emulator.testing.connection import ConnectionFailed, Connections, Response

CONTROL = "/_emulator"
DEFAULT = "default"  # the world of whoever names none
WORLD_HEADER = "X-Emulator-World"
PLACE = re.compile(r"^(body|query)(\.|: )", re.MULTILINE)  # where HTTP has what is an argument or an option elsewhere
SAFE = "/%:@!$&'()*+,;=~"  # what a path keeps, escapes included


class ControlError(EmulatorError):
    """The control API refused, or did not answer.

    `status` is the HTTP status, 0 when there was no answer; `hint` says what to do; `complaints` are the errors in a
    scenario, each with `file`, `line`, `column` and `message`.
    """

    def __init__(
        self, message: str, *, status: int = 0, hint: str = "", complaints: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        self.message = message
        self.status = status
        self.hint = hint
        self.complaints = tuple(complaints)
        super().__init__("\n".join([message, *map(_diagnostic, self.complaints), *([hint] if hint else [])]))


class Client:
    """Asks one server, on behalf of one world. `of` gives the same connections on behalf of another. `timeout` is in
    real seconds: to connect, and for each read; by default it is what EMULATOR_CLIENT_TIMEOUT says, or 30; 0 is none.

    Raises ControlError for what is no URL, ConfigError for what is no timeout.
    """

    def __init__(self, url: str, world: str = DEFAULT, token: str | None = None, timeout: float | None = None) -> None:
        self.url = url.rstrip("/")
        self.world = world
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            self._connections = Connections(self.url, timeout)
        except ValueError as error:
            hint = "give one such as http://127.0.0.1:8484, where `emulator serve` listens"
            raise ControlError(f"{url!r} is no URL of an emulator: {error}", hint=hint) from None

    def of(self, world: str) -> Client:
        """The same server, another world."""
        other = object.__new__(Client)
        other.__dict__ |= self.__dict__ | {"world": world}
        return other

    def get(self, path: str, **params: Any) -> Any:
        """What a resource holds; parameters that are None are left out."""
        __tracebackhide__ = True
        query = urlencode({name: _text(value) for name, value in params.items() if value is not None})
        return self._request("GET", f"{_quoted(path)}?{query}" if query else _quoted(path))[1]

    def post(self, path: str, body: Any = None, *, waits: bool = False) -> Any:
        """Do something; `waits` when the answer may take long."""
        __tracebackhide__ = True
        # The server ends a wait when the test asked for it, so the client need not know how long that is.
        return self._request("POST", _quoted(path), {} if body is None else body, patient=waits)[1]

    def put(self, path: str, body: Any) -> Any:
        """Set a resource."""
        __tracebackhide__ = True
        return self._request("PUT", _quoted(path), body)[1]

    def patch(self, path: str, body: Any) -> Any:
        """Set a part of a resource."""
        __tracebackhide__ = True
        return self._request("PATCH", _quoted(path), body)[1]

    def ask(self, method: str, path: str, values: Mapping[str, Any]) -> Any:
        """Ask any route; its values are a query where nothing is changed, else a body."""
        __tracebackhide__ = True
        if method == "GET":
            return self.get(path, **values)
        body = values or (None if method == "DELETE" else {})
        return self._request(method, _quoted(path), body, patient=True)[1]

    def make(self, path: str, body: Any) -> Any:
        """Set a resource that is not there yet. Raises ControlError 409 when it is."""
        __tracebackhide__ = True
        status, content = self._request("PUT", _quoted(path), body)
        if status != 201:
            raise ControlError(f"{path.rpartition('/')[2]!r} is there already", status=409, hint="choose another name")
        return content

    def delete(self, path: str) -> Any:
        """Take a resource away."""
        __tracebackhide__ = True
        return self._request("DELETE", _quoted(path))[1]

    def close(self) -> None:
        """Close the connections, of all worlds."""
        self._connections.close()

    def _request(self, method: str, target: str, body: Any = None, *, patient: bool = False) -> tuple[int, Any]:
        __tracebackhide__ = True  # a failed test shows the line that asked
        headers = {**self._headers, WORLD_HEADER: self.world}
        content = None if body is None else json.dumps(body, allow_nan=False).encode()
        try:
            response = self._connections.send(method, CONTROL + target, headers, content, patient=patient)
        except ConnectionFailed as error:
            raise ControlError(
                f"no emulator answers at {self.url}: {error}",
                hint="start one with `emulator serve`, or leave the URL out to have one started",
            ) from error
        if 200 <= response.status < 300:
            with suppress(msgspec.DecodeError):  # something else that listens there
                return response.status, msgspec.json.decode(response.body) if response.body else None
        raise _error(f"{method} {CONTROL}{target.partition('?')[0]}", response)


def _quoted(path: str) -> str:
    return quote(path, safe=SAFE)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _error(request: str, response: Response) -> ControlError:
    """The server's own words, whatever shape they come in."""
    try:
        error = json.loads(response.body)["error"]
        message, hint = str(error["message"]), str(error.get("hint") or "")
        message = PLACE.sub("", message) if response.status == 400 else message
        complaints = error.get("complaints") or ()
    except (ValueError, LookupError, TypeError, AttributeError):
        text = response.body[:500].decode(errors="replace")
        message, hint, complaints = f"{request} answered {response.status}: {text}", "", ()
    return ControlError(message, status=response.status, hint=hint, complaints=complaints)


def _diagnostic(diagnostic: Mapping[str, Any]) -> str:
    place = ":".join(str(diagnostic[part]) for part in ("file", "line", "column") if diagnostic.get(part))
    return f"{place}: {diagnostic.get('message', '')}"


Item = TypeVar("Item")


class DroppedError(ControlError):
    """Older records were dropped, on which the result depends: nobody can know it any more."""


class DroppedWarning(UserWarning):
    """Older records were dropped; the result may lack some of them."""


class RemoteSequence(Sequence[Item]):
    """What a world has on record, the oldest first.

    Whatever depends on older records raises DroppedError when the world has dropped some: the length, the first,
    each, all. The newest ones, counted from the end, can always be had.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    @abstractmethod
    def _newest(self, count: int | None = None) -> tuple[list[Item], int, int]:
        """The newest `count` records, or all; how many there are; and how many older ones were dropped."""

    @abstractmethod
    def _missing(self, count: int) -> str:
        """The message for whoever looks for one that is not among the `count` there are."""

    @abstractmethod
    def _lost(self, dropped: int) -> str:
        """The message for whoever needs those that were dropped."""

    def all(self) -> list[Item]:
        """What there is at this moment. Raises DroppedError."""
        found, _, dropped = self._newest()
        self._need(dropped)
        return found

    @property
    def last(self) -> Item:
        """The newest. Raises IndexError, which says what there is instead, when there is none."""
        return self[-1]

    def _need(self, dropped: int) -> None:
        if dropped:
            raise DroppedError(self._lost(dropped))

    def _waited(self, path: str, body: dict[str, Any]) -> Any:
        """The answer to a question that waits. Raises AssertionError when what it waits for does not come."""
        try:
            answer = self._client.post(path, body, waits=True)
        except ControlError as error:
            if error.status != 408:
                raise
            raise AssertionError(str(error)) from None
        if dropped := answer["dropped"]:
            warnings.warn(self._lost(dropped), DroppedWarning, stacklevel=3)
        return answer

    def __len__(self) -> int:
        _, total, dropped = self._newest(1)
        self._need(dropped)
        return total

    def __iter__(self) -> Iterator[Item]:
        return iter(self.all())

    @overload
    def __getitem__(self, at: int) -> Item: ...

    @overload
    def __getitem__(self, at: slice) -> list[Item]: ...

    def __getitem__(self, at: int | slice) -> Item | list[Item]:
        if isinstance(at, slice):
            return self._slice(at)
        found, total, dropped = self._newest(-at if at < 0 else None)
        if at >= 0 or len(found) < -at:
            self._need(dropped)
        if not -len(found) <= at < len(found):
            raise IndexError(self._missing(total))
        return found[at]

    def _slice(self, at: slice) -> list[Item]:
        found, total, dropped = self._newest()
        starts_late = at.start is not None and -total <= at.start < 0
        if not starts_late or (at.stop is not None and at.stop >= 0):
            self._need(dropped)
        return found[at]
