"""Rendering: a chosen rule becomes a reply, its steps done, its templates filled in, its events laid out in time."""

from __future__ import annotations

from random import Random

from emulator.errors import ApiError
from emulator.exchange import Reply
from emulator.scenario.plans import ReplyPlan, Rule
from emulator.serving.compose import compose
from emulator.serving.scope import Scope
from emulator.serving.steps import take_steps
from emulator.serving.stream import lay_out


async def render(rule: Rule, scope: Scope, chance: Random | None) -> Reply:
    """The reply of a rule. Raises ApiError when the rule answers with an error, TemplateError when a template fails."""
    scope.makers = rule.makers
    if rule.steps:
        await take_steps(rule.steps, scope)
    plan = rule.reply
    assert plan is not None
    if plan.error is not None:
        raise _refusal(plan, scope)
    reply = compose(plan, scope)
    latency = scope.site.served.latency
    if plan.events is not None:
        reply.frames = list(lay_out(plan, scope, chance))
    if latency.reply is not None and plan.events is None and chance is not None:
        reply.delay = latency.reply.draw(chance)
    return reply


def _refusal(plan: ReplyPlan, scope: Scope) -> ApiError:
    assert plan.error is not None
    message = str(plan.message.value(scope)) if plan.message is not None else ""
    param = plan.param.maybe(scope) or None if plan.param is not None else None
    return ApiError(plan.error, message, param=param, **{name: part.value(scope) for name, part in plan.data.items()})
