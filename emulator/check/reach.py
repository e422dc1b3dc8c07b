"""Finds rules that are never reached: an earlier rule answers first, their counters contradict each other, or the
operation refuses every request that they are for; and canned answers that an earlier one hides."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import PurePath

from emulator.check.fields import Fields
from emulator.check.lint import Loaded, impossible
from emulator.errors import Diagnostic, Location
from emulator.generate.answers import CannedAnswer
from emulator.language.document.diagnostics import did_you_mean
from emulator.playbook.apis import Api, Operation
from emulator.playbook.matching import AnyCheck, Check, FieldCheck, Matcher
from emulator.playbook.model import Rule
from emulator.playbook.operators import field_test, same

MAX_MATCHES = 10_000  # a rule whose counters let none of so many matches through is never reached


def unreachable(loaded: Loaded, wrong: Sequence[Diagnostic] = ()) -> Iterator[Diagnostic]:
    """Yields a diagnostic for each rule that answers no request of any operation that it is for.

    A rule in which something is `wrong` is passed over: what it matches is not known yet.
    """
    reached = {rule.place for rule in _wrong_rules(loaded, wrong)}
    unknown = frozenset(reached)
    why: dict[Location, str] = {}
    for api in loaded.playbook.apis.values():
        rows = {kind.rows.operation for kind in api.jobs.values() if kind.rows is not None}
        for operation in api.operations.values():
            for rule, reason in _reasons(api, operation, unknown, works_rows=operation.name in rows):
                if reason is None:
                    reached.add(rule.place)
                else:
                    why.setdefault(rule.place, reason)
    yield from (Diagnostic(place, reason) for place, reason in why.items() if place not in reached)


def _wrong_rules(loaded: Loaded, wrong: Sequence[Diagnostic]) -> Iterator[Rule]:
    """Yields the rules in which a diagnostic stands: the last one of its file that begins before it."""
    operations = [each for api in loaded.playbook.apis.values() for each in api.operations.values()]
    rules = {rule.place: rule for operation in operations for rule in operation.rules.rules} if wrong else {}
    for file, line, column in {(each.place.file, each.place.line, each.place.column) for each in wrong}:
        before = [at for at in rules if at.file == file and (at.line, at.column) <= (line, column)]
        if before:
            yield rules[max(before, key=lambda at: (at.line, at.column))]


def hidden_answers(loaded: Loaded) -> Iterator[Diagnostic]:
    """Yields a diagnostic for each canned answer that is never given: an earlier one of the file goes before."""
    apis = loaded.playbook.apis.values()
    operations = [(api.name, name) for api in apis for name, each in api.operations.items() if each.answer is not None]
    before: list[CannedAnswer] = []
    for answer in loaded.answers:
        concerned = [each for each in operations if answer.concerns(*each)]
        earlier = next((each for each in before if _says_before(each, answer, concerned)), None)
        if earlier is not None:
            place = f"{PurePath(earlier.place.file).name}:{earlier.place.line}"
            yield Diagnostic(answer.place, f"this answer is never given: that at {place} is given to all it is for")
        before.append(answer)


def _says_before(earlier: CannedAnswer, later: CannedAnswer, concerned: Iterable[tuple[str, str]]) -> bool:
    """Whether an earlier answer of the same file is given to every prompt that a later one is for."""
    if earlier.place.file != later.place.file or not all(earlier.concerns(*each) for each in concerned):
        return False
    if not earlier.prompts and not earlier.contains and earlier.pattern is None:
        return True
    if later.prompts:
        return all(_fits(earlier, text) for text in later.prompts)
    if later.pattern is not None:
        return earlier.pattern == later.pattern
    return bool(later.contains) and all(any(part in text for part in earlier.contains) for text in later.contains)


def _fits(answer: CannedAnswer, prompt: str) -> bool:
    if answer.pattern is not None:  # the punctuation that a prompt ends with is not known, so it must not matter
        return all(answer.search(f"{prompt}{end}") is not None for end in ("", ".", "?"))
    return prompt in answer.prompts or any(text in prompt for text in answer.contains)


def _reasons(
    api: Api, operation: Operation, unknown: Collection[Location], works_rows: bool
) -> Iterator[tuple[Rule, str | None]]:
    """Every rule of an operation but those that are `unknown`, with why it is never reached there."""
    fields = Fields(api, api.file.operations[operation.name])
    before: list[Rule] = []
    for rule in operation.rules.rules:
        if rule.place in unknown:
            continue
        reason = _counted_out(rule.matcher) or (None if rule.unchecked else _refused(rule.matcher, fields))
        if reason is None:
            earlier = next((each for each in before if _answers_for(each, rule, works_rows)), None)
            if earlier is not None:
                reason = f"this rule is never reached: {_named(earlier)} answers whatever it would match"
        yield rule, reason
        before.append(rule)


def _named(rule: Rule) -> str:
    place = f"{PurePath(rule.place.file).name}:{rule.place.line}"
    return f"the rule {rule.name!r} ({place})" if rule.name else f"the rule at {place}"


def _counted_out(matcher: Matcher) -> str | None:
    if not matcher.counters or any(matcher.admits(match) for match in range(1, MAX_MATCHES)):
        return None
    counters = " and ".join(f"`{name}: {wanted}`" for name, wanted in matcher.counters)
    return f"this rule is never reached: {counters} exclude each other"


def _refused(matcher: Matcher, fields: Fields) -> str | None:
    """Why no request has what a matcher wants: the schema or the API knows no such value."""
    reason = _unmet(matcher, fields)
    return None if reason is None else f"this rule is never reached: {reason}"


def _unmet(matcher: Matcher, fields: Fields) -> str | None:
    """Why no request meets one of the checks of a matcher; an `any` is not met if none of its mappings is."""
    for check in matcher.checks:
        reason = None
        if isinstance(check, AnyCheck):
            reasons = [_unmet(each, fields) for each in check.matchers]
            reason = "; ".join(filter(None, reasons)) if all(reasons) else None
        elif isinstance(check, FieldCheck) and check.values and check.query is None:
            reason = _never(check, fields)
        if reason:
            return reason
    return None


def _never(check: FieldCheck, fields: Fields) -> str | None:
    """Why a field is none of the values that a check names."""
    steps = tuple(check.field.split("."))
    if check.field == "caller.tier" and not any(value in fields.api.tiers for value in check.values):
        return f"no caller.tier is {_said(check)}; {did_you_mean(str(check.values[0]), fields.api.tiers)}"
    if steps[0] == "body" and len(steps) > 1 and fields.part.request is None:
        return f"{check.field} is {_said(check)}, and no body is read here"
    untyped = steps[0] == "query" and not fields.schema_of(steps)
    if (untyped or steps[0] in ("header", "path")) and not any(isinstance(value, str) for value in check.values):
        return f"{check.field} is text, and {_said(check)} is not; write it in quotes"
    if impossible(fields, steps, check.values):
        return f"the schema of the request refuses {_said(check)} as {check.field}"
    return None


def _said(check: FieldCheck) -> str:
    return " or ".join(map(repr, check.values))


def _answers_for(earlier: Rule, later: Rule, works_rows: bool) -> bool:
    """Whether an earlier rule of the same file answers every request that a later one matches."""
    if (
        not all(each.reply is not None or each.answer is not None for each in earlier.each)
        or earlier.matcher.counters
        or earlier.place.file != later.place.file
        or (earlier.replies is not None and earlier.replies.then == "next")
    ):
        return False
    # A job's rows pass over rules that answer with a stream.
    if any(map(_streams, earlier.each)) and works_rows and not all(map(_streams, later.each)):
        return False
    return all(any(_implies(known, wanted) for known in later.matcher.checks) for wanted in earlier.matcher.checks)


def _streams(rule: Rule) -> bool:
    return rule.reply is not None and rule.reply.events is not None


def _implies(known: Check, wanted: Check) -> bool:
    """Whether one check holds whenever another does."""
    if not isinstance(known, FieldCheck) or not isinstance(wanted, FieldCheck):
        return _alike(known, wanted)
    if (known.field, known.query) != (wanted.field, wanted.query):
        return False
    if same(known.operand, wanted.operand):
        return True
    return bool(known.values) and all(map(field_test(wanted.operand), known.values))


def _alike(one: Check, other: Check) -> bool:
    """Whether two checks that are no comparisons ask the same: an expression is known by its source."""
    source = getattr(one, "source", None)
    return type(one) is type(other) and source is not None and source == getattr(other, "source", None)
