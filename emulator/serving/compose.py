"""Composing: status, header lines and body of an answer, errors in the API's own shape among them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.errors import ApiError, Place, TemplateError
from emulator.exchange import Reply
from emulator.scenario.plans import ErrorPlan, ReplyPlan
from emulator.scenario.template import Template
from emulator.serving.scope import Scope


def compose(plan: ReplyPlan, scope: Scope) -> Reply:
    """Status, headers and body of a reply that is no error; events are not laid out here."""
    status = plan.status
    if not isinstance(status, int):
        status = _status(status.value(scope), plan.place)
    if plan.body is not None:
        body = plan.body.json(scope)
    elif plan.text is not None:
        body = str(plan.text.value(scope)).encode()
    else:
        body = b""
    return Reply(status, plan.headers.lines(scope), body)


def _status(status: Any, place: Place) -> int:
    if isinstance(status, bool) or not isinstance(status, int) or not 200 <= status <= 599:
        raise TemplateError(place, f"{status!r} is not a status; expected 200 to 599")
    return status


def refusal(plan: ReplyPlan, scope: Scope) -> ApiError:
    """The error that a reply names. Raises TemplateError when its message or data fail."""
    assert plan.error is not None
    message = str(plan.message.value(scope)) if plan.message is not None else ""
    param = plan.param.maybe(scope) or None if plan.param is not None else None
    values = {name: part.value(scope) for name, part in plan.data.items()}
    if "status" in values:
        _status(values["status"], plan.data["status"].place)
    return ApiError(plan.error, message, param=param, **values)


def render_error(plan: ErrorPlan, error: ApiError, scope: Scope) -> Reply:
    """An error in the API's own shape. Raises TemplateError when that shape fails."""
    shown: dict[str, Any] = {
        "kind": plan.kind,
        "status": plan.status,
        "type": plan.type,
        "detail": error.detail,
        "param": error.param,
        **plan.data,
        **error.values,
    }
    scope["error"] = shown
    for name in ("status", "type"):
        if isinstance(shown[name], Template):
            shown[name] = shown[name].value(scope)
    status = _status(shown["status"], plan.place)
    if "message" not in shown:
        shown["message"] = str(plan.message.value(scope)) if plan.message is not None else error.detail or plan.kind
    return Reply(status, plan.headers.lines(scope), plan.body.json(scope))


def error_plan(errors: Mapping[str, ErrorPlan], renamed: Mapping[str, str], kind: str) -> ErrorPlan:
    """How an API says a kind of error, perhaps under the name that the operation gives it."""
    return errors.get(renamed.get(kind, kind)) or errors["internal"]
