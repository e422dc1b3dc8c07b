"""Validating: is the request as the API wants it? What is not is refused before it costs anything."""

from __future__ import annotations

from urllib.parse import parse_qsl

from emulator.errors import ApiError
from emulator.scenario.playbook import Operation
from emulator.serving import body
from emulator.serving.scope import Scope

MOST_FIELDS = 1_000


def validate(scope: Scope, operation: Operation) -> bool:
    """Put `body` and `query` into the scope, checked. Raises ApiError, as a rule `invalid`.

    False: they are to be refused, but a rule that is `unchecked` answers all the same.
    """
    read_form(scope, operation)
    try:
        check_form(scope, operation)
        _ask(scope, operation)
    except ApiError:
        if not _unchecked(scope, operation):
            raise
        return False
    return True


def read_form(scope: Scope, operation: Operation) -> None:
    """Put `body` and `query` into the scope, of the types that their schemas want. Raises ApiError when they can't be
    read."""
    incoming = scope.incoming
    if operation.request is not None:
        kind = incoming.fields.get(b"content-type")
        scope["body"] = body.parse(operation, None if kind is None else kind.decode("latin-1"), incoming.raw)
    if operation.query is not None:
        scope["query"] = operation.query.convert(_query(incoming.query))
    elif incoming.query:
        scope["query"] = _query(incoming.query)
    else:
        scope["query"] = {}


def check_form(scope: Scope, operation: Operation) -> None:
    """Compare `body` and `query` with their schemas, which fill in what was left out. Raises ApiError."""
    if operation.request is not None:
        operation.request.check(scope["body"], "body")
    if operation.query is not None:
        operation.query.check(scope["query"], "query")


def refuse(scope: Scope, operation: Operation) -> None:
    """Ask the operation's checks; the first that matches refuses, unless a rule that is `unchecked` matches."""
    try:
        _ask(scope, operation)
    except ApiError:
        if not _unchecked(scope, operation):
            raise


def _ask(scope: Scope, operation: Operation) -> None:
    check = operation.checks.first(scope)
    if check is not None:
        message = str(check.message.value(scope)) if check.message is not None else ""
        param = check.param.maybe(scope) or None if check.param is not None else None
        raise ApiError(check.error, message, param=param)


def _unchecked(scope: Scope, operation: Operation) -> bool:
    return any(rule.unchecked and rule.matcher.matches(scope) for rule in operation.rules.rules)


def _query(text: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError as error:
        raise ApiError("invalid", f"the query is not readable: {error}") from error
