"""Reads a request: its line and headers, its body up to a limit, and the JSON or form in it."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import orjson
from starlette.types import Receive
from starlette.types import Scope as Connection

from emulator.errors import ApiError
from emulator.http import Request
from emulator.playbook import Operation
from emulator.settings import Listen

MAX_FIELDS = 1_000
MAX_DISCARDED = 8  # times the limit: how much of a body that is too large is read and thrown away
CHARSET = re.compile(r';\s*charset\s*=\s*"?([^";\s]*)', re.IGNORECASE)
UTF_8 = ("utf-8", "utf8", "us-ascii", "ascii")  # and its subset
# What is read is checked, matched and rendered while nothing else runs: so many values take 0.2 s at most.
MAX_VALUES = 200_000  # in a body: 10,000 rows have 20 each
MAX_KEYS = 10_000  # of one object
DIGITS = bytes(48 if 48 <= byte < 58 else 32 for byte in range(256))  # every digit as 0, all else as a space
LONG = b"0" * 19  # the digits that the shortest number of more than 64 bits has
MAX_DEPTH = 200  # levels of lists and mappings; replies nest a body deeper, and JSON writers stop at 254


class ClientLeft(Exception):
    """The client left before its request was complete."""


async def read(request: Request, receive: Receive, limit: int) -> bytes:
    """Returns the whole body. Raises ApiError("too_large") beyond `limit` bytes, and ClientLeft.

    The rest of a body that is too large is read and thrown away, within reason: most clients send everything before
    they read the response.
    """
    length = request.fields.get(b"content-length", b"")
    chunks: list[bytes] = []
    held, more = 0, True
    if b"expect" in request.fields and length.isdigit() and len(length) < 20 and int(length) > limit:
        raise too_large(limit, unread=True)  # the client waits for our word before it sends anything
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        chunk: bytes = message.get("body", b"")
        more = message.get("more_body", False)
        held += len(chunk)
        if held <= limit:
            if not more and not chunks:
                return chunk
            chunks.append(chunk)
        else:
            chunks.clear()
            if held > MAX_DISCARDED * limit:
                break
    if held > limit:
        raise too_large(limit, unread=more)
    return b"".join(chunks)


def too_large(limit: int, unread: bool = False) -> ApiError:
    """Returns the error for a body beyond the limit.

    `unread`: the rest of the body may still come, so the connection can't be used again.
    """
    detail = f"the body is larger than {limit:,} bytes; the option --max-body allows more"
    return ApiError("too_large", detail, limit=limit, unread=unread)


def parse(operation: Operation, content_type: str | None, raw: bytes) -> Any:
    """Returns the content of a body. Raises ApiError: `media_type` for an unaccepted type, `invalid` for bad JSON."""
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
    check_size(raw)
    try:
        content = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise ApiError("invalid", _unreadable(raw, error)) from error
    if len(raw) > 2 * MAX_DEPTH and _may_be_excessive(raw) and (excess := _excess(content)):
        raise ApiError("invalid", f"the body {excess}")
    check_exact(raw, content)
    return content


def check_size(raw: bytes) -> None:
    """Raises ApiError("invalid") for JSON of too many values, before it is read: reading them takes long too.

    An empty list counts as if it had a value. Commas and brackets in texts are left out only if there are many.
    """
    if len(raw) > MAX_VALUES and _commas_and_brackets(raw) > MAX_VALUES:
        marks = raw if b"\\" not in raw else raw.replace(rb"\\", b"").replace(rb"\"", b"")
        if marks.count(b'"') > 4 * MAX_VALUES or _commas_and_brackets(b"".join(marks.split(b'"')[::2])) > MAX_VALUES:
            raise ApiError("invalid", f"the body has more than {MAX_VALUES:,} values")


def _commas_and_brackets(raw: bytes) -> int:
    """Returns how many values lists and objects have, if none is empty: one more than there are commas between them."""
    return raw.count(b",") + raw.count(b"[") + raw.count(b"{")


def check_exact(raw: bytes, content: Any) -> None:
    """Raises ApiError("invalid") where the content of JSON is not all that was sent: a key that came twice, or a whole
    number of more than 64 bits. `content` is what orjson makes of `raw`, nested no deeper than its writer goes.

    What is left out shows in the number of quotation marks, some of which may be written as \\u0022. Most clients
    write JSON just as orjson does, and then nothing need be counted.
    """
    written = orjson.dumps(content)
    if written == raw:
        return
    if raw.count(b'"') + raw.count(rb"\u0022") != written.count(b'"'):
        try:
            json.loads(raw, object_pairs_hook=_unique)
        except _Duplicate as found:
            name = found.args[0]
            raise ApiError("invalid", f"{name[:100]}: this key is given more than once", param=name) from None
    if LONG in raw.translate(DIGITS) and _has_long(exact := msgspec.json.decode(raw)):
        place = _beyond(exact)
        reason = "a whole number of more than 64 bits, which can't be kept exactly"
        raise ApiError("invalid", f"{place or 'body'}: {reason}", param=place or None)


class _Duplicate(Exception):
    """A key that an object has twice."""


def _unique(pairs: list[tuple[str, Any]]) -> None:
    names: set[str] = set()
    for name, _ in pairs:
        if name in names:
            raise _Duplicate(name)
        names.add(name)


def _has_long(content: Any) -> bool:
    """Whether a whole number does not fit into 64 bits. It is looked for without its place, which takes much longer."""
    left = [content]
    while left:
        value = left.pop()
        if isinstance(value, int):
            if _is_long(value):
                return True
        elif isinstance(value, (dict, list)):
            left += value.values() if isinstance(value, dict) else value
    return False


def _is_long(value: int) -> bool:
    return not -(2**63) <= value < 2**64


def _beyond(content: Any) -> str | None:
    """Returns the dotted place of the first whole number that does not fit into 64 bits, or None."""
    left: list[tuple[str, Any]] = [("", content)]
    while left:
        place, value = left.pop()
        if isinstance(value, int) and _is_long(value):
            return place
        if isinstance(value, (dict, list)):
            inside = value.items() if isinstance(value, dict) else enumerate(value)
            left += [(f"{place}.{name}" if place else str(name), child) for name, child in inside]
    return None


def _parse_form(raw: bytes) -> dict[str, str]:
    """Returns the fields of a form; none may come twice (RFC 6749 section 3.2), since nothing says which counts."""
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


def _unreadable(raw: bytes, error: orjson.JSONDecodeError) -> str:
    try:
        raw.decode()
    except UnicodeDecodeError as fault:
        return f"the body is not UTF-8: byte {fault.start + 1} is {raw[fault.start]:#04x}"
    return f"the body is not valid JSON: {error}"


def _may_be_excessive(raw: bytes) -> bool:
    """Whether JSON has enough brackets or commas to exceed a limit; those in texts are counted too."""
    return raw.count(b"[") + raw.count(b"{") > MAX_DEPTH or (len(raw) > 5 * MAX_KEYS and raw.count(b",") >= MAX_KEYS)


def _excess(content: Any) -> str | None:
    """Says what a body has too much of: levels, or keys of an object; None when it is within limits."""
    level = [content] if isinstance(content, (dict, list)) else []
    for _ in range(MAX_DEPTH + 1):
        if not level:
            return None
        most = max((len(each) for each in level if isinstance(each, dict)), default=0)
        if most > MAX_KEYS:
            return f"has an object with {most:,} keys; at most {MAX_KEYS:,}"
        inside = (child for each in level for child in (each.values() if isinstance(each, dict) else each))
        level = [child for child in inside if isinstance(child, (dict, list))]
    return f"is nested deeper than {MAX_DEPTH} levels"


def _kind(content_type: str | None, raw: bytes, accept: frozenset[str]) -> str | None:
    if content_type is None or (content_type == "application/json" and "json" in accept):
        return "json" if "json" in accept else "form"
    name = content_type.partition(";")[0].strip().lower()
    if name == "application/json" or (name.startswith("application/") and name.endswith("+json")):
        return "json" if "json" in accept else None
    if name == "text/plain":
        return "json" if "text" in accept else None
    if name == "application/x-www-form-urlencoded":
        return "form" if "form" in accept else None
    return None


KINDS = {"json": "application/json", "text": "text/plain with JSON", "form": "application/x-www-form-urlencoded"}


def _accepted(accept: frozenset[str]) -> str:
    return " or ".join(name for kind, name in KINDS.items() if kind in accept)


def open_request(scope: Connection, raw: bytes = b"", public_url: str = "") -> Request:
    """Returns a request: its line, its headers, and its body where that has been read already.

    URLs in its answer begin with `public_url`; without one, with scheme and host as the client used them.
    """
    fields = dict(scope["headers"])
    authority, host = _read_host(fields.get(b"host", b""))
    if not authority:
        authority, host = _read_host(str(Listen(*(scope.get("server") or ("127.0.0.1", 80)))).encode())
    return Request(
        scope["method"],
        scope["path"],
        scope["query_string"].decode("latin-1"),
        fields,
        host,
        scope["scheme"],
        authority,
        raw,
        public_url,
    )


@lru_cache(maxsize=128)
def _read_host(field: bytes) -> tuple[str, str]:
    """Returns the Host header as text, and its host in lower case without the port; each client sends one."""
    authority = field.decode("ascii", "ignore")  # it goes into URLs, and these into headers
    bare = authority[1:].partition("]")[0] if authority.startswith("[") else authority.partition(":")[0]
    return authority, bare.lower().removesuffix(".")
