"""Collisions: routes that nobody could reach, because their path is unreadable, ours, or another operation's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import combinations

from emulator.errors import Diagnostic
from emulator.playbook.routes import PARAMETER, Route

CONTROL = "/_emulator"
ANY_DEPTH = "{**}"


def route_conflicts(routes: Sequence[Route]) -> list[Diagnostic]:
    """Everything that is wrong with the paths of all APIs, which share one port."""
    wrong = {route: message for route in routes for message in _faults(route)}
    diagnostics = [Diagnostic(route.place, message) for route, message in wrong.items()]
    sound = [route for route in routes if route not in wrong]
    for earlier, later in combinations(sound, 2):
        shared = earlier.api != later.api and earlier.shared != later.shared
        if earlier.method == later.method and not shared and _collide(earlier, later):
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
