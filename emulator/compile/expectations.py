"""Compiles expectations: entries of `expect` in scenarios, and those that a world is given while it runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any

from msgspec import Struct

from emulator.compile.operation import ScenarioRule, names_operation, patterns
from emulator.compile.questions import OF_EXCHANGES, compile_query
from emulator.compile.when import FieldNames, Path, fields_of
from emulator.errors import DocumentError, Location
from emulator.generate.answers import CannedAnswer
from emulator.language.document.diagnostics import Diagnostics, did_you_mean
from emulator.language.document.reader import Document
from emulator.language.expressions import Language
from emulator.language.schema.scenario import ExpectModel, OrderedModel
from emulator.language.schema.validate import validate
from emulator.playbook.apis import Api, Operation
from emulator.playbook.expectations import AmountRange, Expectation, Kind, ListedFault, ListedRule, Selection
from emulator.playbook.model import Rule

COUNTS = "write `times` beside `when`, not in it"
KINDS: tuple[Kind, ...] = ("in_order", "spent", "rules")
# What may stand beside each of them.
BESIDE: Mapping[str, tuple[str, ...]] = {"in_order": (), "rules": (), "spent": ("on", "when")}
ENDS = ("outcome", "took", "events_sent", "bytes_sent")  # known when an exchange has ended, not when it is answered
AT_ANSWER = FieldNames(tuple(name for name in OF_EXCHANGES.roots if name not in ENDS), OF_EXCHANGES.below)
UNTIL_ANSWER = (
    "can't be used in `in_order`, because it is known only after the response has ended; "
    "use an entry with `on` and `when`"
)


class KnownNames(Struct, frozen=True):
    """What expectations may name: the APIs that are served, and the rules that `rules: all` stands for; None while
    something is wrong with those."""

    language: Language
    apis: Mapping[str, Api]
    rules: Sequence[ListedRule] | None


def compile_expectation(
    entry: ExpectModel, known: KnownNames, place_of: Callable[[Path], Location], path: Path
) -> Expectation:
    """Compiles one entry, which stands at a path. Raises DocumentError with every diagnostic."""
    diagnostics = Diagnostics()
    expectation = _ExpectationCompiler(entry, known, place_of, path, diagnostics).compile()
    diagnostics.raise_any()
    return expectation


def read_expectation(entry: Mapping[str, Any], known: KnownNames, id: str) -> Expectation:
    """Reads and compiles one that a world is given under an id. Raises DocumentError; its places are those in the
    entry."""

    given = _Given(entry, id)
    return compile_expectation(validate(given, ExpectModel), known, given.place, ())


class _Given(Document):
    """An entry that stands in no file: its parts are called by their keys."""

    def __init__(self, entry: Mapping[str, Any], id: str) -> None:
        super().__init__("", dict(entry), None, FilePath())
        self._id = id

    def place(self, path: Path, key: bool = False) -> Location:
        return Location(".".join(map(str, path)) or self._id)


def list_rules(
    entries: Iterable[ScenarioRule], answers: Iterable[CannedAnswer], apis: Mapping[str, Api]
) -> list[ListedRule]:
    """Returns the rules of scenarios in the order in which they are asked, and their canned answers."""
    operations = [(api, name) for api, each in apis.items() for name in each.operations]
    listed = []
    for entry in entries:
        place = entry.compiler.place(entry.path)
        concerned = frozenset(each for each in operations if entry.concerns(*each))
        compiled = (apis[api].operations[name].rules.by_place.get(place) for api, name in concerned)
        rule = next((each for each in compiled if each is not None), None)
        if rule is not None:
            listed.append(_listed(rule, concerned))
    for answer in answers:
        concerned = frozenset((api, name) for api, name in operations if apis[api].file.operations[name].answer)
        concerned = frozenset(each for each in concerned if answer.concerns(*each))
        listed.append(ListedRule(answer.place, "", concerned, (answer.id,), canned=True))
    return listed


def list_own_rules(operation: Operation) -> list[ListedRule]:
    """Returns an operation's own rules, without those of scenarios, in order."""
    names = frozenset({(operation.api, operation.name)})
    return [_listed(rule, names) for rule in operation.rules.own.rules]


def _listed(rule: Rule, operations: frozenset[tuple[str, str]]) -> ListedRule:
    replies = tuple(each.id for each in rule.each if each.reply is not None or each.answer is not None)
    faults = tuple(ListedFault(each.fault.name, str(each.place)) for each in rule.faults)
    return ListedRule(rule.place, rule.name, operations, replies, faults)


class _ExpectationCompiler(Struct):
    entry: ExpectModel
    known: KnownNames
    place_of: Callable[[Path], Location]
    path: Path
    diagnostics: Diagnostics

    def compile(self) -> Expectation:
        entry, given = self.entry, self._given()
        kind: Kind = next((each for each in KINDS if each in given), "times")
        allowed = BESIDE.get(kind, ("on", "when", "times"))
        for name in given:
            if name not in allowed and name != kind:
                self._add((name,), f"`{name}` can't stand beside `{kind}`")
        if not given:
            self._add((), "nothing is expected; give `on`, `when` or `times`, or one of in_order, spent and rules")
        asked: Sequence[Selection] = ()
        if kind == "in_order":
            asked = [self._asked(each, ("in_order", at)) for at, each in enumerate(entry.in_order or ())]
        elif kind != "rules":
            asked = [self._asked(entry, ())]
        times = {"gte": 1} if entry.times is None else entry.times
        return Expectation(
            place=self.place_of(self.path),
            kind=kind,
            key=repr(entry),
            asked=tuple(asked),
            times=self._bounds(times, ("times",), whole=True) if kind == "times" else None,
            spent=self._spent(asked[0]) if kind == "spent" else {},
            rules=tuple(self._rules()) if kind == "rules" else (),
        )

    def _given(self) -> list[str]:
        names = ("on", "when", "times", *KINDS)
        return [name for name in names if getattr(self.entry, name) is not None]

    def _add(self, path: Path, message: str) -> None:
        self.diagnostics.add(self.place_of((*self.path, *path)), message)

    def _asked(self, entry: ExpectModel | OrderedModel | str, path: Path) -> Selection:
        on = entry if isinstance(entry, str) else entry.on
        when = None if isinstance(entry, str) else entry.when
        named = patterns(on, path if isinstance(entry, str) else (*path, "on"))
        text = " or ".join(pattern for pattern, _ in named)
        text = text or ("all requests" if self.entry.spent is not None else "any request")
        operations = None if on is None else self._operations(named)
        if when is None:
            return Selection(text, operations)
        where = (*self.path, *path, "when")
        ordered = bool(path)
        for steps in fields_of(when) if ordered else ():
            if str(steps[-1]).partition(".")[0] in ENDS:
                self._add((*path, "when", *steps), f"`{steps[-1]}` {UNTIL_ANSWER}")
                return Selection(text, operations)
        condition = None
        with self.diagnostics.catching():
            condition = compile_query(
                when,
                self.known.language,
                lambda inner: self.place_of((*where, *inner)),
                names=AT_ANSWER if ordered else OF_EXCHANGES,
                counts=COUNTS,
            )
        return Selection(f"{text} with {_written(when)}", operations, condition)

    def _operations(self, named: Sequence[tuple[str, Path]]) -> frozenset[tuple[str, str]]:
        known = [(api, name) for api, each in self.known.apis.items() for name in each.operations]
        found: set[tuple[str, str]] = set()
        for pattern, path in named:
            fitting = [each for each in known if names_operation(pattern, *each)]
            if known and not fitting:
                names = (f"{api}/{name}" if "/" in pattern else name for api, name in known)
                hint = did_you_mean(pattern, dict.fromkeys(names))
                self._add(path, f"no operation is called {pattern!r}; {hint}")
            found.update(fitting)
        return frozenset(found)

    def _bounds(self, given: Any, path: Path, whole: bool) -> AmountRange | None:
        try:
            return AmountRange.read(given, whole)
        except ValueError as error:
            called = str(self.place_of((*self.path, *path))).endswith(str(path[-1]))  # an entry that is in no file
            self._add(path, str(error) if called else f"{path[-1]}: {error}")
            return None

    def _spent(self, asked: Selection) -> dict[str, AmountRange]:
        concerned = [
            api
            for name, api in self.known.apis.items()
            if asked.operations is None or any(name == each for each, _ in asked.operations)
        ]
        units = dict.fromkeys(unit for api in concerned for unit in api.client.spent)
        found = {}
        for unit, given in (self.entry.spent or {}).items():
            if unit not in units:
                self._add(("spent", unit), f"nothing is spent in {unit!r}; {did_you_mean(unit, units)}")
            bounds = self._bounds(given, ("spent", unit), whole=False)
            if bounds is not None:
                found[unit] = bounds
        return found

    def _rules(self) -> Iterable[ListedRule]:
        if self.known.rules is None:
            return
        named = {each.name: each for each in self.known.rules if each.name}
        if self.entry.rules == "all":
            if not named:
                self._add(
                    ("rules",), "no rule has a `name` here, so `all` expects nothing; name the rules it is to mean"
                )
            yield from (each for each in self.known.rules if each.name)
            return
        for at, name in enumerate(self.entry.rules or ()):
            if name in named:
                yield named[name]
            else:
                hint = did_you_mean(name, named) if named else f"give a rule `name: {name}`, or leave `rules` out"
                self._add(("rules", at), f"no rule is called {name!r}; {hint}")


def _written(value: Any) -> str:
    """A `when` as a message shows it: `body.model: {contains: sonnet}, status: 200`."""
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_written_within(each)}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(_written_within, value))
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _written_within(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return f"{{{_written(value)}}}" if isinstance(value, dict) else f"[{_written(value)}]"
    return _written(value)


def compile_all(
    entries: Sequence[ExpectModel], document: Document, known: KnownNames, diagnostics: Diagnostics
) -> Iterable[Expectation]:
    """Yields the expectations of one scenario; `diagnostics` gets everything that is wrong."""
    rules = known.rules and [each for each in known.rules if each.place.file == document.file]
    own = KnownNames(known.language, known.apis, rules)
    for at, entry in enumerate(entries):
        try:
            yield compile_expectation(entry, own, document.place, ("expect", at))
        except DocumentError as error:
            diagnostics.found.extend(error.diagnostics)
