"""Rendering: a chosen rule becomes a reply, its templates filled in and its events laid out in time.

Every reply, a refusal too, gets its headers here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from random import Random

from emulator.engine.context import Context
from emulator.engine.errors import Refusal
from emulator.engine.provenance import HEADER as PROVENANCE_HEADER
from emulator.engine.provenance import provenance_line
from emulator.errors import ApiError, TemplateError
from emulator.http.reply import Frame, Reply
from emulator.http.status import check_status
from emulator.language.document.durations import LatencyDistribution
from emulator.language.expressions.json import encode
from emulator.language.expressions.template import Template
from emulator.playbook.model import ReplyPlan, Rule
from emulator.playbook.schema_reasons import shown

RATE_LIMITED = "rate_limited"  # and kinds whose names go on, for other statuses


def lay_out(plan: ReplyPlan, context: Context, chance: Random) -> Iterator[Frame]:
    """The events of a stream, each with the seconds after which it is due: those that wait, and those of `$each`, which
    are paced."""
    first, each = _pace(plan, context)
    speed = 1.0 if plan.speed is None else _speed(plan.speed, context)
    due, waited = 0.0, False
    for event in plan.events or ():
        for data in event.frames.single(context):
            paced = event.each is not None
            wait = event.wait or ((each if waited else first) if paced else None)
            if wait is not None:
                due += wait.draw(chance) / (speed if paced and waited else 1.0)
            waited = waited or paced
            yield Frame(due, data)


def _pace(plan: ReplyPlan, context: Context) -> tuple[LatencyDistribution | None, LatencyDistribution | None]:
    latency = context.service.latency
    if plan.pace is None:
        return latency.first_token, latency.token
    return plan.pace.first or latency.first_token, plan.pace.each or latency.token


def _speed(template: Template, context: Context) -> float:
    speed = template.value(context)
    if isinstance(speed, bool) or not isinstance(speed, (int, float)) or not 0.01 <= speed <= 100:
        raise TemplateError(template.place, f"{speed!r} is not a speed; expected a number from 0.01 to 100")
    return float(speed)


def compose(plan: ReplyPlan, context: Context) -> Reply:
    """Returns status, headers and body of a reply that is no error, without its events."""
    status, head, body = plan.parts(context)
    if plan.lines is not None:
        body = _json_lines(plan.lines, context)
    return Reply(status, [], body, head, plan.headers.stated)


def _json_lines(lines: Template, context: Context) -> bytes:
    """Returns each item of a list as a line of JSON. Raises TemplateError for what is no list, or not JSON."""
    items = lines.value(context)
    if not isinstance(items, list):
        raise TemplateError(lines.place, f"`lines` are a list, not {shown(items)}")
    try:
        return b"".join(encode(item) + b"\n" for item in items)
    except (TypeError, ValueError) as error:
        raise TemplateError(lines.place, f"`lines`: {error}") from error


def refusal(plan: ReplyPlan, context: Context) -> ApiError:
    """Returns the error that a reply names. Raises TemplateError when its message or data fail."""
    assert plan.error is not None
    message = str(plan.message.value(context)) if plan.message is not None else ""
    param = plan.param.maybe(context) or None if plan.param is not None else None
    values = {name: part.value(context) for name, part in plan.data.items()}
    if "status" in values:
        check_status(values["status"], plan.data["status"].place)
    error = ApiError(plan.error, message, param=param, **values)
    error.headers = plan.error_headers
    say_when(error, context)
    return error


def say_when(error: ApiError, context: Context) -> None:
    """Lets a rate limit that no counter refused, but a rule or a fault, say when the caller's counters go on."""
    if error.kind.startswith(RATE_LIMITED) and "retry_after" not in error.values and (limits := context["limits"]):
        wait = _wait([each for each in limits.values() if each["retry_after"] is not None])
        if wait is not None:  # budgets alone never go on
            error.values["retry_after"] = wait


def _wait(states: Collection[Mapping[str, int]]) -> int | None:
    """Returns the seconds until every counter that is used up has something left; without one, until the next reset."""
    used_up = [state["retry_after"] for state in states if not state["remaining"]]
    return max(used_up) if used_up else min((state["retry_after"] for state in states), default=None)


def render(rule: Rule, context: Context, chance: Random | None) -> Reply:
    """Returns the reply of a rule; without `chance` nothing in it waits, and its events are one body.

    Raises ApiError when the rule answers with an error, TemplateError when a template fails.
    """
    plan = rule.reply
    assert plan is not None
    if plan.error is not None:
        raise refusal(plan, context)
    if chance is None and plan.events is not None:
        status, head, body, events = plan.whole(context)
        return Reply(status, [], body, events=events, stated=plan.headers.stated, head=head)
    reply = compose(plan, context)
    if chance is None:
        return reply
    if plan.events is not None:
        reply.frames = list(lay_out(plan, context, chance))
        reply.events = len(reply.frames)
    elif (latency := context.service.latency.reply) is not None:
        reply.delay = latency.draw(chance)
    return reply


def add_headers(reply: Reply, context: Context, rule: Rule | None, refusal: Refusal | None, date: str) -> None:
    """Adds the limit headers, the line of the date, and the provenance when the request asks for it."""
    allowance, headers = context.allowance, context.service.api.limit_headers
    if allowance is not None and allowance.limits and (headers.computed or headers.fixed):
        context["limits"] = allowance.states  # as they stand after all that the request has cost
        date = headers.text(context) + date
    reply.add_text(date)
    if PROVENANCE_HEADER in context.request.fields and (rule is not None or refusal is not None):
        reply.add([provenance_line(context, rule, refusal, reply)])
