"""Validates a request against its schema and the operation's checks, before it costs anything."""

from __future__ import annotations

from urllib.parse import parse_qsl

from emulator.clock.turns import Turns
from emulator.engine import body
from emulator.engine.coding import HEADER as CODING_HEADER
from emulator.engine.coding import Grow, decode_in_turns
from emulator.engine.context import Context
from emulator.errors import ApiError
from emulator.http.exact_json import LONG_BODY, read_in_turns
from emulator.http.request import Request
from emulator.playbook.apis import Operation
from emulator.playbook.json_schema import Schema
from emulator.playbook.model import CheckPlan
from emulator.store.views import gather

FORM = frozenset({"form"})
JSON = body.JSON.encode()


def prepare(request: Request, operation: Operation, limit: int, grow: Grow) -> Turns[None]:
    """Decodes the body of a request, and reads JSON that is long; yields whenever others should get a turn.

    Raises ApiError as `decode_in_turns` does; why JSON can't be read is raised once the caller is known.
    """
    if CODING_HEADER in request.fields:
        request.raw = yield from decode_in_turns(request, limit, grow)
    if len(request.raw) > LONG_BODY and operation.request is not None and operation.accept != FORM:
        try:
            request.content = yield from read_in_turns(request.raw)
        except ApiError as error:
            request.content = error


def validate(context: Context, operation: Operation) -> bool:
    """Puts `body` and `query` into the context, checked. Raises ApiError, usually `invalid`.

    Returns False when they are invalid but a rule that is `unchecked` answers them anyway.
    """
    known = read_form(context, operation)
    try:
        if not known or operation.query is not None:
            check_form(context, operation, known)
        if (check := operation.checks.first(context)) is not None:
            raise _refusal(check, context)
    except ApiError:
        if not _unchecked(context, operation):
            raise
        return False
    return True


def read_form(context: Context, operation: Operation) -> bool:
    """Puts `body` and `query` into the context, with the types that their schemas name; whether the body is known, and
    so need not be checked. Raises ApiError when they can't be read."""
    request, schema = context.request, operation.request
    known = None
    if schema is not None:
        kind = request.fields.get(b"content-type")
        if kind == JSON and "json" in operation.accept:
            known = schema.recall(request.raw)
        if known is not None:
            context["body"] = known
        else:
            kind_name = None if kind is None else kind.decode("latin-1")
            context["body"] = body.parse(operation, kind_name, request.raw, request.content)
    if operation.query is not None:
        context["query"] = operation.query.convert(_query(request.query, operation.query))
    elif request.query:
        context["query"] = _query(request.query, None)
    else:
        context["query"] = {}
    return known is not None


def check_form(context: Context, operation: Operation, known: bool = False) -> None:
    """Checks `body`, unless it is `known`, and `query` against their schemas, which fill in defaults. Raises ApiError.

    Fields that no schema names are noted, or refused, as the API's `unknown_fields` says.
    """
    if operation.request is not None and not known:
        _check(operation.request, "body", context, operation)
    if operation.query is not None:
        _check(operation.query, "query", context, operation)


def _check(schema: Schema, name: str, context: Context, operation: Operation) -> None:
    value = context[name]
    if operation.unknown_fields == "ignore":
        schema.check(value, name)
    elif schema.is_plain(value):
        schema.fill(value)
        if name == "body" and context.request.fields.get(b"content-type") == JSON:
            schema.remember(context.request.raw, value)
    else:
        schema.require(value, name)
        unknown = schema.unknown(value)
        schema.fill(value)
        if unknown and operation.unknown_fields == "refuse":
            error = ApiError("invalid", f"{unknown[0]}: this field is not documented", param=unknown[0])
            error.decided_by = schema
            raise error
        context.ignored += tuple(unknown)


def refuse(context: Context, operation: Operation) -> None:
    """Runs the operation's checks; the first that matches refuses, unless a rule that is `unchecked` matches."""
    try:
        if (check := operation.checks.first(context)) is not None:
            raise _refusal(check, context)
    except ApiError:
        if not _unchecked(context, operation):
            raise


def _refusal(check: CheckPlan, context: Context) -> ApiError:
    message = str(check.message.value(context)) if check.message is not None else ""
    param = check.param.maybe(context) or None if check.param is not None else None
    error = ApiError(check.error, message, param=param)
    error.decided_by = check
    return error


def _unchecked(context: Context, operation: Operation) -> bool:
    return any(rule.unchecked and rule.matcher.matches(context) for rule in operation.rules.rules)


def _query(text: str, schema: Schema | None) -> dict[str, str | list[str]]:
    """Returns the parameters of a query. Raises ApiError for one that comes twice where its schema wants no list."""
    if 1 + text.count("&") > body.MAX_FIELDS:
        raise ApiError("invalid", f"the query has more than {body.MAX_FIELDS:,} fields")
    pairs = parse_qsl(text, keep_blank_values=True)
    query: dict[str, str | list[str]] = dict(pairs)
    if len(query) < len(pairs):
        query = {**gather(pairs)}
        for name, value in query.items():
            if isinstance(value, list) and not (schema is not None and schema.wants_list(name)):
                raise ApiError("invalid", f"{name}: given more than once", param=name)
    return query
