"""The context of one request: the names that templates see, most of them computed when first used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from emulator.errors import ApiError
from emulator.http import Caller, Reply, Request
from emulator.language.expressions.runtime import MISSING
from emulator.language.expressions.template import Template
from emulator.playbook.matching import AGE, CHANCE
from emulator.store.ids import hex_id, uuid_id

if TYPE_CHECKING:
    from emulator.engine.service import Service
    from emulator.faults import Fault
    from emulator.playbook import Api, Operation
    from emulator.playbook.model import Rule
    from emulator.store.limits import Allowance
    from emulator.store.tokens import Tokens

Maker = Callable[["Context"], Any]
NO_LETS: Mapping[str, Template] = {}


class Context(dict[str, Any]):
    """Maps names to values; a missing one is computed once, by a `let` of the rule or operation, or by a maker."""

    __slots__ = (
        "allowance",
        "caller",
        "faults",
        "ids",
        "lets",
        "makers",
        "number",
        "operation",
        "request",
        "service",
        "set_off",
    )

    def __init__(self, service: Service, request: Request, operation: Operation | None = None) -> None:
        self.service: Service = service
        self.request = request
        self.operation = operation
        self.lets: Mapping[str, Template] = operation.lets if operation is not None else NO_LETS
        self.makers: Mapping[str, Maker] = service.makers
        if operation is not None:
            self.makers, constants = service.names[operation.name]
            self.update(constants)
        self.caller: Caller | None = None
        self.allowance: Allowance | None = None
        self.number: int | str = 0  # of the exchange: what chance is drawn from
        self.ids = 0  # how many were made
        self.faults: tuple[Fault, ...] = ()  # all that play, including those on what the request starts
        self.set_off: tuple[str, ...] = ()  # the names of those on what the request has started

    def __missing__(self, name: str) -> Any:
        let = self.lets.get(name)
        value = self[name] = self.makers[name](self) if let is None else let.maybe(self)
        return value

    @property
    def api(self) -> Api:
        """The API that the request is for."""
        return self.service.api

    @property
    def tokens(self) -> Tokens:
        """The access tokens of the API in this world."""
        return self.service.tokens

    def error_reply(self, error: ApiError) -> Reply:
        """The error in the shape that the API, or the operation, gives its errors. Raises TemplateError."""
        return self.service.error_reply(error, self)

    def new_id(self, length: int = 24) -> str:
        """Lower-case hexadecimal digits, unique in this world for all practical purposes."""
        self.ids += 1
        return hex_id(self.service.state.root, self.number, self.ids, length)

    def new_uuid(self) -> str:
        """A version 4 UUID (RFC 9562)."""
        self.ids += 1
        return uuid_id(self.service.state.root, self.number, self.ids)

    def adopt(self, rule: Rule) -> None:
        """Adds the names that the rule's own `let` defines."""
        self.lets = rule.lets


def request_view(context: Context) -> dict[str, Any]:
    """Returns what templates see as `request`."""
    request = context.request
    return {
        "id": f"req_{context.new_id()}",
        "method": request.method,
        "path": request.path,
        "origin": request.origin,
        "at": context["now"],
    }


def limits_view(context: Context) -> Any:
    """Returns what templates see as `limits`: the caller's counters, with this request charged."""
    return context.allowance.states if context.allowance is not None else {}


# What the conditions `after`, `for` and `probability` of a `when` use; no template can use these names.
CONDITION_MAKERS: Mapping[str, Maker] = {
    AGE: lambda context: context["now"] - context.service.state.began,
    CHANCE: lambda context: f"{context.service.state.root}/{context.number}",
}
REQUEST_MAKERS: Mapping[str, Maker] = {
    "request": request_view,
    "limits": limits_view,
    "now": lambda context: context.service.state.clock.now(),
    "header": lambda context: context.request.headers,
    "caller": lambda context: context.caller.view if context.caller is not None else MISSING,
    "path": lambda context: context.request.params,
}
