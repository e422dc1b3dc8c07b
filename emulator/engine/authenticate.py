"""Routing and authentication: which operation a request is for, and who its caller is, by its credential: the key, its
workspace and its tier."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from emulator.compile.lint import CONTROL
from emulator.engine.context import Context, Service
from emulator.errors import ApiError
from emulator.http.request import Caller, Request
from emulator.playbook.access import CredentialPlan
from emulator.playbook.apis import Api, Operation
from emulator.playbook.routes import FoundRoute, MethodsAsked, Router, allowed
from emulator.store.masking import mask_key
from emulator.store.tokens import KEYS, expired

MAX_KEY = 1_000
Target = tuple[Service, Operation, Mapping[str, str]]  # where a request goes, and what its path says


def route(
    router: Router, services: Mapping[str, Service], method: str, host: str, path: str
) -> tuple[Service, Operation, Mapping[str, str], Target | None]:
    """Returns where a request goes, and where else it may go: to an API that shares the path. HEAD goes where GET does.

    Raises MethodsAsked, or ApiError: `not_found` naming similar paths, `method_not_allowed` with `allow`.
    """
    found = router.find(method, host, path)
    if found is None and method == "HEAD" and router.find("GET", host, path) is not None:
        return route(router, services, "GET", host, path)
    if found is not None:
        rival = router.rival(method, host, path, found)
        return *_target(services, found), None if rival is None else _target(services, rival)
    methods = router.methods(host, path)
    if methods and method == "OPTIONS":
        raise MethodsAsked
    if methods and path != "*":  # the server as a whole (RFC 9110 section 9.3.7)
        detail = f"{method} is not allowed for {path}; expected {', '.join(methods)}"
        raise ApiError("method_not_allowed", detail, allow=allowed(methods))
    near = router.nearest_paths(method, host, path) if path != "/" else []
    hint = f"did you mean {' or '.join(near)}?" if near else f"GET {CONTROL} lists what is served"
    raise ApiError("not_found", f"there is no {method} {path[:200]}", hint=f"unknown path; {hint}")


def _target(services: Mapping[str, Service], found: FoundRoute) -> Target:
    service = services[found.route.api]
    return service, service.api.operations[found.route.operation], found.params


def decide(target: Target, rival: Target, request: Request) -> Target:
    """Returns the target whose API alone knows the credential of a request, and the first one where that is neither."""
    return rival if knows(rival[0], request) and not knows(target[0], request) else target


def authenticate(context: Context) -> Caller:
    """Returns the caller of a request.

    Raises ApiError: `unauthenticated` without a credential, `unknown_key` or `unknown_token` for one that was never
    issued, `expired_token`, `revoked` for a revoked key.
    """
    fields = context.request.fields
    for name, scheme, collection in context.service.api.credential_headers:
        value = fields.get(name)
        if value is not None:
            text = value.decode("latin-1")
            presented = text.strip() if scheme is None else _after_scheme(text, scheme)
            if presented:
                return identify(context, collection, presented)
    raise ApiError("unauthenticated", _expected(context.service.api.credentials))


def credential_of(context: Context) -> CredentialPlan | None:
    """Returns the place in which a request carries its credential; None when it carries none."""
    api, fields = context.service.api, context.request.fields
    for plan, (name, scheme, _) in zip(api.credentials, api.credential_headers, strict=True):
        text = fields.get(name, b"").decode("latin-1")
        if text.strip() if scheme is None else _after_scheme(text, scheme):
            return plan
    return None


def credentials_of(api: Api, request: Request) -> Iterator[tuple[str, str]]:
    """Yields the credentials that a request presents to an API, each with the collection that would know it."""
    for name, scheme, collection in api.credential_headers:
        value = request.fields.get(name)
        if value is not None:
            text = value.decode("latin-1")
            presented = text.strip() if scheme is None else _after_scheme(text, scheme)
            if presented:
                yield presented, collection


def knows(service: Service, request: Request) -> bool:
    """Whether an API knows a credential that a request presents: by its records, or by what its keys begin with."""
    prefix = service.api.file.key_prefix
    return any(
        presented in service.records[collection] or (prefix is not None and presented.startswith(prefix))
        for presented, collection in credentials_of(service.api, request)
    )


def identify(context: Context, collection: str, presented: str) -> Caller:
    """Returns the caller with this credential; callers are cached until their record changes."""
    service = context.service
    record = service.records[collection].get(presented)
    if collection != KEYS:
        if record is None:
            # A key that a request has made was issued too, but is no token.
            was_token = service.state.has_issued(presented) and service.records[KEYS].get(presented) is None
            raise expired() if was_token else _not_issued(service.api.credentials)
        if not service.tokens.use(presented):
            raise expired()
    if record is None:
        return _unknown(context, presented)
    remembered = service.callers.get(presented)
    if remembered is not None and remembered[0] is record:
        return remembered[1]
    if record.get("status", "active") != "active":
        raise ApiError("revoked", f"the key {mask_key(presented)} has been revoked")
    caller = make_caller(context, presented, record)
    service.remember(presented, record, caller)
    return caller


def _unknown(context: Context, key: str) -> Caller:
    unknown = context.service.api.unknown
    if unknown is None or len(key) > MAX_KEY or not key.isprintable():
        raise ApiError("unknown_key", f"the key {mask_key(key)} is not known")
    remembered = context.service.callers.get(key)
    if remembered is not None and remembered[0] is unknown:
        return remembered[1]
    context["key"] = key  # for this template only: operations have their own names
    record = {
        "workspace": str(unknown.workspace.value(context)),
        "tier": unknown.tier,
        "name": None,
        "data": unknown.data,
    }
    del context["key"]
    caller = make_caller(context, key, record)
    context.service.remember(key, unknown, caller)
    return caller


def make_caller(context: Context, key: str, record: dict[str, Any]) -> Caller:
    """Returns the caller that a key's record describes."""
    tier = context.service.api.plan_of(key, record)
    masked = mask_key(key)
    workspace = record["workspace"]
    view = {
        "key": key,
        "masked": masked,
        "workspace": workspace,
        "tier": tier.name,
        "name": record.get("name"),
        "data": record.get("data") or {},
        "plan": tier.data,
    }
    subject = workspace if context.service.api.limits_per == "workspace" else key
    return Caller(key, workspace, tier.name, f"{context.service.api.name}/{subject}", view, masked, tier)


def _after_scheme(text: str, scheme: str) -> str | None:
    given, _, credential = text.partition(" ")
    return credential.strip() if given.lower() == scheme else None


def _not_issued(credentials: Sequence[CredentialPlan]) -> ApiError:
    """Returns the error for a token that was never issued; it may be an API key in the wrong header."""
    places = " or ".join(_place(each).rstrip(": ") for each in credentials if each.collection == KEYS)
    hint = f"no such token was issued; an API key goes into the header {places}" if places else None
    return ApiError("unknown_token", "no such token was issued", hint=hint)


def _expected(credentials: Sequence[CredentialPlan]) -> str:
    return f"no credential was sent; expected the header {' or '.join(f'{_place(each)}…' for each in credentials)}"


def _place(credential: CredentialPlan) -> str:
    return f"{credential.header}: {credential.scheme + ' ' if credential.scheme else ''}"
