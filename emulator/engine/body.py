"""Reads a request: its line and headers, its body up to a limit, and the JSON or form in it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import Receive
from starlette.types import Scope as Connection

from emulator.errors import ApiError
from emulator.http.exact_json import read_json
from emulator.http.headers import size_of_lines
from emulator.http.request import UNREAD, Request
from emulator.playbook.apis import Operation, Playbook
from emulator.settings.listen import Listen

JSON = "application/json"
MAX_FIELDS = 1_000
MAX_DISCARDED = 8  # times the limit, how much of a body that is too large is read and thrown away
LEAST_DISCARDED = 64 * 2**20  # bytes, likewise, where the limit is low
CHARSET = re.compile(r';\s*charset\s*=\s*"?([^";\s]*)', re.IGNORECASE)
UTF_8 = ("utf-8", "utf8", "us-ascii", "ascii")  # and its subset
LARGER = "by default each operation takes what `max_body` says in its API's file; --max-body SIZE holds for all of them"
MAX_UNDER_WAY = 256 * 2**20  # bytes of the bodies of all requests that are under way, if no body may be larger
UNCOUNTED = 64 * 2**10  # the first bytes of each body: no small request waits for others
MAX_FORM = 256 * 2**10  # bytes; a megabyte of escapes takes 0.2 s to read


class ClientLeft(Exception):
    """The client left before its request was complete."""


class QuotaExceeded(ApiError):
    """The bodies of the requests under way leave no space for another one."""

    added = ((b"Retry-After", b"1"),)

    def __init__(self, size: int) -> None:
        detail = f"the bodies of the requests under way would take more than {size:,} bytes; send this one later"
        super().__init__("unavailable", detail, status=503, retry_after=1, hint=detail)


class BodyQuota:
    """How many bytes (`size`) the bodies of all requests under way may take, on one server, and how many are `taken`.

    It is 256 MiB, or four times the largest body that any operation takes if that is more: a request that is alone
    never exceeds it.
    """

    def __init__(self, max_body: int = 0, playbooks: Iterable[Playbook] = ()) -> None:
        self._max_body = max_body
        self.taken = 0
        self.fit(playbooks)

    def fit(self, playbooks: Iterable[Playbook]) -> None:
        """Sets the size for the operations of these playbooks."""
        self.size = MAX_UNDER_WAY
        for playbook in playbooks:
            self.widen(playbook)

    def widen(self, playbook: Playbook) -> None:
        """Makes it large enough for the operations of this playbook, too."""
        self.size = max(self.size, 4 * self._largest(playbook))

    def _largest(self, playbook: Playbook) -> int:
        # As the files say: to ask an operation would compile it, and most are compiled when they are first used.
        files = [api.file for api in playbook.apis.values()]
        sizes = (part.max_body or file.max_body for file in files for part in file.operations.values())
        return self._max_body or max(sizes, default=0)

    def share(self) -> BodyShare:
        """Returns the share of one request, which has it until it has ended: in a `with` block."""
        return BodyShare(self)


class BodyShare:
    """What the body of one request takes of the quota."""

    def __init__(self, quota: BodyQuota) -> None:
        self._quota = quota
        self._size = 0

    def hold(self, size: int) -> None:
        """Takes what a body of this size needs, instead of what was taken before.

        Raises QuotaExceeded, and changes nothing, when the quota does not allow it.
        """
        taken = self._quota.taken + max(0, size - UNCOUNTED) - max(0, self._size - UNCOUNTED)
        if taken > max(self._quota.size, self._quota.taken):
            raise QuotaExceeded(self._quota.size)
        self._quota.taken, self._size = taken, size

    def grow(self, more: int) -> None:
        """Takes so many bytes more. Raises QuotaExceeded as `hold` does."""
        self.hold(self._size + more)

    def release(self) -> None:
        """Takes nothing any more."""
        self.hold(0)

    def __enter__(self) -> BodyShare:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


async def read(request: Request, receive: Receive, limit: int, share: BodyShare | None = None) -> bytes:
    """Returns the whole body. Raises ApiError("too_large") beyond `limit` bytes, what `share` raises, and ClientLeft.

    A body that is too large is read and thrown away, within reason: most clients send everything before they read the
    response. One that is announced is refused at once if its client waits for our word, or if it is beyond reason.
    """
    length = request.fields.get(b"content-length", b"")
    announced = int(length) if length.isdigit() and len(length) < 20 else 0
    discarded = max(MAX_DISCARDED * limit, LEAST_DISCARDED)
    if announced > limit and (b"expect" in request.fields or announced > discarded):
        raise too_large(limit, unread=True)
    chunks: list[bytes] = []
    held, more = 0, True
    exceeded: QuotaExceeded | None = None
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        chunk: bytes = message.get("body", b"")
        more = message.get("more_body", False)
        held += len(chunk)
        if max(held, announced) <= limit and exceeded is None:
            if share is not None:
                try:
                    share.hold(held)
                except QuotaExceeded as error:
                    exceeded = error
                    chunks.clear()
                    share.release()
                    continue
            if not more and not chunks:
                return chunk
            chunks.append(chunk)
        else:
            chunks.clear()
            if held > discarded:
                break
    if held > limit:
        raise too_large(limit, unread=more)
    if exceeded is not None:
        raise exceeded
    return b"".join(chunks)


def too_large(limit: int, unread: bool = False) -> ApiError:
    """Returns the error for a body beyond the limit.

    `unread`: the rest of the body may still come, so the connection can't be used again.
    """
    detail = f"the body is larger than {limit:,} bytes; the option --max-body allows more"
    return ApiError("too_large", detail, limit=limit, unread=unread, hint=LARGER)


def parse(operation: Operation, content_type: str | None, raw: bytes, content: Any = UNREAD) -> Any:
    """Returns the content of a body. Raises ApiError: `media_type` for an unaccepted type, `invalid` for bad JSON.

    `content` is that of JSON that has been read already, or the error that it has.
    """
    kind = _kind(content_type, raw, operation.accept)
    if kind is None:
        raise ApiError(
            "media_type",
            f"content-type {content_type!r} is not accepted; expected {_accepted(operation.accept)}",
            param="content-type",
        )
    if content_type is not None and ";" in content_type:
        check_charset(content_type)
    if kind == "form":
        return _parse_form(raw)
    if not raw:
        raise ApiError("invalid", "the body is empty; expected a JSON object")
    if content is UNREAD:
        return read_json(raw)
    if isinstance(content, ApiError):
        raise content
    return content


def _parse_form(raw: bytes) -> dict[str, str]:
    """Returns the fields of a form; none may come twice (RFC 6749 section 3.2), since nothing says which counts."""
    if len(raw) > MAX_FORM:
        raise ApiError("too_large", f"the form is larger than {MAX_FORM:,} bytes", limit=MAX_FORM)
    if 1 + raw.count(b"&") > MAX_FIELDS:
        raise ApiError("invalid", f"the form has more than {MAX_FIELDS:,} fields")
    try:
        pairs = parse_qsl(raw.decode(), keep_blank_values=True)
    except ValueError as error:
        raise ApiError("invalid", "the body is not a form: it is not UTF-8") from error
    form: dict[str, str] = {}
    for name, value in pairs:
        if name in form:
            raise ApiError("invalid", f"{name}: given more than once", param=name)
        form[name] = value
    return form


def check_charset(content_type: str) -> None:
    """Raises ApiError("invalid") for a body that is said to be text of another kind than UTF-8."""
    charset = CHARSET.search(content_type)
    if charset is not None and charset[1].lower() not in UTF_8:
        raise ApiError("invalid", f"content-type {content_type!r}: expected charset=utf-8", param="content-type")


def _kind(content_type: str | None, raw: bytes, accept: frozenset[str]) -> str | None:
    if content_type is None or (content_type == JSON and "json" in accept):
        return "json" if "json" in accept else "form"
    name = content_type.partition(";")[0].strip().lower()
    if name == JSON or (name.startswith("application/") and name.endswith("+json")):
        return "json" if "json" in accept else None
    if name == "text/plain":
        return "json" if "text" in accept else None
    if name == "application/x-www-form-urlencoded":
        return "form" if "form" in accept else None
    return None


KINDS = {"json": JSON, "text": "text/plain with JSON", "form": "application/x-www-form-urlencoded"}


def _accepted(accept: frozenset[str]) -> str:
    return " or ".join(name for kind, name in KINDS.items() if kind in accept)


def open_request(scope: Connection, raw: bytes = b"", public_url: str = "") -> Request:
    """Returns a request: its line, its headers, and its body where that has been read already.

    URLs in its answer begin with `public_url`; without one, with scheme and host as the client used them.
    """
    fields = dict(scope["headers"])
    authority, host = read_host(fields.get(b"host", b""))
    if not authority:
        authority, host = read_host(str(Listen(*(scope.get("server") or ("127.0.0.1", 80)))).encode())
    return Request(
        scope["method"],
        scope["path"],
        scope["query_string"].decode("latin-1"),
        fields,
        host,
        scope["scheme"],
        authority,
        raw,
        public_url or f"{scope['scheme']}://{authority}",
        scope["headers"],
        scope.get("client"),
        size_of_lines(scope["headers"]),
    )


@lru_cache(maxsize=128)
def read_host(field: bytes) -> tuple[str, str]:
    """Returns the Host header as text, and its host in lower case without the port; each client sends one."""
    authority = field.decode("ascii", "ignore")  # it goes into URLs, and these into headers
    bare = authority[1:].partition("]")[0] if authority.startswith("[") else authority.partition(":")[0]
    return authority, bare.lower().removesuffix(".")
