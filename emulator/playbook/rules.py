"""Choosing: which rule of an operation answers, and when none does, which were nearest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from emulator.errors import Location
from emulator.language.expressions.template import NO_LETS, Template, writers
from emulator.language.expressions.writer import Writer, generate
from emulator.playbook.matching import Difference, FieldCheck, Held, draw
from emulator.playbook.text_index import TextIndex, TextWant, wanted_by

if TYPE_CHECKING:
    from emulator.playbook.model import CheckPlan, FaultPlan, Replies, Rule, RuleAnswer


UNINDEXED_RULES = 8
MAX_NEAR_MISSES = 3  # rules that are named when none answers
Count = Callable[[str], int]
Until = Callable[["FaultPlan"], bool]


class ChosenRule(Struct, frozen=True):
    """The rule that answers, and the faults that go with it."""

    rule: Rule
    faults: tuple[FaultPlan, ...]


class Miss(Struct, frozen=True):
    """A rule that did not answer, and what kept it from it: its checks or, when all of them hold, its counters."""

    rule: Rule
    differences: tuple[Difference, ...]
    held: tuple[Held, ...] = ()

    @property
    def distance(self) -> tuple[int, int]:
        """How far it was from answering: by how many checks, and of how many that hold it can boast (the more the
        nearer)."""
        return len(self.differences), len(self.differences) - len(self.rule.matcher.checks)


class _FieldIndex(Struct):
    """Positions of the rules that want one of certain values of one field."""

    find: Callable[[Mapping[str, Any]], Any]
    positions: dict[Any, list[int]] = field(default_factory=dict)


class RuleSet:
    """An operation's rules in order. Many rules are indexed by a field they compare for equality, or in which they look
    for a text, so that a thousand of them cost about what one costs."""

    def __init__(self, rules: Sequence[Rule], before: int = 0) -> None:
        """`before` is how many of the rules are those of scenarios, which stand before the operation's own."""
        self.rules = tuple(rules)
        self.before = before
        self._answering: dict[tuple[str, str], Rule] = {}
        self._always: list[int] = []
        self._fields: dict[str, _FieldIndex] = {}
        self._texts: list[tuple[Callable[[Mapping[str, Any]], Any], TextIndex]] = []
        if len(self.rules) > UNINDEXED_RULES:
            self._index()

    @cached_property
    def own(self) -> RuleSet:
        """The operation's own rules, without those of scenarios."""
        return RuleSet(self.rules[self.before :])

    @cached_property
    def own_ids(self) -> frozenset[str]:
        """The ids of the operation's own rules."""
        return frozenset(each.id for rule in self.own.rules for each in rule.each)

    @cached_property
    def by_place(self) -> Mapping[Location, Rule]:
        """The rules by where they stand."""
        return {rule.place: rule for rule in self.rules}

    def replaced(self, function: Callable[[Rule], Rule]) -> RuleSet:
        """Returns the set with another rule for each."""
        return RuleSet([function(rule) for rule in self.rules], self.before)

    @cached_property
    def loses(self) -> bool:
        """Whether a rule has a fault by which a request may be lost before anything is done for it."""
        return any(plan.fault.loses(0.0) for rule in self.rules for plan in rule.faults)

    def _index(self) -> None:
        options = [
            [check for check in rule.matcher.checks if isinstance(check, FieldCheck) and _indexable(check)]
            for rule in self.rules
        ]
        distinct: dict[str, set[Any]] = {}
        for checks in options:
            for check in checks:
                distinct.setdefault(check.field, set()).update(check.values)
        for position, checks in enumerate(options):
            if not checks:
                continue
            best = max(checks, key=lambda check: len(distinct[check.field]))
            index = self._fields.setdefault(best.field, _FieldIndex(best.find))
            for value in set(best.values):
                index.positions.setdefault(value, []).append(position)
        self._index_texts([position for position, checks in enumerate(options) if not checks])

    def _index_texts(self, positions: Sequence[int]) -> None:
        wants: dict[str, list[tuple[int, TextWant]]] = {}
        finders: dict[str, Callable[[Mapping[str, Any]], Any]] = {}
        for position in positions:
            found = next(_text_wants(self.rules[position]), None)
            if found is None:
                self._always.append(position)
                continue
            check, want = found
            wants.setdefault(check.field, []).append((position, want))
            finders[check.field] = check.find
        for name, each in wants.items():
            if len(each) > UNINDEXED_RULES:
                self._texts.append((finders[name], TextIndex(each)))
            else:
                self._always += [position for position, _ in each]

    def candidates(self, context: Mapping[str, Any]) -> Iterable[Rule]:
        """The rules that may match, in order."""
        if len(self.rules) <= UNINDEXED_RULES:
            return self.rules
        positions = list(self._always)
        for index in self._fields.values():
            value = index.find(context)
            if isinstance(value, (str, int, float)) or value is None:
                positions.extend(index.positions.get(value, ()))
        for find, texts in self._texts:
            positions.extend(texts.positions(find(context)))
        return [self.rules[position] for position in sorted(positions)]

    def choose(
        self, context: Mapping[str, Any], count: Count, streams: bool = True, until: Until | None = None
    ) -> ChosenRule | None:
        """The first rule with a reply whose checks hold and whose counters admit it, with the faults of the
        matching rules before it that have none. One with an answer leaves the reply to the operation's own rules.
        `count(name)` adds one to the matches of a rule, by its `counted_as`, and gives the new number. Without
        `streams`, rules that answer with a stream are passed over: a job's item can't be one. A fault for which `until`
        is true ends the search at its rule."""
        faults: tuple[FaultPlan, ...] = ()
        for rule in self.candidates(context) if self._fields or self._texts else self.rules:
            matcher = rule.matcher
            if matcher.checks and not matcher.matches(context):
                continue
            if matcher.counters and not matcher.admits(count(rule.counted_as)):
                continue
            if until is not None and any(until(plan) for plan in rule.faults):
                return ChosenRule(rule, faults + rule.faults)
            if rule.replies is not None:
                given = self._given(rule.replies, context, count)
                if given is None:
                    continue
                rule = given
            if rule.reply is not None and (streams or rule.reply.events is None):
                return ChosenRule(rule, faults + rule.faults if rule.faults else faults)
            faults += rule.faults
            if rule.answer is not None:
                below = self.own.choose(context, count, streams, until)
                return below and ChosenRule(self._with_answer(below.rule, rule, rule.answer), faults + below.faults)
        return None

    @staticmethod
    def _given(replies: Replies, context: Mapping[str, Any], count: Count) -> Rule | None:
        """The rule with the reply whose turn it is, or on which the lot falls; None when all were given."""
        if replies.shares:
            return replies.drawn(draw(context, replies.salt))
        return replies.at(count(replies.counted_as))

    def _with_answer(self, below: Rule, rule: Rule, answer: RuleAnswer) -> Rule:
        """The rule that replies, under the id of the one that answers and after its steps; made once for the two."""
        made = self._answering.get((rule.id, below.id))
        if made is None:
            made = self._answering[rule.id, below.id] = replace(
                below,
                id=rule.id,
                place=rule.place,
                name=rule.name,
                lets={**below.lets, **answer.lets},
                steps=(*rule.steps, *below.steps),
                claims=(*rule.claims, *below.claims),
                answer=answer,
            )
        return made

    def near_misses(
        self, context: Mapping[str, Any], counted: Count, streams: bool = True, most: int = MAX_NEAR_MISSES
    ) -> list[Miss]:
        """The rules that could have answered but for the fewest differences; among equals those of which more checks
        hold, then the earlier. `counted(name)` gives how often a rule has matched, this time included."""
        answering = [rule for rule in self.rules if any(_answers(each, streams) for each in rule.each)]
        return sorted((miss(rule, context, counted) for rule in answering), key=lambda miss: miss.distance)[:most]


def _answers(rule: Rule, streams: bool) -> bool:
    return rule.reply is not None and (streams or rule.reply.events is None)


def miss(rule: Rule, context: Mapping[str, Any], counted: Count) -> Miss:
    """What keeps a rule from answering, nothing if it answers; `counted` is as for `near_misses`."""
    matcher = rule.matcher
    differences = tuple(matcher.differences(context))
    held = () if differences or not matcher.counters else tuple(matcher.holding(counted(rule.counted_as)))
    replies = rule.replies
    if not differences and not held and replies is not None and not replies.shares:
        number = counted(replies.counted_as)
        if replies.at(number) is None:
            held = (Held("replies", replies.ends[-1], "all were given"),)
    return Miss(rule, differences, held)


def _text_wants(rule: Rule) -> Iterator[tuple[FieldCheck, TextWant]]:
    """The texts that fields must have for a rule to match."""
    for check in rule.matcher.checks:
        if isinstance(check, FieldCheck) and check.query is None and (want := wanted_by(check.operand)) is not None:
            yield check, want


def _indexable(check: FieldCheck) -> bool:
    return bool(check.values) and all(isinstance(value, (str, int, float)) or value is None for value in check.values)


class Checks:
    """Checks in order, and the names that the operation's `let` defines for them."""

    def __init__(self, plans: Sequence[CheckPlan] = (), lets: Mapping[str, Template] = NO_LETS) -> None:
        self._plans = tuple(plans)
        self._lets = lets

    def __iter__(self) -> Iterator[CheckPlan]:
        return iter(self._plans)

    def __len__(self) -> int:
        return len(self._plans)

    @cached_property
    def first(self) -> Callable[[Mapping[str, Any]], CheckPlan | None]:
        """The check that matches a context first, or None."""
        return generate(copy(self)._write, writers(self._lets))

    def _write(self, writer: Writer) -> str:
        for plan in self._plans:
            plan.matcher.write(writer, f"return {writer.bind(plan)}")
        return "None"
