"""Turns errors into replies in the API's own shape; the emulator's own mistakes say where they are."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import orjson
from msgspec import Struct

from emulator.engine.context import Context
from emulator.engine.near_misses import NoRule
from emulator.errors import ApiError, EmulatorError, StoreUnavailable
from emulator.http.exchange import Decided, NearMiss
from emulator.http.headers import Header
from emulator.http.reply import Reply
from emulator.playbook.error_reply import error_plan, render_error
from emulator.playbook.limits import TierPlan
from emulator.playbook.model import ErrorPlan
from emulator.playbook.unknown_fields import IGNORED

LOG = logging.getLogger("emulator")
REQUESTS = logging.getLogger("emulator.requests")  # what the request log says too
UNAVAILABLE = 503
MAX_HEADER = 4_000  # characters
MAX_PATH = 200  # characters that the log shows of a path
INTERNAL_MESSAGE = "the emulator could not make this answer"


class Refusal(Struct, frozen=True):
    """An error as a reply, the way in which it was said (`plan`), and the error itself.

    `message` is what the journal keeps, `near_misses` the rules that nearly answered.
    """

    reply: Reply
    message: str
    error: ApiError
    plan: ErrorPlan
    near_misses: tuple[NearMiss, ...] = ()

    @property
    def decided(self) -> Decided:
        """Returns what refused the request."""
        error = self.error
        counter = error.values.get("counter", "") if isinstance(error.decided_by, TierPlan) else ""
        return Decided(error.kind, error.param, error.decided_by, self.plan.claims, counter)


def refuse(error: Exception, context: Context) -> Refusal:
    """Returns the reply to a request that can't be answered otherwise. Never raises."""
    message = str(error) if isinstance(error, EmulatorError) else _mistake(error)
    on_commit = context.service.state.store.on_commit
    target = f"{context.request.method} {ascii(context.request.path[:MAX_PATH])[1:-1]}"
    if isinstance(error, ApiError):
        refusal, extra = error, [*error.added, *_hint(error, context)]
        if (hint := error.values.get("hint")) and not isinstance(error, NoRule):  # that is logged with its near misses
            on_commit(partial(REQUESTS.warning, "%s: %s", target, hint))
    else:
        refusal, extra = ApiError("internal", INTERNAL_MESSAGE), [_line(b"X-Emulator-Error", message)]
        on_commit(partial(LOG.error, "%s: %s", target, message))
    operation = context.operation
    plan = error_plan(context.service.api.errors, operation.errors if operation is not None else {}, refusal.kind)
    try:
        reply = render_error(plan, refusal, context)
    except Exception as worse:
        on_commit(partial(LOG.error, "%s: %s", target, worse))
        reply = _last_resort(context)
        extra.append(_line(b"X-Emulator-Error", str(worse)))
    reply.add(extra)
    reply.closes = refusal.values.get("unread") is True
    near_misses = error.near_misses if isinstance(error, NoRule) else ()
    return Refusal(reply, message, _without_frames(refusal), plan, near_misses)


def unavailable(error: StoreUnavailable, context: Context) -> Refusal:
    """Returns the reply while the state can't be reached: the API's own error of the status 503, with the reason."""
    errors = context.service.api.errors
    kind = next((kind for kind, plan in errors.items() if plan.status == UNAVAILABLE), "internal")
    said = f"The emulator can't answer now: {error}."
    return refuse(ApiError(kind, said, status=UNAVAILABLE, message=said, hint=str(error)), context)


def _without_frames(error: ApiError) -> ApiError:
    """The error without the frames that it passed: they hold the request, which holds the refusal."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def _last_resort(context: Context) -> Reply:
    """The answer when an error can't be said in its own way: in the API's shape if that works, else in plain JSON."""
    try:
        return render_error(context.service.api.errors["internal"], ApiError("internal", INTERNAL_MESSAGE), context)
    except Exception:
        return Reply(500, [(b"Content-Type", b"application/json")], orjson.dumps({"error": INTERNAL_MESSAGE}))


def _mistake(error: Exception) -> str:
    """`engine/authenticate.py:65: KeyError: 'nowhere'`: where in this package something went wrong, and what."""
    at = traceback.extract_tb(error.__traceback__)[-1]
    return f"{'/'.join(Path(at.filename).parts[-2:])}:{at.lineno}: {type(error).__name__}: {error}"


def _hint(error: ApiError, context: Context) -> list[Header]:
    hint = error.values.get("hint")
    if isinstance(hint, str):
        return [_line(b"X-Emulator-Hint", hint)]
    return [ignored_line(context.ignored)] if context.ignored else []


def ignored_line(fields: Sequence[str]) -> Header:
    """The hint that names what no schema does, and what was therefore ignored."""
    return _line(b"X-Emulator-Hint", f"{IGNORED}{', '.join(fields)}")


def hint_line(text: str) -> Header:
    """The hint in plain words."""
    return _line(b"X-Emulator-Hint", text)


def _line(name: bytes, text: str) -> Header:
    """A header line of ours; what can't stand in one is escaped, and very long text is cut."""
    escaped = text.encode("ascii", "backslashreplace").decode().replace("\n", " ").replace("\r", " ")
    return (name, "".join(letter if letter.isprintable() else " " for letter in escaped)[:MAX_HEADER].encode("ascii"))
