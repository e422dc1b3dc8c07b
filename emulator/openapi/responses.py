"""What an operation returns: a response for each status of its rules and of its refusals, with headers and streams."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from emulator.errors import EmulatorError
from emulator.language.schema.api import ErrorKindModel
from emulator.language.schema.scenario import EventModel, OperationModel, ReplyModel, RuleModel
from emulator.openapi.marks import marks
from emulator.openapi.shapes import either, shape
from emulator.openapi.types import Schema
from emulator.playbook.apis import Api
from emulator.playbook.model import ErrorPlan

DEFAULT = "default"  # the status is only known when a request is answered
_NO_CONTENT = ("204", "304")


class OperationResponses:
    """The responses of one API's operations."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._file = api.file

    def components(self) -> dict[str, Any]:
        """Returns the shapes of errors by name: the one that all kinds have, and those of kinds with their own."""
        shared = {"Error": shape(self._file.errors.shape, {})}
        return shared | {name: shape(kind.body, {}) for name, kind in self._file.errors.kinds.items() if _own(kind)}

    def of(self, part: OperationModel) -> dict[str, Any]:
        """Returns the responses of an operation by status."""
        found: dict[str, dict[str, Any]] = {}
        for rule in part.rules:
            for reply in rule.each_reply:
                if reply.error is None and reply.answer is None:
                    self._add(found, part, rule, reply)
        for kind in self._refusals(part):
            self._refuse(found, part, kind)
        return dict(sorted(found.items()))

    def _add(self, found: dict[str, dict[str, Any]], part: OperationModel, rule: RuleModel, reply: ReplyModel) -> None:
        status = str(reply.status) if isinstance(reply.status, int) else DEFAULT
        lets = {**part.let, **rule.let}
        response = found.setdefault(status, {"description": _phrase(status)})
        known = marks(rule.claims or part.claims, reply.grade or rule.grade, self._api.claims)
        response.update({key: value for key, value in known.items() if key not in response})
        headers = self._headers(part, {**part.headers, **reply.headers}, lets)
        if headers:
            response["headers"] = {**response.get("headers", {}), **headers}
        if status in _NO_CONTENT:
            return
        for media, schema in _content(reply, lets):
            content = response.setdefault("content", {})
            before = content.get(media, {}).get("schema")
            content[media] = {"schema": schema if before is None else either([*before.get("anyOf", [before]), schema])}

    def _refusals(self, part: OperationModel) -> Iterator[str]:
        """Yields the kinds of error that an operation may answer with, in its own words for them."""
        kinds = ["method_not_allowed", "internal"]
        if part.auth and self._file.auth:
            kinds += ["unauthenticated", "unknown_key", "revoked"]
            costs = self._file.cost if part.cost is None else part.cost
            kinds += ["rate_limited"] if costs else []
            kinds += ["payment_required"] if costs and self._api.has_budgets else []
        if part.request is not None or part.query is not None:
            kinds += ["invalid"]
        if part.request is not None:
            kinds += ["too_large", "media_type"]
        kinds += [check.error for check in part.checks]
        kinds += [reply.error for rule in part.rules for reply in rule.each_reply if reply.error is not None]
        for kind in dict.fromkeys(kinds):
            yield part.errors.get(kind, kind)

    def _refuse(self, found: dict[str, dict[str, Any]], part: OperationModel, kind: str) -> None:
        model, plan = self._file.errors.kinds.get(kind), self._api.errors.get(kind)
        if model is None or plan is None or "{" in kind:
            return
        status = self._status(plan)
        response = found.setdefault(status, {"description": _phrase(status)})
        known = marks(plan.claims, None, self._api.claims)
        response.update({key: value for key, value in known.items() if key not in response})
        schema = {"$ref": f"#/components/schemas/{kind if _own(model) else 'Error'}"}
        media = response.setdefault("content", {}).setdefault("application/json", {"schema": schema})
        media["schema"] = either([*media["schema"].get("anyOf", [media["schema"]]), schema])
        headers = self._headers(part, {**self._file.errors.headers, **model.headers}, {})
        response["headers"] = {**headers, **response.get("headers", {})}

    def _status(self, plan: ErrorPlan) -> str:
        if isinstance(plan.status, int):
            return str(plan.status)
        try:
            return str(plan.status.value({"switches": self._api.switches}))
        except EmulatorError:  # a status that is made of the request
            return DEFAULT

    def _headers(self, part: OperationModel, own: Mapping[str, Any], lets: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the headers of a response: those of every one, those of limits, and its own."""
        file = self._file
        groups: list[tuple[Mapping[str, Any], str | None]] = [(file.headers, "headers"), (own, None)]
        if part.auth and file.auth:
            groups.insert(1, (file.limit_headers, "limit_headers"))
        found: dict[str, Any] = {}
        for headers, group in groups:
            rests = None if group is None else file.provenance.get(group)  # type: ignore[call-overload]
            known = {} if rests is None else marks(rests.claims, rests.grade, self._api.claims)
            for name, tree in headers.items():
                if tree is not None and name.lower() != "content-type":
                    found[name] = {"schema": shape(tree, lets), **known}
        return found


def _own(kind: ErrorKindModel) -> bool:
    return "body" in kind.model_fields_set


def _phrase(status: str) -> str:
    try:
        return HTTPStatus(int(status)).phrase
    except ValueError:
        return "Any other status" if status == DEFAULT else f"Status {status}"


def _content(reply: ReplyModel, lets: Mapping[str, Any]) -> Iterator[tuple[str, Schema]]:
    """Yields the media type of a body with its schema; a stream's is that of one of its events."""
    declared = next((value for name, value in reply.headers.items() if name.lower() == "content-type"), None)
    if reply.stream is not None:
        events = [_event(event, lets) for event in reply.stream.events]
        yield "text/event-stream", either(events)
    elif reply.lines is not None:
        yield "application/x-ndjson", {"type": "string"}
    elif reply.text is not None:
        yield str(declared or "text/plain"), {"type": "string"}
    elif reply.body is not None:
        yield str(declared or "application/json"), shape(reply.body, lets)


def _event(event: EventModel, lets: Mapping[str, Any]) -> Schema:
    """The schema of an event: its name, if it has one, and its data."""
    name = {} if event.event is None else {"event": {"const": event.event}}
    data: Schema = {"type": "string"}
    if event.text is None:  # the field is text; this says what the text holds
        data |= {"contentMediaType": "application/json", "contentSchema": shape(event.data, lets)}
    return {"type": "object", "properties": {**name, "data": data}, "required": [*name, "data"]}
