"""The names that templates see while one request is answered; most are worked out only when asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from emulator.exchange import Caller, Incoming
from emulator.scenario.absent import ABSENT
from emulator.scenario.occasion import AGE, CHANCE

if TYPE_CHECKING:
    from emulator.scenario.plans import Rule
    from emulator.scenario.playbook import Operation
    from emulator.serving.fault import Fault
    from emulator.serving.limit import Allowance
    from emulator.serving.site import Site

Maker = Callable[["Scope"], Any]


class Scope(dict[str, Any]):
    """Names to values; a name that is not there yet is made once, by a `let` of the rule or operation, or by us."""

    __slots__ = ("allowance", "caller", "faults", "incoming", "makers", "number", "operation", "set_off", "site")

    def __init__(self, site: Site, incoming: Incoming, operation: Operation | None = None) -> None:
        self.site: Site = site
        self.incoming = incoming
        self.operation = operation
        self.makers: Mapping[str, Maker] = site.makers
        if operation is not None:
            self.makers, constants = site.names[operation.name]
            self.update(constants)
        self.caller: Caller | None = None
        self.allowance: Allowance | None = None
        self.number: int | str = 0  # of the exchange: what chance is drawn from
        self.faults: tuple[Fault, ...] = ()  # all that were asked for, those on what the request starts among them
        self.set_off: tuple[str, ...] = ()  # the names of those that went with what the request has started

    def __missing__(self, name: str) -> Any:
        value = self[name] = self.makers[name](self)
        return value

    def adopt(self, rule: Rule) -> None:
        """See what the rule's own `let` defines."""
        operation = self.operation
        if operation is not None and rule.makers is not operation.makers:
            self.makers = {**self.makers, **rule.makers}


def request_view(scope: Scope) -> dict[str, Any]:
    """What templates see as `request`."""
    incoming = scope.incoming
    return {
        "id": f"req_{scope.site.world.new_id()}",
        "method": incoming.method,
        "path": incoming.path,
        "origin": incoming.origin,
        "at": scope["now"],
    }


def limits_view(scope: Scope) -> Any:
    """What templates see as `limits`: the counters of the caller, as charged for this request."""
    return scope.allowance.states if scope.allowance is not None else {}


# What the occasions of a `when` look at; no template can, and no author can take the names.
OCCASION_MAKERS: Mapping[str, Maker] = {
    AGE: lambda scope: scope["now"] - scope.site.world.began,
    CHANCE: lambda scope: f"{scope.site.world.root}/{scope.number}",
}
REQUEST_MAKERS: Mapping[str, Maker] = {
    "request": request_view,
    "limits": limits_view,
    "now": lambda scope: scope.site.world.clock.now(),
    "header": lambda scope: scope.incoming.headers,
    "caller": lambda scope: scope.caller.view if scope.caller is not None else ABSENT,
    "path": lambda scope: scope.incoming.params,
}
