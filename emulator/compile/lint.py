"""Collisions: routes that nobody could reach, because their path is unreadable, ours, or another operation's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import combinations

from msgspec import Struct
from msgspec.structs import replace

from emulator.errors import Diagnostic, Location
from emulator.language.expressions import Language
from emulator.language.expressions.template import Template, compile_tree
from emulator.language.schema.provenance import provenance_within
from emulator.playbook import Api, Operation, Playbook
from emulator.playbook.headers import Headers
from emulator.playbook.matching import Matcher
from emulator.playbook.model import ReplyPlan, Rule
from emulator.playbook.routes import PARAMETER, Route
from emulator.playbook.rules import Checks, RuleSet

CONTROL = "/_emulator"
ANY_DEPTH = "{**}"


def route_conflicts(routes: Sequence[Route]) -> list[Diagnostic]:
    """Everything that is wrong with the paths of all APIs, which share one port."""
    wrong = {route: message for route in routes for message in _faults(route)}
    diagnostics = [Diagnostic(route.place, message) for route, message in wrong.items()]
    sound = [route for route in routes if route not in wrong]
    for earlier, later in combinations(sound, 2):
        if earlier.method == later.method and _collide(earlier, later):
            taken = f"{later.method} {later.path} is already served by {earlier.api} {earlier.operation}"
            advice = (
                "one port serves all APIs, so give one of them another path"
                if earlier.api != later.api
                else "give one of them another path, or each a host of its own"
            )
            diagnostics.append(Diagnostic(later.place, f"{taken} ({earlier.place}); {advice}"))
    return diagnostics


def _faults(route: Route) -> Iterator[str]:
    names = route.parameters
    if "{" in PARAMETER.sub("", route.path) or "}" in PARAMETER.sub("", route.path):
        yield f"{route.path}: expected parameters such as {{name}} or {{name:path}}"
    elif len(set(names)) < len(names):
        yield f"{route.path}: two parameters have the same name"
    elif route.path == CONTROL or route.path.startswith(f"{CONTROL}/"):
        yield f"{route.path}: paths below {CONTROL}/ belong to the emulator"


def _collide(one: Route, other: Route) -> bool:
    """Whether they would answer the same requests.

    Within an API the author's order says which of two overlapping paths is meant, a fixed one always; between two
    APIs nothing does.
    """
    if one.api == other.api:
        return one.shape == other.shape and (one.host is None or other.host is None or one.host == other.host)
    return _overlap(one.shape.split("/"), other.shape.split("/"))


def _overlap(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether some path is of both shapes, segment by segment."""
    if not one or not other:
        return not one and not other
    if ANY_DEPTH in other[0] and ANY_DEPTH not in one[0]:
        one, other = other, one
    if ANY_DEPTH in one[0]:
        # It takes one segment of the other, or more.
        return any(_overlap(one[1:], other[taken:]) for taken in range(1, len(other) + 1))
    return _meet(one[0], other[0]) and _overlap(one[1:], other[1:])


def _meet(one: str, other: str) -> bool:
    return one == other or _fits(one, other) or _fits(other, one)


def _fits(shape: str, text: str) -> bool:
    pattern = "[^/]+".join(re.escape(part) for part in shape.split("{*}"))
    return re.fullmatch(pattern, text) is not None


class _Spot(Struct, frozen=True):
    """Everything stands at one place."""

    place: Location

    def __call__(self, path: object) -> Location:
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
    if _is_documented(api, operation, operation.claims):
        rules = [_rule(api, operation, rule) for rule in operation.rules.rules]
        return replace(operation, rules=RuleSet(rules))
    place, message = operation.place, _refusal(api, operation, operation.claims, operation.place)
    reply = ReplyPlan(place, 200, Headers(), error="no_rule", message=message)
    refused = Rule(str(place), place, "", Matcher(), operation.lets, (), reply, (), operation.claims)
    # Whatever is asked is refused alike, and costs nothing.
    return replace(
        operation, request=None, query=None, checks=Checks(), cost={}, settle={}, usage=None, rules=RuleSet([refused])
    )


def _rule(api: Api, operation: Operation, rule: Rule) -> Rule:
    if rule.reply is None or not rule.claims or _is_documented(api, operation, rule.claims):
        return rule
    # `events` stay: a job's items pass over rules that answer with a stream.
    message = _refusal(api, operation, rule.claims, rule.place)
    reply = ReplyPlan(rule.place, 200, Headers(), events=rule.reply.events, error="no_rule", message=message)
    return replace(rule, steps=(), reply=reply, faults=())


def _is_documented(api: Api, operation: Operation, claims: Sequence[str]) -> bool:
    return any(provenance_within(operation, api.claims[claim]) != "invented" for claim in claims if claim in api.claims)


def _refusal(api: Api, operation: Operation, claims: Sequence[str], place: Location) -> Template:
    if any(api.claims[claim].grade != "invented" for claim in claims if claim in api.claims):
        why = "is of class invented"
    else:
        why = f"rests on invention only ({', '.join(claims)})" if claims else "cites nothing of it"
    text = f"The API's document does not promise this: {operation.name} {why}, and --documented-only was asked for."
    return compile_tree({"$literal": text}, Language(), _Spot(place))
