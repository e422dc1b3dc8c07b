"""Reads compiled scenarios for what would bite later: fields that nothing has, and data, limits and keys that are
missing. Rules that are never reached are found in `reach`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from emulator.check.fields import Fields, query_steps
from emulator.check.references import Path, Reference, Steps, asked_in, references
from emulator.compile.operation import ScenarioRule, names_operation, patterns
from emulator.compile.overrides import Overrides
from emulator.compile.when import NO_FIELDS
from emulator.errors import Diagnostic, Location
from emulator.faults.targets import contradiction
from emulator.generate.answers import CannedAnswer
from emulator.generate.canned import CONTEXT_NAMES
from emulator.language.document.diagnostics import did_you_mean
from emulator.language.document.reader import Document
from emulator.language.schema.scenario import OperationModel, RuleModel
from emulator.playbook.apis import Api, Playbook
from emulator.playbook.json_schema import Schema
from emulator.playbook.limits import Spends

RULE_PARTS = ("let", "do", "reply")
OPERATION_PARTS = ("let", "cost", "settle", "usage", "headers")
_VARIABLE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")


class Loaded(Struct, frozen=True):
    """A playbook, and what it was compiled from."""

    playbook: Playbook
    rules: tuple[ScenarioRule, ...]
    changes: Mapping[str, Overrides]
    documents: tuple[Document, ...]
    answers: tuple[CannedAnswer, ...] = ()

    def concerned(self, rule: ScenarioRule) -> list[Fields]:
        """Returns what is known of the operations that a scenario's rule is for."""
        return [
            Fields(api, part)
            for api in self.playbook.apis.values()
            for name, part in api.file.operations.items()
            if rule.concerns(api.name, name)
        ]


class Use(Struct, frozen=True):
    """A reference, and the operations in which it is made."""

    reference: Reference
    fields: tuple[Fields, ...]


def lint(loaded: Loaded) -> Iterator[Diagnostic]:
    """Yields everything that reading finds."""
    uses = list(_uses(loaded))
    yield from _unknown_fields(uses)
    yield from _missing_data(loaded, uses)
    for document in loaded.documents:
        yield from _variables(document)
    for api in loaded.playbook.apis.values():
        yield from _idle_limits(api, loaded.changes.get(api.name))
        yield from _contradictions(api)


def _uses(loaded: Loaded) -> Iterator[Use]:
    for api in loaded.playbook.apis.values():
        document = api.document
        for name, part in api.file.operations.items():
            fields, own = (Fields(api, part),), document.data["operations"][name]
            path: Path = ("operations", name)
            names = {*part.let, *_bound(part.rules), *(each for rule in part.rules for each in rule.let)}
            for key in OPERATION_PARTS:
                yield from _in_tree(own.get(key), document, (*path, key), fields, names)
            for at, check in enumerate(own.get("checks", ())):
                where = (*path, "checks", at)
                asked = asked_in(check.get("when"))
                yield from _in_when(check.get("when"), document, (*where, "when"), fields, names)
                for key in ("message", "param"):
                    yield from _in_tree(check.get(key), document, (*where, key), fields, names, asked)
            for at, rule in enumerate(own["rules"]):
                yield from _in_rule(rule, part.rules[at], document, (*path, "rules", at), fields, names)
    for entry in loaded.rules:
        concerned = tuple(loaded.concerned(entry))
        names = {name for fields in concerned for name in fields.part.let} | {*entry.rule.let, *_bound([entry.rule])}
        document = entry.compiler.document
        yield from _in_rule(document.data["rules"][entry.path[-1]], entry.rule, document, entry.path, concerned, names)
    yield from _in_answers(loaded)
    yield from _in_expectations(loaded)


def _in_answers(loaded: Loaded) -> Iterator[Use]:
    """Yields what canned answers refer to, beside the names that only they have."""
    apis = loaded.playbook.apis.values()
    operations = [(api, name, part) for api in apis for name, part in api.file.operations.items() if part.answer]
    for document in loaded.documents:
        entries = document.data.get("answers")
        for at, entry in enumerate(entries if isinstance(entries, list) else ()):  # an API's are a mapping
            fields = _fields(operations, entry.get("on"))
            for key in ("answer", "json"):
                yield from _in_tree(entry.get(key), document, ("answers", at, key), fields, set(CONTEXT_NAMES))


def _in_expectations(loaded: Loaded) -> Iterator[Use]:
    """Yields the fields of requests that expectations name; all else that they name is of exchanges."""
    apis = loaded.playbook.apis.values()
    operations = [(api, name, part) for api in apis for name, part in api.file.operations.items()]
    for document in loaded.documents:
        for at, entry in enumerate(document.data.get("expect") or ()):
            ordered = enumerate(entry.get("in_order") or ())
            asked = [(("in_order", step), each) for step, each in ordered if isinstance(each, dict)]
            for path, each in [((), entry), *asked]:
                where = ("expect", at, *path, "when")
                found = _in_when(each.get("when"), document, where, _fields(operations, each.get("on")), set())
                yield from (use for use in found if use.reference.steps[0] in ("body", "query"))


def _fields(operations: Iterable[tuple[Api, str, OperationModel]], on: Any) -> tuple[Fields, ...]:
    """What is known of those of the operations that an `on` names; of all without one."""
    named = [pattern for pattern, _ in patterns(on, ())]
    return tuple(
        Fields(api, part)
        for api, name, part in operations
        if not named or any(names_operation(pattern, api.name, name) for pattern in named)
    )


def _bound(rules: Iterable[RuleModel]) -> Iterator[str]:
    """The names that rules give the outcomes of their steps and the items of their events."""
    for rule in rules:
        yield from (step.bind for step in rule.do if step.bind is not None)
        streams = [reply.stream for reply in rule.each_reply if reply.stream is not None]
        yield from (event.bind for stream in streams for event in stream.events if event.each is not None)


def _in_rule(
    rule: Any, model: RuleModel, document: Document, path: Path, fields: tuple[Fields, ...], names: set[str]
) -> Iterator[Use]:
    if model.unchecked:  # it may be about what the API's schemas do not know
        return
    when = rule.get("when")
    yield from _in_when(when, document, (*path, "when"), fields, names)
    for key in RULE_PARTS:
        yield from _in_tree(rule.get(key), document, (*path, key), fields, names, asked_in(when))


def _in_tree(
    tree: Any,
    document: Document,
    path: Path,
    fields: tuple[Fields, ...],
    names: set[str],
    asked: frozenset[Steps] = frozenset(),
) -> Iterator[Use]:
    found = references(tree, document.place, path, asked)
    return (Use(each, fields) for each in found if each.steps[0] not in names)


def _in_when(when: Any, document: Document, path: Path, fields: tuple[Fields, ...], names: set[str]) -> Iterator[Use]:
    if not isinstance(when, dict):
        yield from _in_tree(when, document, path, fields, names)
        return
    for key, value in when.items():
        where = (*path, key)
        if key == "any" and isinstance(value, list):
            for at, each in enumerate(value):
                yield from _in_when(each, document, (*where, at), fields, names)
            continue
        if key == "jsonpath" and isinstance(value, dict):
            for query in value:
                yield Use(Reference(query_steps(str(query)), True, document.place((*where, query))), fields)
        elif key not in NO_FIELDS:
            steps = tuple(str(key).split("."))
            if steps[0] == "header":
                steps = tuple(step.lower() for step in steps)
            if steps[0] not in names:
                yield Use(Reference(steps, True, document.place(where)), fields)
        yield from _in_tree(value, document, where, fields, names)


def _unknown_fields(uses: Iterable[Use]) -> Iterator[Diagnostic]:
    """Reports fields that none of the operations can have in which they are named; an anchor may be used in several."""
    found: dict[tuple[Location, Steps], list[str | None]] = {}
    for use in uses:
        reference = use.reference
        found.setdefault((reference.place, reference.steps), []).extend(
            each.unknown(reference.steps) for each in use.fields
        )
    for (place, _), messages in found.items():
        if messages and all(messages):
            yield Diagnostic(place, str(messages[0]))


def _missing_data(loaded: Loaded, uses: Iterable[Use]) -> Iterator[Diagnostic]:
    """Reports data of tiers that expressions rely on; at a tier that a scenario adds, else where it is relied on."""
    found: dict[tuple[str, str, str], Diagnostic] = {}
    for use in uses:
        root, *rest = use.reference.steps
        if root != "caller" or rest[:1] != ["plan"] or len(rest) < 2 or use.reference.guarded:
            continue
        for api in {fields.api.name: fields.api for fields in use.fields}.values():
            having = [name for name, tier in api.tiers.items() if rest[1] in tier.data]
            for name in api.tiers if having else ():
                lacking = (api.name, name, str(rest[1]))
                if name not in having and lacking not in found:
                    found[lacking] = _lack(*lacking, having[0], use.reference, loaded)
    yield from found.values()


def _lack(api: str, tier: str, data: str, other: str, use: Reference, loaded: Loaded) -> Diagnostic:
    changes = loaded.changes.get(api)
    place = None if changes is None else changes.place(("tiers", tier))
    if place is None:
        text = f"`{use}` is missing for the tier {tier!r}: add {data!r} to its data, or write {use} | default(…)"
        return Diagnostic(use.place, text)
    value = loaded.playbook.apis[api].tiers[other].data[data]
    text = f"the tier {tier!r} needs {data!r} in its data, as {other!r} has {value!r}; {use.place} uses it"
    return Diagnostic(place, text)


def _variables(document: Document) -> Iterator[Diagnostic]:
    """Reports `${NAME}`, which nothing expands."""
    for path, text, is_key in _texts(document.data, ()):
        if _is_data(path):
            continue
        for found in _VARIABLE.findall(text):
            place = document.place(path, key=is_key)
            cure = "environment variables are not read; write the value itself, or generate the file"
            yield Diagnostic(place, f"{found} stands here as it is: {cure}")


def _is_data(path: Path) -> bool:
    """Whether a path leads into a JSON Schema, or the body of the request to copy, where each text means itself."""
    is_schema = path[:1] == ("schemas",) or (path[:1] == ("operations",) and path[2:3] in (("request",), ("query",)))
    return is_schema or path[:2] == ("example", "body")


def _texts(tree: Any, path: Path) -> Iterator[tuple[Path, str, bool]]:
    if isinstance(tree, str):
        yield path, tree, False
    elif isinstance(tree, list):
        for at, each in enumerate(tree):
            yield from _texts(each, (*path, at))
    elif isinstance(tree, dict) and "$literal" not in tree:
        for key, each in tree.items():
            yield (*path, key), str(key), True
            yield from _texts(each, (*path, key))


def _idle_limits(api: Api, changes: Overrides | None) -> Iterator[Diagnostic]:
    """Reports limits that no request can reach, because nothing charges them, and those that let nothing through."""
    charged = {name for operation in api.operations.values() for name in (*operation.cost, *operation.settle)}
    started = {kind for operation in api.operations.values() for kind in operation.starts}
    for tier in api.tiers.values():
        for limit in tier.limits:
            path: Path = ("tiers", tier.name, "limits", limit.name)
            place = (None if changes is None else changes.place(path)) or api.document.place(path)
            if not limit.amount and not isinstance(limit.pace, Spends):
                cure = "expected a number from 1, or `unlimited` for no limit"
                yield Diagnostic(place, f"nothing passes a limit of 0 {limit.name!r}; {cure}")
            elif limit.name not in charged and not limit.cost(started | charged):
                hint = did_you_mean(limit.name, sorted(charged - api.jobs.keys()))
                hint += f"; '{limit.amount} at once' counts what is under way" if "concurren" in limit.name else ""
                yield Diagnostic(place, f"nothing charges {limit.name!r}: no operation's `cost` names it; {hint}")


def _contradictions(api: Api) -> Iterator[Diagnostic]:
    """Reports faults that name an error and a status which is that of another, or of another kind of failure."""
    rules = [rule for operation in api.operations.values() for rule in operation.rules.rules]
    for plan in {plan.place: plan for rule in rules for plan in rule.faults}.values():
        if (wrong := contradiction(plan.fault, api)) is not None:
            yield Diagnostic(plan.place, wrong)


def impossible(fields: Fields, steps: Steps, values: Iterable[Any]) -> bool:
    """Whether the schema of a field refuses all of these values, so that a request with one never comes to a rule."""
    schema = fields.schema_of(steps)
    if not schema:
        return False
    try:
        validator = Schema(schema, fields.api.file.schemas)
    except Exception:  # the validator's own errors have no common root; a schema below another may need its context
        return False
    return not any(validator.fits(value) for value in values)
