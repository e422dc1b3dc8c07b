"""Compiling one rule: its templates, matcher, steps, reply and faults, each with its place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from hashlib import blake2b
from itertools import accumulate
from operator import getitem
from pathlib import Path as FilePath
from typing import Any

import orjson
from msgspec import Struct
from msgspec.structs import replace

from emulator.compile.templates import Compiler, Group, Path
from emulator.compile.when import FieldNames, salt_of
from emulator.errors import ConfigError, Diagnostic, DocumentError, Location
from emulator.faults import FAULTS
from emulator.language.document.durations import LatencyDistribution, parse_latency
from emulator.language.expressions.template import Template
from emulator.language.schema.api import StepModel
from emulator.language.schema.scenario import EventModel, PaceModel, ReplyModel, RuleModel, StreamModel
from emulator.playbook.headers import ADDED, Headers
from emulator.playbook.matching import Matcher
from emulator.playbook.model import EventPlan, FaultPlan, PacePlan, Replies, ReplyPlan, RuleAnswer, StepPlan
from emulator.playbook.model import Rule as RulePlan

VERBS: Mapping[str, tuple[str, ...]] = {
    "put": ("id", "record"),
    "update": ("id", "set"),
    "append": ("id", "values"),
    "upsert": ("id", "set"),
    "remove": ("id",),
    "start": ("id", "items", "data", "result"),
    "cancel": (),
}
MORE: Mapping[str, tuple[str, ...]] = {
    "put": ("ttl",),
    "update": ("ttl", "missing"),
    "append": ("ttl", "field", "missing"),
    "upsert": ("ttl",),
    "remove": ("missing",),
    "cancel": ("missing",),
}
NEEDED: Mapping[str, tuple[str, ...]] = {
    "update": ("id", "set"),
    "append": ("id", "values"),
    "upsert": ("id", "set"),
    "remove": ("id",),
}
# What may happen where there is no such record or job; the first does by default.
MISSING_OUTCOMES: Mapping[str, tuple[str, ...]] = {
    "update": ("fail", "skip", "create"),
    "append": ("fail", "skip", "create"),
    "remove": ("skip", "fail"),
    "cancel": ("fail", "skip"),
}
NO_BODY = (204, 304)
MAX_REPLIES = 1_000
FROM = "$from"  # a file that holds a body or a text
ANSWER_KEYS = frozenset(("answer", "json_answer"))


class Definitions(Struct, frozen=True):
    """What rules may name; `attached` reads a file that lies beside a document."""

    errors: Mapping[str, Any]
    collections: Mapping[str, Any]
    jobs: Mapping[str, Any]
    claims: Mapping[str, Any]
    error_headers: Callable[[str], tuple[Group, ...]]
    attached: Callable[[str, FilePath, Location], bytes]
    added_headers: frozenset[bytes] = ADDED


def _content_headers(reply: ReplyModel) -> dict[str, str]:
    if reply.stream is not None:  # nginx would pass a stream on in one piece, without its second header
        return {"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
    if reply.lines is not None:
        return {"Content-Type": "application/x-ndjson"}
    return {"Content-Type": "application/json" if reply.text is None else "text/plain; charset=utf-8"}


class RuleCompiler:
    """Compiles rules of one document; `known` is what they may name, `names` what their `when` may speak of, `renamed`
    what the operation calls kinds of error, `generates` whether it says something that a rule may answer differently.

    Without `names` that is looked at elsewhere: a scenario's rule may be for operations that know different ones.
    """

    def __init__(
        self,
        compiler: Compiler,
        known: Definitions,
        names: FieldNames | None = None,
        renamed: Mapping[str, str] | None = None,
        generates: bool = False,
    ) -> None:
        self.compiler = compiler
        self.diagnostics = compiler.diagnostics
        self.known = known
        self.names = names
        self.renamed = renamed or {}
        self.generates = generates

    def rule(self, rule: RuleModel, path: Path, lets: Mapping[str, Template], headers: tuple[Group, ...]) -> RulePlan:
        compiler = self.compiler
        place = compiler.place(path)
        with self.diagnostics.catching():
            if rule.reply is None and not rule.replies and not rule.fault:
                raise DocumentError([Diagnostic(place, "a rule needs a reply or a fault")])
        matcher = self.diagnostics.attempt(compiler.when.compile, rule.when, (*path, "when"), self.names) or Matcher()
        own = compiler.trees(rule.let, (*path, "let"))
        lets = {**lets, **own} if own else lets
        plan = RulePlan(
            id=str(place),
            place=place,
            name=rule.name or "",
            matcher=matcher,
            lets=lets,
            steps=self.steps(rule.do, (*path, "do")),
            reply=None,
            faults=tuple(self._faults(rule.fault, (*path, "fault"))),
            claims=tuple(claim for claim in rule.claims if claim in self.known.claims),
            counted_as=self._counted_as(path) if matcher.counters else "",
            unchecked=rule.unchecked,
            grade=rule.grade,
        )
        if rule.reply is not None:
            for name in sorted({"share", "times"} & rule.reply.model_fields_set):
                place = compiler.document.place((*path, "reply", name), key=True)
                self.diagnostics.add(place, f"`{name}` is for one of several `replies`")
            plan = self._with_reply(plan, rule.reply, (*path, "reply"), headers, own)
        return self._with_replies(plan, rule, path, headers, own)

    def _with_reply(
        self, plan: RulePlan, reply: ReplyModel, path: Path, headers: tuple[Group, ...], own: Mapping[str, Template]
    ) -> RulePlan:
        if ANSWER_KEYS & reply.model_fields_set:
            return replace(plan, answer=self._answer(reply, path, own))
        return replace(plan, reply=self._reply(reply, path, headers, plan.lets))

    def _with_replies(
        self, plan: RulePlan, rule: RuleModel, path: Path, headers: tuple[Group, ...], own: Mapping[str, Template]
    ) -> RulePlan:
        """The rule with several replies, each of which has a rule of its own in it."""
        at = self.compiler.document.place
        if "then" in rule.model_fields_set and not rule.replies:
            self.diagnostics.add(at((*path, "then"), key=True), "`then` goes with `replies`, which are missing")
        if not rule.replies:
            return plan
        where, shares = (*path, "replies"), [reply.share for reply in rule.replies]
        if rule.reply is not None:
            self.diagnostics.add(at(where, key=True), "a rule has `reply` or `replies`, not both")
        if len(shares) > MAX_REPLIES:
            self.diagnostics.add(at(where), f"{len(shares)} replies; at most {MAX_REPLIES}")
            return plan
        if any(shares) and not all(shares):
            text = "this reply has no `share`, and others have; give all of them one, or none"
            self.diagnostics.add(at((*where, shares.index(None))), text)
        ordered = [(*path, "then")] if "then" in rule.model_fields_set else []
        ordered += [(*where, at, "times") for at, each in enumerate(rule.replies) if "times" in each.model_fields_set]
        for key in ordered if any(shares) else ():
            self.diagnostics.add(at(key, key=True), f"`{key[-1]}` is for replies in order; these are drawn by `share`")
        rules = []
        for number, reply in enumerate(rule.replies):
            place = at((*where, number))
            each = replace(plan, id=str(place), place=place)
            rules.append(self._with_reply(each, reply, (*where, number), headers, own))
        drawn = tuple(float(share) for share in shares if share is not None)
        counted_as = f"{self._counted_as(path)} replies"
        ends = tuple(accumulate(reply.times for reply in rule.replies))
        return replace(plan, replies=Replies(tuple(rules), ends, rule.then, drawn, counted_as, salt_of(plan.place)))

    def _answer(self, reply: ReplyModel, path: Path, lets: Mapping[str, Template]) -> RuleAnswer | None:
        """What the API's own rules are to say; None in operations that say nothing generated."""
        compiler = self.compiler
        for name in sorted(reply.model_fields_set - ANSWER_KEYS - {"share", "times"}):
            key = "class" if name == "grade" else name
            wrong = f"`{key}` can't stand beside `answer`: the API's own rules give the reply its shape"
            self.diagnostics.add(compiler.document.place((*path, key), key=True), wrong)
        text = compiler.optional(reply.answer, (*path, "answer"))
        json = compiler.optional(reply.json_answer, (*path, "json"))
        if text is None and json is None:
            self.diagnostics.add(compiler.place(path), "nothing is answered; expected `answer`, or `json`, or both")
        return RuleAnswer(compiler.place(path), text, json, lets) if self.generates and (text or json) else None

    def _counted_as(self, path: Path) -> str:
        """File, list, and the rule's name or else a digest of what it says; rules that are alike are numbered.

        So a count outlives a reload although the rule has moved.
        """
        compiler, (*steps, at) = self.compiler, path
        where = tuple(steps)
        if where not in compiler.counted:
            seen: Counter[str] = Counter()
            names = compiler.counted[where] = []
            for rule in reduce(getitem, where, compiler.document.data):
                name = rule.get("name") or blake2b(repr(rule).encode(), digest_size=8).hexdigest()
                names.append(f"{compiler.document.path} {'.'.join(map(str, where))} {name} {seen[name]}")
                seen[name] += 1
        return compiler.counted[where][int(at)]

    def _reply(
        self, reply: ReplyModel, path: Path, headers: tuple[Group, ...], lets: Mapping[str, Template]
    ) -> ReplyPlan | None:
        compiler = self.compiler
        kinds = [name for name in ("body", "text", "lines", "stream", "error") if name in reply.model_fields_set]
        if len(kinds) > 1:
            self.diagnostics.add(
                compiler.place(path),
                f"a reply has one of body, text, lines, stream and error, not {' and '.join(kinds)}",
            )
        if reply.error is not None:
            self.diagnostics.require_known(reply.error, self.known.errors, "error", compiler.place((*path, "error")))
        for name in ("message", "param", "data"):
            if name in reply.model_fields_set and reply.error is None:
                self.diagnostics.add(compiler.place((*path, name)), f"`{name}` goes with `error`, which is missing")
        content = {} if not kinds or reply.status in NO_BODY else _content_headers(reply)
        if "status" in reply.data:
            compiler.status(reply.data["status"], (*path, "data", "status"))
        stream = reply.stream
        return ReplyPlan(
            place=compiler.place(path),
            status=compiler.status(reply.status, (*path, "status")),
            headers=compiler.headers(
                *headers,
                (content, path, compiler),
                (reply.headers, (*path, "headers"), compiler),
                added=self.known.added_headers,
            ),
            body=None if "body" not in kinds else self.diagnostics.attempt(self._body, reply.body, (*path, "body")),
            text=self.diagnostics.attempt(self._text, reply.text, (*path, "text")),
            lines=compiler.optional(reply.lines, (*path, "lines")),
            events=None if stream is None else self._events(stream, (*path, "stream", "events")),
            pace=None if stream is None else self._pace(stream, (*path, "stream", "pace")),
            speed=None
            if stream is None or stream.pace is None
            else compiler.optional(stream.pace.speed, (*path, "stream", "pace", "speed")),
            error=reply.error,
            error_headers=self._error_headers(reply, path),
            message=compiler.optional(reply.message, (*path, "message")),
            param=compiler.optional(reply.param, (*path, "param")),
            data=self._data(reply, path),
            grade=reply.grade,
            lets=lets,
        )

    def _body(self, body: Any, path: Path) -> Template:
        """A tree of templates, or the JSON of a file as it stands."""
        if not isinstance(body, dict) or FROM not in body:
            return self.compiler.tree(body, path)
        content = self._attached(body, path)
        try:
            value = orjson.loads(content)
        except orjson.JSONDecodeError as error:
            text = f"{body[FROM]!r} is not JSON: {error.msg} (line {error.lineno}, column {error.colno})"
            raise DocumentError([Diagnostic(self.compiler.place((*path, FROM)), text)]) from error
        return self.compiler.tree({"$literal": value}, path)

    def _text(self, text: Any, path: Path) -> Template | None:
        """A template, or the text of a file as it stands."""
        if not isinstance(text, dict) or FROM not in text:
            return self.compiler.optional(text, path)
        try:
            return self.compiler.tree({"$literal": self._attached(text, path).decode()}, path)
        except UnicodeDecodeError as error:
            wrong = f"{text[FROM]!r} is not text in UTF-8"
            raise DocumentError([Diagnostic(self.compiler.place((*path, FROM)), wrong)]) from error

    def _attached(self, tree: Mapping[str, Any], path: Path) -> bytes:
        name, place = tree[FROM], self.compiler.place((*path, FROM))
        if len(tree) > 1 or not isinstance(name, str):
            raise DocumentError([Diagnostic(place, "`$from` names a file and stands alone: {$from: answer.json}")])
        return self.known.attached(name, self.compiler.document.path, place)

    def _data(self, reply: ReplyModel, path: Path) -> dict[str, Template]:
        """The values below `error`; a reply's own `status` is one of them."""
        data = self.compiler.trees(reply.data, (*path, "data"))
        if reply.error is not None and "status" in reply.model_fields_set:
            status = self.compiler.optional(reply.status, (*path, "status"))
            return data if status is None else {**data, "status": status}
        return data

    def _error_headers(self, reply: ReplyModel, path: Path) -> Headers | None:
        """The headers of an error with the reply's own over them; None when the reply has none."""
        kind = self.renamed.get(reply.error or "", reply.error or "")
        if kind not in self.known.errors or not reply.headers:
            return None
        own = (reply.headers, (*path, "headers"), self.compiler)
        return self.compiler.headers(*self.known.error_headers(kind), own, added=self.known.added_headers)

    def _events(self, stream: StreamModel, path: Path) -> tuple[EventPlan, ...]:
        return tuple(self._event(event, (*path, at)) for at, event in enumerate(stream.events))

    def _event(self, event: EventModel, path: Path) -> EventPlan:
        compiler = self.compiler
        if (event.data is None) == (event.text is None):
            self.diagnostics.add(compiler.place(path), "an event has either data (JSON) or text")
        if event.event is not None and (not event.event.isprintable() or "{{" in event.event):
            self.diagnostics.add(compiler.place((*path, "event")), "the name of an event is one line of plain text")
        return EventPlan(
            lead=b"" if event.event is None else b"event: " + event.event.encode() + b"\n",
            each=compiler.optional(event.each, (*path, "$each")),
            bind=event.bind,
            when=compiler.condition(event.when, (*path, "$if")),
            id=compiler.optional(event.id, (*path, "id")),
            data=compiler.optional(event.data, (*path, "data")),
            text=compiler.optional(event.text, (*path, "text")),
            wait=self.latency(event.wait, (*path, "wait")),
        )

    def _pace(self, stream: StreamModel, path: Path) -> PacePlan | None:
        """The pace of a stream that is laid out in time: it has one of its own, or events that wait."""
        pace = stream.pace or PaceModel()
        if not {"first", "each"} & pace.model_fields_set and all(event.wait is None for event in stream.events):
            return None
        return PacePlan(self.latency(pace.first, (*path, "first")), self.latency(pace.each, (*path, "each")))

    def latency(self, value: Any, path: Path) -> LatencyDistribution | None:
        """A distribution of durations, or None."""
        return None if value is None else self.diagnostics.attempt(parse_latency, value, self.compiler.place(path))

    def steps(self, steps: Sequence[StepModel], path: Path) -> tuple[StepPlan, ...]:
        """The steps of a list; what is wrong with one of them is reported."""
        plans = [self.diagnostics.attempt(self._step, step, (*path, at)) for at, step in enumerate(steps)]
        return tuple(plan for plan in plans if plan is not None)

    def _step(self, step: StepModel, path: Path) -> StepPlan | None:
        compiler = self.compiler
        place = compiler.place(path)
        verbs = [verb for verb in VERBS if getattr(step, verb) is not None]
        if len(verbs) != 1:
            self.diagnostics.add(place, f"a step has exactly one verb; expected one of: {', '.join(VERBS)}")
            return None
        verb = verbs[0]
        target = getattr(step, verb)
        if verb in ("put", "update", "append", "upsert", "remove"):
            self.diagnostics.require_known(target, self.known.collections, "collection", compiler.place((*path, verb)))
        if verb == "start":
            self.diagnostics.require_known(target, self.known.jobs, "kind of job", compiler.place((*path, verb)))
        self._require_arguments(verb, step, path)
        given = {name: getattr(step, name) for name in VERBS[verb] if getattr(step, name) is not None}
        arguments = compiler.trees(given, path)
        if verb == "cancel":
            id, target = compiler.optional(target, (*path, verb)), ""
            arguments = {} if id is None else {"id": id}
        elif verb == "append":
            target = f"{target}.{step.field or 'items'}"
        missing = self._missing(verb, step, path)
        if verb == "upsert":
            verb, missing = "update", "create"
        ttl = None if step.ttl is None else compiler.duration(step.ttl, (*path, "ttl")).seconds()
        when = compiler.condition(step.when, (*path, "when"))
        return StepPlan(verb, target, place, when, step.bind, arguments, ttl, missing)

    def _missing(self, verb: str, step: StepModel, path: Path) -> str:
        """What happens where there is no such record or job; an outcome that the verb can't have is reported."""
        outcomes = MISSING_OUTCOMES.get(verb, ("fail",))
        if step.missing is not None and verb in MISSING_OUTCOMES:
            place = self.compiler.place((*path, "missing"))
            self.diagnostics.require_known(step.missing, outcomes, f"outcome of `{verb}`", place)
        return step.missing or outcomes[0]

    def _require_arguments(self, verb: str, step: StepModel, path: Path) -> None:
        for name in NEEDED.get(verb, ()):
            if getattr(step, name) is None:
                self.diagnostics.add(self.compiler.place(path), f"`{verb}` needs `{name}`")
        allowed = {verb, "when", "bind", *VERBS[verb], *MORE.get(verb, ())}
        for name in step.model_fields_set - allowed:
            hint = ", ".join([*VERBS[verb], *MORE.get(verb, ())]) or "none but `when` and `as`"
            self.diagnostics.add(self.compiler.place((*path, name)), f"`{verb}` takes no `{name}`; it takes {hint}")

    def _faults(self, fault: Any, path: Path) -> list[FaultPlan]:
        """`name`, `{name: parameters}`, or a list of those."""
        if isinstance(fault, list):
            return [plan for at, entry in enumerate(fault) for plan in self._faults(entry, (*path, at))]
        if isinstance(fault, str):
            plans = [self._fault(fault, None, self.compiler.place(path))]
        elif isinstance(fault, dict):
            place_of = self.compiler.document.place
            plans = [self._fault(str(name), given, place_of((*path, name), key=True)) for name, given in fault.items()]
        else:
            plans = []
            if fault is not None:
                self.diagnostics.add(self.compiler.place(path), "a fault is a name, or {name: parameters}")
        return [plan for plan in plans if plan is not None]

    def _fault(self, name: str, parameters: Any, place: Location) -> FaultPlan | None:
        try:
            return FaultPlan(name, place, FAULTS.make(name, parameters))
        except ConfigError as error:
            self.diagnostics.add(place, str(error))
            return None
