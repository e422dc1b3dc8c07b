"""Faults of credentials: tokens that die early, as a client that refreshes them sees it, and keys that are revoked."""

from __future__ import annotations

import httpx
import pytest

from tests.apis.aiexport_calls import asking, caller
from tests.faults.conftest import complaint
from tests.running import Emulated

GRANT = {"grant_type": "client_credentials", "client_id": "demo-enterprise", "client_secret": "demo-secret"}


def token(client: httpx.Client, fault: str | None = None) -> str:
    """A new access token, issued with a fault."""
    response = client.post("/oauth/token", data=GRANT, headers={} if fault is None else {"X-Emulator-Fault": fault})
    assert response.status_code == 200, response.text
    assert response.json()["expires_in"] == 3_600
    issued: str = response.json()["access_token"]
    return issued


def use(client: httpx.Client, token: str, fault: str | None = None) -> int:
    """The status of a request with a token."""
    headers = {"Authorization": f"Bearer {token}"}
    if fault is not None:
        headers["X-Emulator-Fault"] = fault
    return client.get("/models", headers=headers).status_code


def test_a_token_issued_to_expire_early_works_until_then_whatever_it_was_said_to_do(emulator: Emulated) -> None:
    client = emulator.client("aiexport")
    early, usual = token(client, "expire_token; after=60s"), token(client)
    emulator.advance(59)
    assert (use(client, early), use(client, usual)) == (200, 200)
    emulator.advance(1)
    assert (use(client, early), use(client, usual)) == (401, 200)
    emulator.advance(3_540)
    assert use(client, usual) == 401


def test_a_token_may_be_good_for_so_many_uses(emulator: Emulated) -> None:
    client = emulator.client("aiexport")
    issued = token(client, "expire_token; uses=2")
    assert [use(client, issued) for _ in range(4)] == [200, 200, 401, 401]
    either = token(client, "expire_token; uses=5; after=10s")
    assert use(client, either) == 200
    emulator.advance(10)
    assert use(client, either) == 401


def test_a_token_may_be_dead_when_it_is_issued(emulator: Emulated) -> None:
    client = emulator.client("aiexport")
    refused = client.get("/models", headers={"Authorization": f"Bearer {token(client, 'expire_token')}"})
    assert refused.status_code == 401
    assert refused.json()["error"]["message"] == "This access token has expired; request a new one."


def test_a_token_in_use_expires_for_good_and_its_successor_works(emulator: Emulated) -> None:
    client = emulator.client("aiexport")
    first = token(client)
    assert use(client, first) == 200
    assert [use(client, first, "expire_token"), use(client, first), use(client, token(client))] == [401, 401, 200]


def test_a_token_in_use_lives_on_for_a_while_and_never_longer_than_before(emulator: Emulated) -> None:
    client = emulator.client("aiexport")
    issued = token(client)
    assert [use(client, issued, "expire_token; uses=2"), *(use(client, issued) for _ in range(2))] == [200, 200, 401]
    issued = token(client, "expire_token; after=10s")
    assert use(client, issued, "expire_token; after=1h") == 200
    emulator.advance(10)
    assert use(client, issued) == 401


@pytest.mark.one_worker("it looks into one process")
def test_an_armed_fault_expires_the_tokens_of_an_operation(emulator: Emulated) -> None:
    client = emulator.client("aiexport")
    emulator.app.state.armed.arm({"fault": "expire_token", "params": {"after": "5s"}, "on": "oauth.token", "times": 1})
    first, second = token(client), token(client)
    emulator.advance(5)
    assert (use(client, first), use(client, second)) == (401, 200)
    emulator.app.state.armed.arm({"fault": "expire_token", "on": "models.*", "nth": 2})
    assert [use(client, second) for _ in range(3)] == [200, 401, 401]


def test_a_key_that_is_revoked_for_a_while_is_refused_and_costs_nothing(emulator: Emulated) -> None:
    client = caller(emulator)
    order = {"fault": "revoke_key", "key": "axp_test_pro", "after": "10s", "for": "20s"}
    emulator.app.state.armed.arm(order)
    seen = []
    for _ in range(4):
        answer = client.post("/messages", json=asking())
        seen.append((answer.status_code, answer.headers["X-RateLimit-Remaining"]))
        assert caller(emulator, "axp_test_enterprise").get("/models").status_code == 200
        emulator.advance(9)
    assert seen == [(200, "599"), (200, "598"), (401, "598"), (401, "598")]
    emulator.advance(10)
    assert client.post("/messages", json=asking()).status_code == 200


def test_a_revoked_key_is_reported_in_the_shape_of_the_api(emulator: Emulated) -> None:
    answer = caller(emulator).get("/models", headers={"X-Emulator-Fault": "revoke_key"})
    assert (answer.status_code, answer.json()["error"]["message"]) == (401, "This API key has been retired.")
    assert caller(emulator).get("/models").status_code == 200


def test_a_key_does_not_expire_so_only_that_request_is_refused(emulator: Emulated) -> None:
    client = caller(emulator)
    assert client.get("/models", headers={"X-Emulator-Fault": "expire_token"}).status_code == 401
    assert client.get("/models", headers={"X-Emulator-Fault": "expire_token; uses=1"}).status_code == 200
    assert client.get("/models").status_code == 200


def test_who_sends_no_credential_has_none_that_could_go_wrong(emulator: Emulated) -> None:
    client = emulator.client("aiexport")
    for fault in ("revoke_key", "expire_token"):
        assert client.get("/status", headers={"X-Emulator-Fault": fault}).status_code == 200


@pytest.mark.one_worker("it looks into one process")
def test_a_condemned_token_stays_so_in_a_snapshot(emulator: Emulated) -> None:
    client = emulator.client("aiexport")
    issued = token(client, "expire_token; uses=1")
    state = emulator.app.state
    saved = state.store.dump()
    assert [use(client, issued), use(client, issued)] == [200, 401]
    state.load(saved)
    assert [use(client, issued), use(client, issued)] == [200, 401]


@pytest.mark.parametrize(
    ("name", "given", "reason"),
    [
        ("expire_token", {"uses": 0}, "uses: expected a whole number from 1"),
        (
            "expire_token",
            {"afer": "1s"},
            "unknown parameter 'afer'; expected one of: after, uses; did you mean 'after'?",
        ),
        ("revoke_key", "now", "it takes no parameters"),
        ("revoke_keys", None, "did you mean 'revoke_key'?"),
    ],
)
def test_invalid_parameters_are_refused(name: str, given: object, reason: str) -> None:
    assert reason in complaint(name, given)
