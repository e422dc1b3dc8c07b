"""Of every operation, and of every way to be refused there: the response names the part that decided it, and it is no
better founded than the worst of what it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from emulator.language.schema.provenance import PROVENANCES
from emulator.playbook.apis import Api, Operation, Playbook
from emulator.playbook.matching import Matcher
from emulator.playbook.provenance import grade_of_route
from emulator.playbook.routes import PARAMETER
from emulator.playbook.rules import Checks, RuleSet
from tests.apis.aiexport_calls import asking, caller
from tests.running import Emulated, loaded

HEADER = "X-Emulator-Provenance"
DEFAULT = loaded("default")
OPERATIONS = [(api.name, name) for api in DEFAULT.apis.values() for name in api.operations]
GOOD = {"aiexport": {"X-API-Key": "axp_test_pro"}, "aixplain": {"x-api-key": "aix_test_demo"}}
REVOKED = {"aiexport": {"X-API-Key": "axp_test_revoked"}, "aixplain": {"x-api-key": "aix_test_revoked"}}
WRONG: tuple[Any, ...] = ([], {"a": 1}, 5, "", "no", True, -1)
CASES = [
    pytest.param(api, name, id=f"{api}/{name}") for api, name in OPERATIONS if DEFAULT.apis[api].operations[name].auth
]


def parts(line: str) -> dict[str, set[str]]:
    return {kind: set(names) for kind, *names in (part.split(" ") for part in line.split("; "))}


def changed(api: str, name: str, **changes: Any) -> Playbook:
    """The default playbook with one operation changed."""
    plan = DEFAULT.apis[api]
    operation = replace(plan.operations[name], **changes)
    return replace(DEFAULT, apis={**DEFAULT.apis, api: replace(plan, operations={**plan.operations, name: operation})})


def asked(emulated: Emulated, operation: Operation, path: str | None = None, **more: Any) -> httpx.Response:
    """The response to a request of an operation, which has to be a refusal."""
    target = PARAMETER.sub("nothing", (path or operation.path).removeprefix(DEFAULT.apis[operation.api].base))
    host = operation.host or DEFAULT.apis[operation.api].hosts[0]  # two APIs may share a path
    headers = {HEADER: "1", "Host": host, **more.pop("headers")}
    response = emulated.client(operation.api).request(operation.method, target, headers=headers, **more)
    assert response.status_code >= 400, response.text
    return response


def held(api: Api, response: httpx.Response, operation: Operation, decider: Iterable[str], error: str) -> None:
    """Each part that decided is named, and the worst class that is named is that of the worst part of the response."""
    found = parts(response.headers[HEADER])
    kind = api.file.errors.kinds[operation.errors.get(error, error)]
    shape = () if "body" in kind.model_fields_set else api.file.errors.claims
    names = {name for grade in PROVENANCES for name in found.get(grade, ())}
    assert set(decider) & names, f"{set(decider)} decided; named are {names}"
    assert {*kind.claims, *shape, *operation.claims} <= names
    for grade in PROVENANCES:
        wrong = [name for name in found.get(grade, ()) if name in api.claims and api.claims[name].grade != grade]
        assert wrong == []
    rests_on = [*decider, *kind.claims, *shape, *operation.claims]
    rests_on += [id for each in api.file.auth if each.header in response.request.headers for id in each.claims]
    if "x-ratelimit-limit" in response.headers:
        rests_on += [*api.tiers["pro"].claims, *api.file.provenance["limit_headers"].claims]
    part = api.file.operations[operation.name]
    headers = api.file.provenance.get("headers")
    grades = [api.claims[id].grade for id in rests_on] + [grade_of_route(api.claims, part, part.route)]
    grades += [headers.grade] if headers is not None and headers.grade is not None else []
    named = [grade for grade in PROVENANCES if found.get(grade) or grade in found["route"]]
    assert named[-1] == max(grades, key=PROVENANCES.index)


@pytest.mark.finding("E1")
@pytest.mark.parametrize(("api", "name"), CASES)
def test_a_credential_that_is_missing_or_revoked_is_named(emulator: Emulated, api: str, name: str) -> None:
    plan, operation = DEFAULT.apis[api], DEFAULT.operation(api, name)
    missing = asked(emulator, operation, headers={})
    held(plan, missing, operation, plan.file.errors.kinds["unauthenticated"].claims, "unauthenticated")
    revoked = asked(emulator, operation, headers=REVOKED[api])
    held(plan, revoked, operation, plan.credentials[0].claims, "revoked")


CHECKS = [
    pytest.param(api, name, at, id=f"{api}/{name}/{at}")
    for api, name in OPERATIONS
    for at in range(len(DEFAULT.operation(api, name).checks))
]


@pytest.mark.finding("E1")
@pytest.mark.parametrize(("api", "name", "at"), CHECKS)
def test_a_check_that_refuses_is_named(emulator: Emulated, api: str, name: str, at: int) -> None:
    check = list(DEFAULT.operation(api, name).checks)[at]
    always = Checks([replace(check, matcher=Matcher(), message=None, param=None)])
    emulator.adopt(changed(api, name, checks=always, request=None, query=None))
    operation = DEFAULT.operation(api, name)
    held(DEFAULT.apis[api], asked(emulator, operation, headers=GOOD[api]), operation, check.claims, check.error)


RULES = [
    pytest.param(api, name, at, id=f"{api}/{name}/{at}")
    for api, name in OPERATIONS
    for at, rule in enumerate(DEFAULT.operation(api, name).rules.rules)
    if rule.reply is not None and rule.reply.error is not None
]


@pytest.mark.finding("E1")
@pytest.mark.parametrize(("api", "name", "at"), RULES)
def test_a_rule_that_refuses_is_named(emulator: Emulated, api: str, name: str, at: int) -> None:
    operation = DEFAULT.operation(api, name)
    rule = operation.rules.rules[at]
    assert rule.reply is not None
    reply = replace(rule.reply, message=None, param=None, data={})
    rules = RuleSet([replace(rule, matcher=Matcher(), lets={}, reply=reply)])
    emulator.adopt(changed(api, name, checks=Checks(), request=None, query=None, cost={}, rules=rules, usage=None))
    found = asked(emulator, operation, headers=GOOD[api])
    held(DEFAULT.apis[api], found, operation, rule.claims, str(rule.reply.error))


def wrong_fields(operation: Operation) -> Iterator[tuple[str, Any]]:
    """Each field at the top of a body with a value that its schema refuses; an empty name: no object at all."""
    if operation.request is None:
        return
    yield "", 5
    examples = DEFAULT.apis[operation.api].file.operations[operation.name].examples
    good = next((each.body for each in examples if isinstance(each.body, dict)), {})
    for name in operation.request.marks.properties:
        for value in WRONG:
            body = {**good, name: value}
            if not operation.request._is_valid(body):
                yield name, body
                break


@pytest.mark.finding("E1")
@pytest.mark.parametrize(("api", "name"), CASES)
def test_the_field_that_a_schema_refuses_is_named(emulator: Emulated, api: str, name: str) -> None:
    operation = DEFAULT.operation(api, name)
    for field, body in wrong_fields(operation):
        assert operation.request is not None
        decider = (*operation.request.marks.at([field]), *operation.claims)
        response = asked(emulator, operation, headers=GOOD[api], json=body)
        held(DEFAULT.apis[api], response, operation, decider, "invalid")
        found = parts(response.headers[HEADER])
        assert set(decider) <= {name for grade in PROVENANCES for name in found.get(grade, ())}


@pytest.mark.finding("E1")
@pytest.mark.parametrize(("api", "name"), CASES)
def test_the_limit_that_refuses_is_named_by_its_plan(emulator: Emulated, api: str, name: str) -> None:
    plan, operation = DEFAULT.apis[api], DEFAULT.operation(api, name)
    limit = {"aiexport": ("pro", "requests"), "aixplain": ("standard", "rpm")}[api]
    cost = {limit[1]: 10**9}
    emulator.adopt(changed(api, name, checks=Checks(), request=None, query=None, cost=cost))
    held(plan, asked(emulator, operation, headers=GOOD[api]), operation, plan.tiers[limit[0]].claims, "rate_limited")


ALIASES = [
    pytest.param(api, name, at, id=f"{api}/{name}/{at}")
    for api, name in OPERATIONS
    for at in range(len(DEFAULT.apis[api].file.operations[name].aliases))
]


@pytest.mark.finding("E1")
@pytest.mark.parametrize(("api", "name", "at"), ALIASES)
def test_an_alias_is_named_in_refusals_too(emulator: Emulated, api: str, name: str, at: int) -> None:
    plan, operation = DEFAULT.apis[api], DEFAULT.operation(api, name)
    alias = plan.file.operations[name].aliases[at]
    found = parts(asked(emulator, operation, alias.route.partition(" ")[2], headers={}).headers[HEADER])
    names = {name for grade in PROVENANCES for name in found.get(grade, ())}
    assert {*alias.claims, *operation.claims} <= names
    assert found["route"] == {grade_of_route(plan.claims, plan.file.operations[name], alias.route)}


@pytest.mark.finding("E1")
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/nowhere", 404),
        ("PATCH", "/v2/messages", 405),
        ("GET", "/sdk/nowhere", 404),
        ("PUT", "/sdk/agents", 405),
    ],
)
def test_a_request_that_finds_no_operation_is_told_of_the_errors_shape(
    emulator: Emulated, method: str, path: str, status: int
) -> None:
    response = emulator.client("aixplain").request(method, path, headers={HEADER: "1"})
    assert response.status_code == status
    names = {name for names in parts(response.headers[HEADER]).values() for name in names}
    assert {"AE-ERROR-SHAPE", "AX-ERROR-SHAPE"} & names


EXAMPLES = [
    pytest.param(api, name, at, id=f"{api}/{name}/{at}")
    for api, name in OPERATIONS
    for at, call in enumerate(DEFAULT.apis[api].file.operations[name].examples)
    if all(isinstance(value, str) for value in call.path.values()) and "{{" not in str(call.body)
]


@pytest.mark.finding("E1", "E2")
@pytest.mark.parametrize(("api", "name", "at"), EXAMPLES)
def test_each_documented_request_is_told_what_its_response_rests_on(
    emulator: Emulated, api: str, name: str, at: int
) -> None:
    plan, operation = DEFAULT.apis[api], DEFAULT.operation(api, name)
    call = plan.file.operations[name].examples[at]
    target = PARAMETER.sub(lambda found: str(call.path[found[1]]), operation.path.removeprefix(plan.base))
    headers = {HEADER: "1", **({"Host": operation.host} if operation.host else {}), **GOOD[api], **call.headers}
    sent = {"data": call.body} if operation.accept == {"form"} else {"json": call.body}
    client = emulator.client(api)
    found = parts(client.request(operation.method, target, params=call.query, headers=headers, **sent).headers[HEADER])
    names = {name for grade in PROVENANCES for name in found.get(grade, ())}
    assert set(operation.claims) <= names
    for grade in PROVENANCES:
        assert {plan.claims[name].grade for name in found.get(grade, ()) if name in plan.claims} <= {grade}
    assert found["route"] == {grade_of_route(plan.claims, plan.file.operations[name], plan.file.operations[name].route)}


@pytest.mark.finding("E1")
@pytest.mark.parametrize(
    ("body", "named", "absent"),
    [
        (
            {},
            {"AE-TOKENS", "AE-MODEL-SONNET", "AE-AUTH-KEY", "AE-TIER-PRO", "AE-RL-HEADERS"},
            {"AE-ERROR-SHAPE", "AE-MSG-JSON"},
        ),
        ({"model": "apex-opus-2-20241001"}, {"models/apex-opus-2-20241001", "AE-MODEL-14"}, {"AE-MODEL-SONNET"}),
        ({"stop_sequences": ["x"]}, {"body.stop_sequences"}, set()),
        ({"top_k": 5}, {"body.top_k"}, set()),
        (
            {"temperature": 5},
            {"AE-MSG-TEMPERATURE", "AE-ERROR-SHAPE"},
            {"AE-TOKENS", "AE-MSG-MAXTOKENS", "AE-MODEL-SONNET"},
        ),
        ({"model": "nobody"}, {"AE-MSG-REQUIRED", "AE-ERROR-SHAPE"}, {"AE-MSG-SHAPE"}),
        ({"stream": True}, {"AE-MSG-STREAM", "AE-STREAM-EVENTS", "AE-TOKENS"}, {"AE-MSG-SHAPE"}),
    ],
)
def test_a_message_names_its_model_its_fields_its_tokens_and_its_limits(
    emulator: Emulated, body: dict[str, Any], named: set[str], absent: set[str]
) -> None:
    response = caller(emulator).post("/messages", json={**asking(), **body}, headers={HEADER: "1"})
    names = {name for names in parts(response.headers[HEADER]).values() for name in names}
    assert named <= names
    assert not absent & names


@pytest.mark.finding("E1")
def test_every_part_that_refuses_cites_a_claim() -> None:
    silent = [
        f"{api.name} {operation.name} {part.place}"
        for api in DEFAULT.apis.values()
        for operation in api.operations.values()
        for part in (*operation.checks, *operation.rules.rules)
        if not part.claims and not (hasattr(part, "reply") and (part.reply is None or part.reply.error is None))
    ]
    assert silent == []
