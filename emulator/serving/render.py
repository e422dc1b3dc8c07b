"""Rendering: a chosen rule becomes a reply, its templates filled in and its events laid out in time."""

from __future__ import annotations

from random import Random

from emulator.exchange import Reply
from emulator.scenario.plans import Rule
from emulator.serving.compose import compose, refusal
from emulator.serving.scope import Scope
from emulator.serving.stream import lay_out, write_out


def render(rule: Rule, scope: Scope, chance: Random | None) -> Reply:
    """The reply of a rule; without `chance` nothing waits, fails or is laid out in time.

    Raises ApiError when the rule answers with an error, TemplateError when a template fails.
    """
    plan = rule.reply
    assert plan is not None
    if plan.error is not None:
        raise refusal(plan, scope)
    reply = compose(plan, scope)
    if plan.events is None:
        if chance is not None and (latency := scope.site.served.latency.reply) is not None:
            reply.delay = latency.draw(chance)
    elif chance is None:
        events = write_out(plan, scope)
        reply.body, reply.events = b"".join(events), len(events)
    else:
        reply.frames = list(lay_out(plan, scope, chance))
        reply.events = len(reply.frames)
    return reply
