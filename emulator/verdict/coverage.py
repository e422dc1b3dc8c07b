"""Coverage: which rules of scenarios answered, which faults played, and how each operation that was called ended.

It is counted exchange by exchange as they end, so neither the journal's bounds nor a reset take anything away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct, field

from emulator.http.exchange import Exchange
from emulator.playbook.expectations import ListedRule

OUTCOMES = ("ok", "4xx", "429", "5xx", "cut", "stalled", "late")
STALLING = frozenset(("stall_after", "timeout"))
DELAYING = frozenset(("latency", "bandwidth", "slow_close"))
OF_STREAMS = ("cut", "stalled")
NEEDED = ("429", "5xx")  # what each operation should be seen to end with, beside those of streams
NOT_COMPARED = "not compared: too many rules before it have not answered"
Streams = Callable[[Exchange], bool]  # whether the operation of an exchange may answer with a stream


class OperationUse(Struct):
    """How calls of an operation ended: each counts once, as the first of OUTCOMES, from the right, that it was."""

    streams: bool = False
    outcomes: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)

    def add(self, exchange: Exchange) -> None:
        """Counts an exchange."""
        self.outcomes[outcome_of(exchange)] += 1
        self.statuses[exchange.status] += 1
        self.faults.update(exchange.faults)

    def merge(self, other: OperationUse) -> None:
        """Adds what was counted elsewhere."""
        self.streams = self.streams or other.streams
        self.outcomes.update(other.outcomes)
        self.statuses.update(other.statuses)
        self.faults.update(other.faults)


def outcome_of(exchange: Exchange) -> str:
    """Returns how a call ended for the client: one of OUTCOMES, or `left` if it went before there was a response."""
    if STALLING.intersection(exchange.faults):
        return "stalled"
    if exchange.outcome == "cut":
        return "cut"
    if exchange.status >= 500:
        return "5xx"
    if exchange.status >= 400:
        return "429" if exchange.status == 429 else "4xx"
    if not exchange.status:
        return "left"
    return "late" if DELAYING.intersection(exchange.faults) else "ok"


class Usage:
    """What was used: of one world, or of all of them. `near` says of the first rules that did not answer what came
    nearest, nothing if no request came."""

    def __init__(self) -> None:
        self.operations: dict[tuple[str, str], OperationUse] = {}
        self.used: Counter[str] = Counter()
        self.rules: dict[str, ListedRule] = {}
        self.near: dict[str, str] = {}

    def add(self, exchange: Exchange, streams: Streams) -> None:
        """Counts an exchange that has ended."""
        self.used[exchange.rule] += 1
        self.used.update(exchange.used)
        if not exchange.operation:
            return
        key = (exchange.api, exchange.operation)
        use = self.operations.get(key)
        if use is None:
            use = self.operations[key] = OperationUse(streams(exchange))
        use.add(exchange)

    def register(self, rules: Iterable[ListedRule]) -> None:
        """Takes in the rules that are played from now on. Those that were edited away, unused, are forgotten."""
        played = {str(rule.place): rule for rule in rules}
        files = {rule.place.file for rule in played.values()}
        gone = [id for id, rule in self.rules.items() if rule.place.file in files and id not in played]
        for id in gone:
            if not self.times(self.rules[id]):
                del self.rules[id]
        self.rules.update(played)

    def merge(self, other: Usage) -> None:
        """Adds what was counted elsewhere."""
        for key, use in other.operations.items():
            self.operations.setdefault(key, OperationUse()).merge(use)
        self.used.update(other.used)
        self.rules.update(other.rules)
        self.near.update({id: text for id, text in other.near.items() if text or id not in self.near})

    @property
    def idle(self) -> Iterator[tuple[str, ListedRule]]:
        """The rules that have not answered, in order, each after its id."""
        return ((id, rule) for id, rule in self.rules.items() if not self.times(rule))

    def times(self, rule: ListedRule) -> int:
        """How often a rule answered; of one that only adds faults, how often those played."""
        return sum(self.used[id] for id in rule.ids)


class FaultUse(Struct, frozen=True):
    """A fault of a rule, and how often it has played."""

    name: str
    played: int


class RuleUse(Struct, frozen=True):
    """A rule, and how often it has `answered`, of several `replies` each; a rule that only adds faults has none.

    `kind` is `rule`, or `answer` for one of the `answers` of a scenario; `nearest` is the request that came nearest, if
    it has not answered; of many such rules, only the first are compared with requests.
    """

    file: str
    line: int
    name: str
    kind: str
    answered: int
    replies: tuple[int, ...]
    faults: tuple[FaultUse, ...]
    nearest: str = ""


class OperationCoverage(Struct, frozen=True):
    """How calls of an operation ended, by outcome, status and fault; `never` are the outcomes that nobody saw."""

    api: str
    operation: str
    calls: int
    streams: bool
    outcomes: dict[str, int]
    statuses: dict[int, int]
    faults: dict[str, int]
    never: tuple[str, ...]


def rule_uses(usage: Usage) -> list[RuleUse]:
    """How often each rule was used, in order."""
    found = []
    for id, rule in usage.rules.items():
        faults = tuple(FaultUse(each.name, usage.used[each.id]) for each in rule.faults)
        replies = tuple(usage.used[each] for each in rule.replies)
        nearest = "" if usage.times(rule) else usage.near.get(id, NOT_COMPARED)
        kind = "answer" if rule.canned else "rule"
        place = rule.place
        found.append(RuleUse(place.file, place.line, rule.name, kind, sum(replies), replies, faults, nearest))
    return found


def operation_coverage(usage: Usage) -> list[OperationCoverage]:
    """How each operation that was called ended."""
    return [_covered(*key, use) for key, use in sorted(usage.operations.items())]


def _covered(api: str, operation: str, use: OperationUse) -> OperationCoverage:
    expected = (*NEEDED, *OF_STREAMS) if use.streams else NEEDED
    outcomes = {name: use.outcomes[name] for name in OUTCOMES}
    return OperationCoverage(
        api,
        operation,
        use.outcomes.total(),
        use.streams,
        outcomes,
        dict(sorted(use.statuses.items())),
        dict(sorted(use.faults.items())),
        tuple(name for name in expected if not outcomes[name]),
    )
