"""Renders an error in the shape that the API, or the operation, gives its errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.errors import ApiError
from emulator.http.reply import Reply
from emulator.http.status import check_status, phrase
from emulator.language.expressions.template import Template
from emulator.playbook.model import ErrorPlan

# Kinds that an API need not tell apart: what renders one that it does not have.
GENERAL: Mapping[str, str] = {
    "unknown_token": "unknown_key",
    "expired_token": "unknown_key",
    "unavailable": "overloaded",
}


def error_plan(errors: Mapping[str, ErrorPlan], renamed: Mapping[str, str], kind: str) -> ErrorPlan:
    """Returns how the API renders a kind of error, perhaps under the name that the operation gives it."""
    kind = renamed.get(kind, kind)
    return errors.get(kind) or errors.get(GENERAL.get(kind, "internal")) or errors["internal"]


def render_error(plan: ErrorPlan, error: ApiError, context: dict[str, Any]) -> Reply:
    """Renders an error in the API's own shape. Raises TemplateError when that shape fails."""
    shown: dict[str, Any] = {
        "kind": plan.kind,
        "status": plan.status,
        "type": plan.type,
        "detail": error.detail,
        "param": error.param,
        **plan.data,
        **error.values,
    }
    context["error"] = shown
    if isinstance(shown["status"], Template):
        shown["status"] = shown["status"].value(context)
    status = check_status(shown["status"], plan.place)
    shown["reason"] = phrase(status)
    if isinstance(shown["type"], Template):
        shown["type"] = shown["type"].value(context)
    if "message" not in shown:
        words = error.detail or shown["reason"] or plan.kind
        shown["message"] = words if plan.message is None else str(plan.message.value(context))
    headers = error.headers or plan.headers
    return Reply(status, [], plan.body.json(context), stated=headers.stated, head=headers.text(context))
