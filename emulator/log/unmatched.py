"""Says which rules of scenarios do not match what comes: once for each, when so many requests passed over it.

Most often it is one wrong letter. It is worked out where lines of the log are made, not while a request is answered,
and once for an operation: from then on its requests cost a look-up.
"""

from __future__ import annotations

from collections.abc import Iterator
from weakref import WeakKeyDictionary

from msgspec import Struct, field

from emulator.http.exchange import Exchange
from emulator.playbook.apis import Playbook
from emulator.store.passed_over import passed_over
from emulator.worlds.explained import TracedRule
from emulator.worlds.explanation import compared
from emulator.worlds.world import World

REQUESTS = 3  # that must have passed over a rule
MAX_VALUE = 200  # characters of a value
MAX_RULES = 3  # of an operation that are named, the nearest
BY_DESIGN = frozenset(("probability", "age"))  # what a rule that is as it should be differs in now and then


class UnmatchedRule(Struct, frozen=True):
    """A rule that has not matched so many `requests` to an operation; `differences` are those of the last, in words."""

    rule: str
    requests: int
    operation: str
    differences: str

    def __str__(self) -> str:
        return f"{self.rule} has not matched {self.requests} requests to {self.operation}; {self.differences}"


class _Unmatched(Struct):
    """What came to the operations of one world by one playbook; None: what there is to say of it was said."""

    playbook: Playbook
    passed: dict[tuple[str, str], list[Exchange] | None] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)


class UnmatchedRules:
    """Watches exchanges for rules that are passed over."""

    def __init__(self) -> None:
        self._worlds: WeakKeyDictionary[World, _Unmatched] = WeakKeyDictionary()

    def see(self, world: World, exchange: Exchange) -> list[UnmatchedRule]:
        """Takes an exchange that has ended; returns the rules that are to be named now."""
        seen = self._worlds.get(world)
        if seen is None or seen.playbook is not world.playbook:
            seen = self._worlds[world] = _Unmatched(world.playbook)
        place = exchange.api, exchange.operation
        passed = seen.passed.setdefault(place, [])
        if passed is None or not passed_over(exchange, world.playbook):
            return []
        passed.append(exchange)
        if len(passed) < REQUESTS:
            return []
        seen.passed[place] = None
        found = [each for each in _never(world, passed) if each.rule not in seen.named]
        seen.named.update(each.rule for each in found)
        return found


def _never(world: World, passed: list[Exchange]) -> Iterator[UnmatchedRule]:
    """Yields the nearest of the rules that differ from all of these exchanges."""
    *earlier, last = [near(compared(exchange, world)) for exchange in passed]
    places = [{rule.place for rule in rules} for rules in earlier]
    for rule in [rule for rule in last if all(rule.place in known for known in places)][:MAX_RULES]:
        words = "; ".join(each.shortened(MAX_VALUE) for each in rule.differences)
        yield UnmatchedRule(rule.place, len(passed), passed[-1].operation, words)


def near(rules: list[TracedRule]) -> list[TracedRule]:
    """Returns the rules of scenarios that differ from a request in what it says, the nearest first."""
    differing = [rule for rule in rules if rule.source == "scenario" and rule.outcome == "differs"]
    said = [rule for rule in differing if any(_is_said(each.field, each.counter) for each in rule.differences)]
    return sorted(said, key=lambda rule: len(rule.differences))


def _is_said(field: str, counter: bool) -> bool:
    return not counter and field not in BY_DESIGN
