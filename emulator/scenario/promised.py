"""Answering from documents only: what rests on nothing but invention is made to say so, when scenarios are read."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from emulator.errors import Place
from emulator.scenario.checks import Checks
from emulator.scenario.expression import Language
from emulator.scenario.grades import grade_within
from emulator.scenario.headers import Headers
from emulator.scenario.match import Matcher
from emulator.scenario.plans import ReplyPlan, Rule
from emulator.scenario.playbook import Api, Operation, Playbook
from emulator.scenario.rulebook import RuleBook
from emulator.scenario.template import Template, compile_tree


class _Spot(Struct, frozen=True):
    """Everything stands at one place."""

    place: Place

    def __call__(self, path: object) -> Place:
        return self.place


def documented_only(playbook: Playbook) -> Playbook:
    """The same playbook, but operations answer `no_rule` when every claim they cite is invented, or they cite none, or
    they are themselves of class `invented`.

    A rule that cites claims is judged by its own; one that cites none stands or falls with its operation.
    """
    return replace(playbook, apis={name: _api(api) for name, api in playbook.apis.items()})


def _api(api: Api) -> Api:
    return replace(api, operations={name: _operation(api, each) for name, each in api.operations.items()})


def _operation(api: Api, operation: Operation) -> Operation:
    if _promised(api, operation, operation.claims):
        rules = [_rule(api, operation, rule) for rule in operation.rules.rules]
        return replace(operation, rules=RuleBook(rules))
    place, message = operation.place, _refusal(api, operation, operation.claims, operation.place)
    reply = ReplyPlan(place, 200, Headers(), error="no_rule", message=message)
    refused = Rule(str(place), place, "", Matcher(), operation.makers, (), reply, (), operation.claims)
    # Whatever is asked is refused alike, and costs nothing.
    return replace(
        operation, request=None, query=None, checks=Checks(), cost={}, settle={}, usage=None, rules=RuleBook([refused])
    )


def _rule(api: Api, operation: Operation, rule: Rule) -> Rule:
    if rule.reply is None or not rule.claims or _promised(api, operation, rule.claims):
        return rule
    # `events` stay: a job's items pass over rules that answer with a stream.
    message = _refusal(api, operation, rule.claims, rule.place)
    reply = ReplyPlan(rule.place, 200, Headers(), events=rule.reply.events, error="no_rule", message=message)
    return replace(rule, steps=(), reply=reply, faults=())


def _promised(api: Api, operation: Operation, claims: Sequence[str]) -> bool:
    return any(grade_within(operation, api.claims[claim]) != "invented" for claim in claims if claim in api.claims)


def _refusal(api: Api, operation: Operation, claims: Sequence[str], place: Place) -> Template:
    if any(api.claims[claim].grade != "invented" for claim in claims if claim in api.claims):
        why = "is of class invented"
    else:
        why = f"rests on invention only ({', '.join(claims)})" if claims else "cites nothing of it"
    text = f"The API's document does not promise this: {operation.name} {why}, and --documented-only was asked for."
    return compile_tree({"$literal": text}, Language(), _Spot(place))
