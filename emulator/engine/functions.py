"""The functions that templates may call: each takes the context first, then the template's arguments."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import unquote_plus

import orjson

from emulator import dates
from emulator.engine.accounting import estimate, limit_states
from emulator.engine.context import Context
from emulator.engine.lots import LOTS
from emulator.errors import ApiError
from emulator.generate.tokens import count_tokens
from emulator.http.accept import prefers
from emulator.jobs.job import RowViews
from emulator.language.expressions import Language
from emulator.language.expressions.json import encode
from emulator.language.expressions.runtime import MISSING
from emulator.playbook.operators import REGEX_SECONDS
from emulator.playbook.schema_reasons import shown
from emulator.store.masking import mask_key

MAX_ID = 64
MAX_FORM = 1_000  # characters
MAX_DIGITS = 100  # after the point
FIXED = tuple(f".{digits}f" for digits in range(MAX_DIGITS + 1))  # as `format` wants it
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def new_id(context: Context, prefix: str = "", length: int = 24) -> str:
    """`prefix_` and that many hexadecimal digits."""
    if length.__class__ is not int or not 0 < length <= MAX_ID:
        length = min(max(int(length), 1), MAX_ID)
    digits = context.new_id(length)
    return f"{prefix}_{digits}" if prefix else digits


def uuid(context: Context) -> str:
    return context.new_uuid()


def iso(context: Context, at: float | None = None) -> str:
    """`2026-01-01T00:00:00Z`, by default of now."""
    return dates.iso_second(int(context["now"] if at is None else at))


def iso_ms(context: Context, at: float | None = None) -> str:
    """`2026-01-01T00:00:00.000Z`."""
    return dates.iso(context["now"] if at is None else at, milliseconds=True)


def strftime(context: Context, at: float, form: str) -> str:
    """A time in UTC as Python's strftime writes it."""
    if len(form) > MAX_FORM:
        raise ValueError(f"the form has more than {MAX_FORM} characters")
    return datetime.fromtimestamp(at, UTC).strftime(form)


def parse_day(context: Context, text: Any) -> float | None:
    """The midnight (UTC) that begins a day written YYYY-MM-DD, or none."""
    try:
        if not isinstance(text, str) or len(text) != 10 or text[7] != "-":  # 2026-W01-1 is a day as well
            return None
        return datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC).timestamp()
    except ValueError:
        return None


def basic(context: Context, value: Any) -> dict[str, str] | None:
    """`{username, password}` of an Authorization header (RFC 7617), or none."""
    scheme, _, encoded = value.partition(" ") if isinstance(value, str) else ("", "", "")
    if scheme.lower() != "basic":
        return None
    try:
        username, _, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except ValueError:  # of base64, of UTF-8, or of text that is not ASCII
        return None
    return {"username": username, "password": password}


def statistics(context: Context, asset: Any, start: float, end: float, key: Any = None) -> Any:
    """The usage of an asset between two days, both included; none when there was none. See Ledger.statistics."""
    owner = context.caller.workspace if context.caller is not None else ""
    known = key if isinstance(key, str) else None
    return context.service.state.ledger.statistics(context.service.api.name, str(asset), start, end, owner, known)


def page(
    context: Context, items: Iterable[Any], limit: int = 20, after: Any = None, offset: Any = None, before: Any = None
) -> dict[str, Any]:
    """One page of records: {items, total, has_more, first, last}.

    `after` is the id of the last record before it, `before` of the first one after it, and there are more in the
    direction that was asked for; none when the request has fields that are ignored, as one of them may be a cursor.
    """
    records = list(items)
    start, end = int(offset) if isinstance(offset, (int, float)) else 0, len(records)
    if isinstance(after, str):
        start = next((at + 1 for at, record in enumerate(records) if record.get("id") == after), end)
    if isinstance(before, str):
        end = next((at for at, record in enumerate(records) if record.get("id") == before), 0)
        start = max(start, end - int(limit))
    shown = records[start : min(end, start + int(limit))]
    ids = [record.get("id") for record in shown]
    more = (start > 0 if isinstance(before, str) else start + len(shown) < end) and not context.ignored
    return {
        "items": shown,
        "total": len(records),
        "has_more": more,
        "first": ids[0] if ids else None,
        "last": ids[-1] if ids else None,
    }


def tokens(context: Context, text: Any) -> int:
    return count_tokens(text if isinstance(text, str) else orjson.dumps(text).decode())


def digest(context: Context, text: Any, length: int = 8) -> str:
    """So many hexadecimal digits that always stand for this text, or for other data."""
    data = encode(text) if isinstance(text, (dict, list)) else str(text).encode()
    return hashlib.blake2b(data, digest_size=32).hexdigest()[: int(length)]


def masked(context: Context, key: Any) -> str:
    return mask_key(str(key))


def absolute(context: Context, path: str) -> str:
    """A path on the origin that the client used."""
    return context.request.origin + path


def job(context: Context, id: Any) -> Any:
    """A job of the caller's workspace, or absent; in the operation that polls its kind, this is a poll."""
    jobs = context.service.jobs
    found = jobs.find(str(id), context.caller.workspace if context.caller is not None else None)
    if found is None:
        return MISSING
    polled = jobs.kinds[found.kind].polled
    polls = polled is not None and context.operation is not None and polled.by == context.operation.name
    if polls and context.polled != found.id:  # once a request, however often its rules look
        context.polled = found.id
        found = jobs.poll(found, context["now"])
    return found.view(context["now"])


def jobs(context: Context, kind: str) -> list[Any]:
    """The jobs of a kind in the caller's workspace, the oldest first."""
    found = context.service.jobs.all(kind, context.caller.workspace if context.caller is not None else None)
    return [each.view(context["now"]) for each in found]


def results(context: Context, view: Mapping[str, Any]) -> list[Any]:
    """The results of a job's items, one JSON object each, without those that are not finished yet."""
    rows = view["rows"]
    plan = context.service.api.jobs[view["kind"]].rows
    if plan is None or not isinstance(rows, RowViews):
        return []
    shown = []
    for row in rows:
        if row["status"] in ("succeeded", "errored"):
            shown.append(orjson.Fragment(row["body"]))
        elif row["status"] == "cancelled":
            context.update(row=row, index=row["index"], item=view["data"]["items"][row["index"]])
            shown.append(orjson.Fragment(plan.cancelled.json(context)))
    return shown


def duplicate(context: Context, items: Iterable[Any], field: str) -> int | None:
    """The place (from 0) of the first item whose field has the value of an earlier item's; none when all differ.

    Fields that are missing, null or no text are not compared.
    """
    seen: set[str] = set()
    for at, item in enumerate(items):
        value = item.get(field) if isinstance(item, dict) else None
        if isinstance(value, str):
            if value in seen:
                return at
            seen.add(value)
    return None


def estimated(context: Context, kind: str, items: Any, counter: str) -> float:
    """How much of a counter the items of a job of this kind would be charged if each were sent by itself."""
    return estimate(kind, items, counter, context)


def limit_state(context: Context, key: Any) -> dict[str, Any]:
    """The counters of a key as they stand, charging nothing: name → {limit, remaining, reset, used}."""
    return limit_states(context.service, str(key))


def prefers_kind(context: Context, kind: str, other: str) -> bool:
    """Whether the client names a media type in `Accept` and likes it no less than the other, which is the default."""
    return prefers(context.request.header(b"accept") or "", kind, other)


def fail(context: Context, kind: str, message: str = "", param: str | None = None) -> Any:
    """Raises an error of the API."""
    raise ApiError(kind, message, param=param)


def fixed(value: float, digits: int = 2) -> str:
    """A number with so many digits after the point, from 0 to 100."""
    if digits.__class__ is not int:
        digits = int(digits)
    if not 0 <= digits <= MAX_DIGITS:
        raise ValueError(f"expected 0 to {MAX_DIGITS} digits; found {digits}")
    return format(value, FIXED[digits])


def short(value: Any) -> str:
    """A value as a message shows it: text in one line and shortened, lists and objects by their kind."""
    return shown(value, quoted=False)


def urldecode(value: str) -> str:
    """Text without its form encoding (application/x-www-form-urlencoded); other text stays as it is."""
    return unquote_plus(value)


def groups(value: Any, pattern: str) -> Any:
    """What the groups of a regular expression take of a text, by name and by number; missing where it is not found."""
    import regex  # its import is paid by those who use it

    try:
        found = regex.search(pattern, value, timeout=REGEX_SECONDS) if isinstance(value, str) else None
    except TimeoutError:
        return MISSING
    except regex.error as error:
        raise ValueError(f"{pattern!r} is not a regular expression: {error}") from error
    if found is None:
        return MISSING
    numbered = {str(number): text for number, text in enumerate((found[0], *found.groups()))}
    return {**numbered, **found.groupdict()}


FILTERS: Mapping[str, Callable[..., Any]] = {
    "fixed": fixed,
    "groups": groups,
    "short": short,
    "urldecode": urldecode,
}
FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "new_id": new_id,
    "uuid": uuid,
    "iso": iso,
    "iso_ms": iso_ms,
    "strftime": strftime,
    "parse_day": parse_day,
    "basic": basic,
    "statistics": statistics,
    "page": page,
    "tokens": tokens,
    "digest": digest,
    "mask": masked,
    "absolute": absolute,
    "job": job,
    "jobs": jobs,
    "results": results,
    "duplicate": duplicate,
    "estimated": estimated,
    "limit_state": limit_state,
    "prefers": prefers_kind,
    "fail": fail,
    **LOTS,
}
LANGUAGE = Language(functions=FUNCTIONS, filters=FILTERS)
