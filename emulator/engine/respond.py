"""Rendering: a chosen rule becomes a reply, its templates filled in and its events laid out in time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from emulator.engine.context import Context
from emulator.errors import ApiError, Location, TemplateError
from emulator.http import Frame, Reply
from emulator.language.document.durations import Latency
from emulator.language.expressions.template import Template
from emulator.playbook.model import ErrorPlan, ReplyPlan, Rule


def write_out(plan: ReplyPlan, context: Context) -> tuple[bytes, int]:
    """All events of a stream that is not paced, as bytes, and how many they are."""
    written = [event.frames.whole(context) for event in plan.events or ()]
    return b"".join([data for data, _ in written]), sum([count for _, count in written])


def lay_out(plan: ReplyPlan, context: Context, chance: Random) -> Iterator[Frame]:
    """The events of a stream, each with the seconds after which it is due: those that wait, and those of `$each`, which
    are paced."""
    first, each = _pace(plan, context)
    due, waited = 0.0, False
    for event in plan.events or ():
        for data in event.frames.single(context):
            paced = event.each is not None
            wait = event.wait or ((each if waited else first) if paced else None)
            due += wait.draw(chance) if wait is not None else 0.0
            waited = waited or paced
            yield Frame(due, data)


def _pace(plan: ReplyPlan, context: Context) -> tuple[Latency | None, Latency | None]:
    latency = context.service.latency
    if plan.pace is None:
        return latency.first_token, latency.token
    return plan.pace.first or latency.first_token, plan.pace.each or latency.token


def compose(plan: ReplyPlan, context: Context) -> Reply:
    """Returns status, headers and body of a reply that is no error, without its events."""
    status = plan.status
    if not isinstance(status, int):
        status = _status(status.value(context), plan.place)
    if plan.body is not None:
        body = plan.body.json(context)
    elif plan.text is not None:
        body = str(plan.text.value(context)).encode()
    else:
        body = b""
    return Reply(status, plan.headers.lines(context), body)


def _status(status: Any, place: Location) -> int:
    if isinstance(status, bool) or not isinstance(status, int) or not 200 <= status <= 599:
        raise TemplateError(place, f"{status!r} is not a status; expected 200 to 599")
    return status


def refusal(plan: ReplyPlan, context: Context) -> ApiError:
    """Returns the error that a reply names. Raises TemplateError when its message or data fail."""
    assert plan.error is not None
    message = str(plan.message.value(context)) if plan.message is not None else ""
    param = plan.param.maybe(context) or None if plan.param is not None else None
    values = {name: part.value(context) for name, part in plan.data.items()}
    if "status" in values:
        _status(values["status"], plan.data["status"].place)
    return ApiError(plan.error, message, param=param, **values)


def render_error(plan: ErrorPlan, error: ApiError, context: Context) -> Reply:
    """Renders an error in the API's own shape. Raises TemplateError when that shape fails."""
    shown: dict[str, Any] = {
        "kind": plan.kind,
        "status": plan.status,
        "type": plan.type,
        "detail": error.detail,
        "param": error.param,
        **plan.data,
        **error.values,
    }
    context["error"] = shown
    for name in ("status", "type"):
        if isinstance(shown[name], Template):
            shown[name] = shown[name].value(context)
    status = _status(shown["status"], plan.place)
    if "message" not in shown:
        shown["message"] = str(plan.message.value(context)) if plan.message is not None else error.detail or plan.kind
    return Reply(status, plan.headers.lines(context), plan.body.json(context))


def error_plan(errors: Mapping[str, ErrorPlan], renamed: Mapping[str, str], kind: str) -> ErrorPlan:
    """Returns how the API renders a kind of error, perhaps under the name that the operation gives it."""
    return errors.get(renamed.get(kind, kind)) or errors["internal"]


def render(rule: Rule, context: Context, chance: Random | None) -> Reply:
    """Returns the reply of a rule; without `chance` nothing in it waits, and its events are one body.

    Raises ApiError when the rule answers with an error, TemplateError when a template fails.
    """
    plan = rule.reply
    assert plan is not None
    if plan.error is not None:
        raise refusal(plan, context)
    reply = compose(plan, context)
    if plan.events is None:
        if chance is not None and (latency := context.service.latency.reply) is not None:
            reply.delay = latency.draw(chance)
    elif chance is None:
        reply.body, reply.events = write_out(plan, context)
    else:
        reply.frames = list(lay_out(plan, context, chance))
        reply.events = len(reply.frames)
    return reply
