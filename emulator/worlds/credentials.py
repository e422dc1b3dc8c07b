"""Credential routes: the world of a request, by a credential that was registered to a world or issued in one."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator
from typing import Generic, Protocol, TypeVar
from urllib.parse import parse_qs

from starlette.types import Message, Receive

from emulator.engine.authenticate import MAX_KEY
from emulator.engine.coding import HEADER as CODING_HEADER
from emulator.engine.coding import decode
from emulator.errors import ApiError, ConfigError
from emulator.http.request import Request
from emulator.store.masking import mask_key

MAX_REGISTERED = 100_000
MAX_ISSUED = 100_000  # credentials made by requests that are remembered; the oldest go
MAX_FORM = 65_536
ALL_ELSE = "*"  # registered to a world, it routes there whatever has no other route
FORM = b"application/x-www-form-urlencoded"
BASIC = "basic"
CLIENT = "client_id"  # RFC 6749 section 2.3.1


class Named(Protocol):
    """What credentials lead to; its name is for messages."""

    @property
    def name(self) -> str: ...


Target = TypeVar("Target", bound=Named)


class CredentialRoutes(Generic[Target]):
    """Maps credentials to worlds. Registered ones take precedence over issued ones; `any`: there is at least one.

    No more than `most_registered` can be registered; of those issued, the last `most_issued` are remembered.
    """

    def __init__(self, most_registered: int = MAX_REGISTERED, most_issued: int = MAX_ISSUED) -> None:
        self.any = False
        self._most_registered = most_registered
        self._most_issued = most_issued
        self._registered: dict[str, Target] = {}
        self._issued: dict[str, Target] = {}
        self._ways: dict[tuple[bytes, str | None], None] = {}

    def open(self, credentials: Iterable[tuple[bytes, str | None, str]]) -> None:
        """Reads these headers and no others: name in lower case, scheme in lower case or None, collection."""
        self._ways.clear()
        self.add(credentials)

    def add(self, credentials: Iterable[tuple[bytes, str | None, str]]) -> None:
        """Reads these headers too."""
        for name, scheme, _ in credentials:
            self._ways[name, scheme] = None

    def check(self, keys: Iterable[str], world: Target | None = None) -> None:
        """Raises ConfigError when one of the keys can't be registered to a world, which may have some already."""
        for key in keys:
            if not key.strip() or key != key.strip() or not key.isprintable() or len(key) > MAX_KEY:
                raise ConfigError(f"{key[:200]!r} can't be a key; expected 1 to {MAX_KEY:,} printable characters")
            owner = self._registered.get(key)
            if owner is not None and owner is not world:
                raise ConfigError(f"the key {mask_key(key)} is registered to the world {owner.name!r} already")
            if owner is None and len(self._registered) >= self._most_registered:
                raise ConfigError(f"{self._most_registered:,} keys are registered; delete worlds that are done with")

    def register(self, key: str, world: Target) -> None:
        """Routes requests with this key, token or OAuth client id to a world."""
        self._registered[key] = world
        self.any = True

    def issue(self, credential: str, world: Target) -> None:
        """Routes a credential that a request has made in a world to it."""
        self._issued.pop(credential, None)
        self._issued[credential] = world
        if len(self._issued) > self._most_issued:
            del self._issued[next(iter(self._issued))]
        self.any = True

    def keys(self, world: Target) -> list[str]:
        """Returns what is registered to a world, the oldest first."""
        return [key for key, owner in self._registered.items() if owner is world]

    def registered(self) -> dict[str, list[str]]:
        """Returns what is registered, by the name of what it leads to, the oldest first."""
        found: dict[str, list[str]] = {}
        for key, owner in self._registered.items():
            found.setdefault(owner.name, []).append(key)
        return found

    def owner(self, key: str) -> Target | None:
        """Returns what a key is registered to."""
        return self._registered.get(key)

    def forget(self, world: Target, registered: bool = True) -> None:
        """Stops routing to a world what was issued there and, unless `registered` is false, what is registered."""
        self._issued = {key: owner for key, owner in self._issued.items() if owner is not world}
        if registered:
            self._registered = {key: owner for key, owner in self._registered.items() if owner is not world}
        self.any = bool(self._registered or self._issued)

    def find(self, request: Request) -> Target | None:
        """Returns where a request's credential leads: a key, a token, or an OAuth client id; or else ALL_ELSE."""
        return self._by_credential(request) or self._registered.get(ALL_ELSE)

    def unknown(self, request: Request) -> list[str]:
        """Returns the credentials that a request shows, if none of them leads anywhere."""
        shown = [each for each in self._shown(request) if each]
        return [] if any(self._of(each) is not None for each in shown) else shown

    def _by_credential(self, request: Request) -> Target | None:
        for credential in self._shown(request):
            if (world := self._of(credential)) is not None:
                return world
        return None

    def _shown(self, request: Request) -> Iterator[str | None]:
        """Yields what a request shows as credentials: in a header, as a Basic user, as the OAuth client of a form."""
        fields = request.fields
        for name, scheme in self._ways:
            value = fields.get(name)
            if value is not None:
                yield _presented(value, scheme)
        basic = fields.get(b"authorization")
        if basic is not None:
            yield _username(basic)
        if request.raw and wants_form(request):
            yield _client(_form(request))

    def _of(self, credential: str | None) -> Target | None:
        if not credential:
            return None
        return self._registered.get(credential) or self._issued.get(credential)


def wants_form(request: Request) -> bool:
    """Whether the body is a form, which may name an OAuth client."""
    return request.fields.get(b"content-type", b"")[: len(FORM)].lower() == FORM


async def peek(receive: Receive) -> tuple[bytes, Receive]:
    """A body as far as it may be a form of an OAuth client, and what receives it all over again."""
    messages: list[Message] = []
    body, more = b"", True
    while more and len(body) <= MAX_FORM:
        message = await receive()
        messages.append(message)
        more = message["type"] == "http.request" and message.get("more_body", False)
        body += message.get("body", b"")

    async def again() -> Message:
        return messages.pop(0) if messages else await receive()

    return body, again


def _presented(value: bytes, scheme: str | None) -> str:
    text = value.decode("latin-1")
    if scheme is None:
        return text.strip()
    given, _, credential = text.partition(" ")
    return credential.strip() if given.lower() == scheme else ""


def _username(value: bytes) -> str | None:
    """The user of Basic credentials (RFC 7617)."""
    encoded = _presented(value, BASIC)
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[0] if encoded else None
    except (binascii.Error, ValueError):
        return None


def _form(request: Request) -> bytes:
    """The form in a body that may be compressed; empty when it can't be decoded, which the pipeline refuses."""
    if CODING_HEADER not in request.fields:
        return request.raw
    try:
        return decode(request, MAX_FORM)
    except ApiError:
        return b""


def _client(body: bytes) -> str | None:
    """The client that a form names."""
    if len(body) > MAX_FORM or CLIENT.encode() not in body:
        return None
    return parse_qs(body.decode("latin-1")).get(CLIENT, [""])[0]
