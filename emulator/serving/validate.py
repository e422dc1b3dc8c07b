"""Validating: is the request as the API wants it? What is not is refused before it costs anything."""

from __future__ import annotations

from urllib.parse import parse_qsl

from emulator.errors import ApiError
from emulator.scenario.playbook import Operation
from emulator.serving import body
from emulator.serving.scope import Scope

MOST_FIELDS = 1_000


def validate(scope: Scope, operation: Operation) -> None:
    """Put `body` and `query` into the scope, checked. Raises ApiError, as a rule `invalid`."""
    check_form(scope, operation)
    refuse(scope, operation)


def check_form(scope: Scope, operation: Operation) -> None:
    """Put `body` and `query` into the scope, as their schemas want them. Raises ApiError, as a rule `invalid`."""
    incoming = scope.incoming
    if operation.request is not None:
        kind = incoming.fields.get(b"content-type")
        scope["body"] = said = body.parse(operation, None if kind is None else kind.decode("latin-1"), incoming.raw)
        operation.request.check(said, "body")
    if operation.query is not None:
        said = operation.query.convert(_query(incoming.query))
        operation.query.check(said, "query")
        scope["query"] = said
    elif incoming.query:
        scope["query"] = _query(incoming.query)
    else:
        scope["query"] = {}


def refuse(scope: Scope, operation: Operation) -> None:
    """Ask the operation's checks; the first that matches refuses, unless a rule that is `unchecked` matches."""
    check = operation.checks.first(scope)
    if check is not None and not any(rule.unchecked and rule.matcher.matches(scope) for rule in operation.rules.rules):
        message = str(check.message.value(scope)) if check.message is not None else ""
        param = check.param.maybe(scope) or None if check.param is not None else None
        raise ApiError(check.error, message, param=param)


def _query(text: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError as error:
        raise ApiError("invalid", f"the query is not readable: {error}") from error
