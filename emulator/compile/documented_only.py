"""Documented only: a playbook that refuses, with the error `no_rule`, whatever its documents do not promise.

That is a route, a rule or a field of class `invented`, or one that cites invented claims only, and a record of class
`invented`. The refusal names it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from emulator.errors import ApiError, Location
from emulator.language.expressions import Language
from emulator.language.expressions.template import Template, compile_tree
from emulator.language.schema.provenance import Provenance
from emulator.playbook.apis import Api, Operation, Playbook
from emulator.playbook.headers import Headers
from emulator.playbook.json_schema import Schema
from emulator.playbook.matching import Matcher
from emulator.playbook.model import CollectionPlan, ReplyPlan, Rule
from emulator.playbook.rules import Checks, RuleSet

SENTENCE = "The API's document does not promise this: {}, and --documented-only was asked for."


def documented_only(playbook: Playbook) -> Playbook:
    """The same playbook, but it refuses what no document promises.

    A rule that cites claims is judged by its own; one that cites none stands or falls with its operation. Credentials
    of class `invented` are not known.
    """
    return replace(playbook, apis={name: _api(api) for name, api in playbook.apis.items()})


def _api(api: Api) -> Api:
    return replace(
        api,
        credentials=tuple(each for each in api.credentials if each.grade != "invented"),
        collections={name: _collection(each) for name, each in api.collections.items()},
        operations={name: _operation(api, each) for name, each in api.operations.items()},
    )


def _collection(plan: CollectionPlan) -> CollectionPlan:
    invented = [each for each in plan.cited() if each.grade == "invented"]
    return replace(plan, refused={each.id: SENTENCE.format(f"{plan.name}/{each.id} is invented") for each in invented})


def _operation(api: Api, operation: Operation) -> Operation:
    why = _objection(api, operation.claims, operation.grade)
    if why is None:
        return replace(
            operation,
            request=_schema(operation.request, api, operation, "body"),
            query=_schema(operation.query, api, operation, "query"),
            rules=operation.rules.replaced(partial(_rule, api, operation)),
        )
    place, message = operation.place, _refusal(operation, why, operation.place)
    reply = ReplyPlan(place, 200, Headers(), error="no_rule", message=message)
    refused = Rule(str(place), place, "", Matcher(), operation.lets, (), reply, (), operation.claims)
    # Whatever is asked is refused alike, and costs nothing.
    return replace(
        operation, request=None, query=None, checks=Checks(), cost={}, settle={}, usage=None, rules=RuleSet([refused])
    )


def _rule(api: Api, operation: Operation, rule: Rule) -> Rule:
    why = _objection(api, rule.claims or operation.claims, rule.grade)
    if rule.replies is not None:
        replies = replace(rule.replies, rules=tuple(_rule(api, operation, each) for each in rule.replies.rules))
        return replace(rule, replies=replies)
    if rule.reply is None or why is None:
        return rule
    # `events` stay: a job's items pass over rules that answer with a stream.
    message = _refusal(operation, why, rule.place)
    reply = ReplyPlan(rule.place, 200, Headers(), events=rule.reply.events, error="no_rule", message=message)
    return replace(rule, steps=(), reply=reply, faults=())


def _objection(api: Api, claims: Sequence[str], grade: Provenance | None) -> str | None:
    """Returns why a part is not documented, or None."""
    if grade == "invented":
        return "is of class invented" + (f" ({', '.join(claims)})" if claims else "")
    if any(api.claims[claim].grade != "invented" for claim in claims if claim in api.claims):
        return None
    return f"rests on invention only ({', '.join(claims)})" if claims else "cites nothing of it"


class _OnePlace(Struct, frozen=True):
    """Everything stands at one place."""

    place: Location

    def __call__(self, path: object) -> Location:
        return self.place


def _refusal(operation: Operation, why: str, place: Location) -> Template:
    text = SENTENCE.format(f"{operation.name} {why}")
    return compile_tree({"$literal": text}, Language(), _OnePlace(place))


def _schema(schema: Schema | None, api: Api, operation: Operation, what: str) -> Schema | None:
    return None if schema is None else _DocumentedSchema(schema, api, operation, what)


class _DocumentedSchema(Schema):
    """A schema that refuses fields of class `invented`, those that cite invented claims only, and, where unknown fields
    are not ignored, those that it does not name."""

    def __init__(self, schema: Schema, api: Api, operation: Operation, what: str) -> None:
        super().__init__(*schema.source)
        self._api = api
        self._is_closed = operation.unknown_fields != "ignore"
        self._what = what

    def is_plain(self, value: Any) -> bool:
        """Whether a value is known to fit, and has documented fields only."""
        return super().is_plain(value) and not any(self._undocumented(value))

    def require(self, value: Any, what: str) -> None:
        """Raises ApiError `no_rule` for a field that is not documented, and else as a schema does."""
        for name, why in self._undocumented(value):
            error = ApiError("no_rule", SENTENCE.format(f"{name} {why}"), param=name.partition(".")[2])
            error.decided_by = self
            raise error
        super().require(value, what)

    def _undocumented(self, value: Any) -> Iterator[tuple[str, str]]:
        """Yields the fields that are not documented, and why not."""
        for field in self.marks.used(value, self._what):
            if field.claims or field.grade is not None:
                why = _objection(self._api, field.claims, field.grade)
                if why is not None:
                    yield field.name, why
        for name in self.unknown(value) if self._is_closed else ():
            yield f"{self._what}.{name}", "is not named in it"
