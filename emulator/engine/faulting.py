"""Plays faults: which ones a request meets, from its rule, its world and its own header, and what they do to its reply,
to the answer that is generated for it, to the job that it starts, and to the token that it issues."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from emulator.engine.context import Context
from emulator.engine.respond import say_when
from emulator.faults.base import OF_ANSWERS, OF_STREAMS, ON, Family, Fault
from emulator.faults.content import Answer
from emulator.faults.credentials import TokenFault
from emulator.faults.jobs import JobFault
from emulator.faults.webhooks import WebhookFault
from emulator.http.reply import Reply, StreamTiming
from emulator.playbook.model import ReplyPlan
from emulator.playbook.rules import ChosenRule
from emulator.store.backend import Counters

# What a request lacks on which a fault of the family could play.
WITHOUT: Mapping[Family, str] = {
    "content": "generates none",
    "body": "is answered with a stream",
    "stream": "is not answered with a stream",
    "job": "started no job",
    "webhook": "started no job that tells of its end",
}
OF_CONTENT: frozenset[Family] = frozenset(("content",))
OF_JOBS: frozenset[Family] = frozenset(("job", "webhook"))
OF_LOST: frozenset[Family] = frozenset(("answer", "wire"))  # what can still happen to a request that is lost


def losing_faults(requested: tuple[Fault, ...], context: Context) -> tuple[Fault, ...]:
    """Returns the faults by which a request is lost before anything is done for it, in their order, with those that go
    with them; none when it is not lost.

    It is asked before the request is charged. Rules are asked with counts that stay only if the request is lost, since
    otherwise they are asked again.
    """
    draw = _lot(context)
    if not any(fault.loses(draw) for fault in requested):
        requested = _pick_armed(context, OF_LOST, "lost", losing=True) or _rules_losing(context, draw)
    playing = (fault for fault in requested if fault.family in OF_LOST and not fault.refuses)
    return tuple(sorted(playing, key=lambda fault: fault.phase))


def _rules_losing(context: Context, draw: float) -> tuple[Fault, ...]:
    """Returns the faults of the rules up to the first that loses the request; none when another one answers it."""
    operation = context.operation
    if operation is None or not operation.rules.loses:
        return ()
    counts = _Tentative(context.service.state.store.counters)
    choice = operation.rules.choose(context, counts, until=lambda plan: bool(plan.fault.loses(draw)))
    context.pop("limits", None)  # a condition may have read them, and they are charged later
    if choice is None or not any(plan.fault.loses(draw) for plan in choice.faults):
        return ()
    counts.keep()
    context.planned = choice.faults
    return tuple(plan.fault for plan in choice.faults)


class _Tentative:
    """Counts matches of rules without keeping them, until `keep`."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._counted: list[str] = []

    def __call__(self, name: str) -> int:
        self._counted.append(name)
        return self._counters.value(name) + self._counted.count(name)

    def keep(self) -> None:
        for name in self._counted:
            self._counters.increment(name)


def _lot(context: Context) -> float:
    """Returns what decides whether the request is done: drawn once, whatever faults it meets."""
    return Random(f"{context.service.state.root}/{context.number}/done").random()


def gather_faults(choice: ChosenRule, requested: tuple[Fault, ...], context: Context) -> tuple[Fault, ...]:
    """Returns the faults that play on this request, in their order; `context.faults` also has those on what it starts.

    `requested` are those that its header names.
    """
    reply = choice.rule.reply
    families = OF_ANSWERS if reply is None or reply.events is None else OF_STREAMS
    armed = _pick_armed(context, families, "armed")
    context.planned = choice.faults
    ruled = [plan.fault for plan in choice.faults]
    if context.operation is None or context.operation.answer is None:  # the items of a job have rules of their own
        ruled = [fault for fault in ruled if fault.family != "content"]
    named = [fault for fault in requested if fault.family == "content"]  # of several on an answer the first plays
    context.faults = (*named, *ruled, *armed, *(fault for fault in requested if fault not in named))
    return tuple(sorted((each for each in context.faults if each.family in families), key=lambda each: each.phase))


def note_use(id: str, context: Context) -> None:
    """Notes that something was used beside what the exchange names: the rule of a row, or a fault of a rule."""
    if context.used is None:
        context.used = {}
    context.used[id] = context.used.get(id, 0) + 1


def refuse_by_fault(faults: Sequence[Fault], context: Context) -> None:
    """Raises ApiError when one of the faults refuses the request."""
    for fault in faults:
        if (refusal := fault.refusal(context)) is not None:
            refusal.free = True
            say_when(refusal, context)
            raise refusal


def apply_faults(reply: Reply, faults: Sequence[Fault], context: Context, chance: Random) -> Reply:
    """Returns the reply as the faults, one after the other, leave it; its schedule tells what it was before."""
    reply.planned = reply.events
    if reply.frames is not None:
        content = b"".join(frame.data for frame in reply.frames) if faults else None
        reply.schedule = StreamTiming(tuple(frame.due for frame in reply.frames), content)
    for fault in faults:
        reply = fault.apply(reply, context, chance)
    return reply


def unplayed_faults(requested: Sequence[Fault], played: Sequence[Fault], context: Context) -> str:
    """Says which of the faults in a request's header did not play, and why; empty when all of them did."""
    names = {each.name for each in played}.union(context.set_off)
    return "; ".join(
        f"the fault {each.name} did not play: it is for {ON[each.family]}, and this request {WITHOUT[each.family]}"
        for each in requested
        if each.name not in names
    )


def corrupt_answer(reply: ReplyPlan | None, context: Context) -> bool:
    """Lets faults on answers play on what is generated from here on for a reply; whether it was generated already, for
    a cost or a check, and has to be generated again."""
    armed = context.service.state.armed
    if reply is None or reply.error is not None:
        return False
    if not any(isinstance(fault, Answer) for fault in context.faults) and not (
        armed.waiting and armed.waits("content")
    ):
        return False
    context.corrupt = _answer_fault
    return context.forget_answer()


def _answer_fault(context: Context) -> Answer | None:
    """Returns the fault that plays on the answer that is being generated: that of the request's header, else that of
    the first rule, else an armed one. Armed ones wait for an answer, and this is one."""
    own = [fault for fault in context.faults if isinstance(fault, Answer)]
    found = own[:1] or [each for each in _pick_armed(context, OF_CONTENT, "answer") if isinstance(each, Answer)]
    if not found:
        return None
    context.set_off += (found[0].name,)
    return found[0]


def job_faults(context: Context) -> tuple[JobFault | WebhookFault, ...]:
    """Returns the request's faults on a job that it starts, and the armed ones, which wait for a job to start."""
    found = context.faults + _pick_armed(context, OF_JOBS, "started")
    return tuple(each for each in found if isinstance(each, JobFault | WebhookFault))


def apply_token_faults(context: Context, collection: str, token: str) -> None:
    """Applies the request's faults on tokens to a record that it put into a collection."""
    if context.faults and collection in context.tokens.collections:
        for fault in context.faults:
            if isinstance(fault, TokenFault):
                fault.issue(context.tokens, token)


def _pick_armed(context: Context, families: frozenset[Family], purpose: str, losing: bool = False) -> tuple[Fault, ...]:
    """Returns the armed faults of these families that play now, and counts them as played."""
    state, operation = context.service.state, context.operation
    if not state.armed.waiting or operation is None:
        return ()
    key = context.caller.key if context.caller is not None else None
    chance = Random(f"{state.root}/{context.number}/{purpose}")
    return state.armed.pick(operation.name, operation.api, key, context["now"], chance, families, _lot(context), losing)
