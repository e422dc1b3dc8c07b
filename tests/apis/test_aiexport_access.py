"""Who may call AI Export: API keys, their workspaces and rotation, and OAuth tokens."""

from __future__ import annotations

import base64
import json
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from emulator import app
from tests import loopback
from tests.apis.aiexport_calls import (
    ACME,
    ENTERPRISE,
    FINE_TUNED,
    FREE,
    PRO,
    REVOKED,
    asking,
    caller,
    refused,
)
from tests.running import Emulated, Running

CLIENT = {"client_id": "demo-enterprise", "client_secret": "demo-secret"}
GRANT = {"grant_type": "client_credentials"}


def basic(username: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()}


def own_key_id(client: httpx.Client) -> str:
    """The id of the only active key of the caller's workspace."""
    active = [key["id"] for key in client.get("/keys").json()["data"] if key["status"] == "active"]
    assert len(active) == 1
    return str(active[0])


@pytest.mark.claim("AE-AUTH-KEY")
def test_every_operation_wants_a_key(emulator: Emulated) -> None:
    client = emulator.client("aiexport")
    for response in (client.get("/models"), client.post("/messages", json=asking()), client.get("/batch/batch_1")):
        refused(response, 401, "authentication_error")


@pytest.mark.claim("AE-AUTH-KEY")
@pytest.mark.parametrize("key", [FREE, PRO, ENTERPRISE, "axp_live_0123456789abcdef"])
def test_a_key_in_its_header_is_let_in(emulator: Emulated, key: str) -> None:
    assert caller(emulator, key).get("/models").status_code == 200


@pytest.mark.claim("AE-AUTH-KEY")
def test_a_revoked_key_is_refused(emulator: Emulated) -> None:
    refused(caller(emulator, REVOKED).get("/models"), 401, "authentication_error")


@pytest.mark.claim("AE-KEY-WORKSPACE")
def test_a_batch_of_one_workspace_is_not_found_by_another(emulator: Emulated) -> None:
    mine, other = caller(emulator, "axp_live_mine"), caller(emulator, "axp_live_other")
    batch = mine.post("/batch", json={"requests": [asking()]}).json()
    emulator.advance(60)
    assert mine.get(f"/batch/{batch['id']}").status_code == 200
    for method, tail in (("GET", ""), ("GET", "/results"), ("DELETE", "/cancel")):
        refused(other.request(method, f"/batch/{batch['id']}{tail}"), 404, "not_found_error")
    assert [each["id"] for each in mine.get("/batch").json()["data"]] == [batch["id"]]
    assert other.get("/batch").json()["data"] == []


@pytest.mark.claim("AE-KEY-WORKSPACE")
def test_a_fine_tuned_model_is_its_workspaces_alone(emulator: Emulated) -> None:
    assert caller(emulator, ENTERPRISE).post("/messages", json=asking(model=FINE_TUNED)).status_code == 200
    other = caller(emulator, ACME)
    refused(other.post("/messages", json=asking(model=FINE_TUNED)), 404, "not_found_error", "model")
    assert "fine-tuned" not in {model["family"] for model in other.get("/models").json()["data"]}


@pytest.mark.claim("AE-KEY-WORKSPACE")
def test_a_workspace_lists_its_own_keys_and_hides_their_text(emulator: Emulated) -> None:
    listed = caller(emulator, PRO).get("/keys").json()
    assert {key["workspace"] for key in listed["data"]} == {"demo-pro"}
    assert PRO not in str(listed)
    refused(caller(emulator, FREE).delete(f"/keys/{listed['data'][0]['id']}"), 404, "not_found_error")


@pytest.mark.claim("AE-KEY-ROTATE")
@pytest.mark.parametrize("key", [PRO, "axp_live_nobody_knows"])
def test_both_keys_work_until_the_old_one_is_retired(emulator: Emulated, key: str) -> None:
    old = caller(emulator, key)
    id_ = own_key_id(old)
    rotated = old.post(f"/keys/{id_}/rotate")
    assert rotated.status_code == 201
    made = rotated.json()
    assert made["key"].startswith("axp_live_")
    assert made["replaces"] == id_
    new = caller(emulator, made["key"])
    batch = old.post("/batch", json={"requests": [asking()]}).json()
    assert old.get("/models").status_code == new.get("/models").status_code == 200
    assert new.get(f"/batch/{batch['id']}").status_code == 200, "the successor is of the same workspace"

    retired = new.delete(f"/keys/{id_}")
    assert (retired.status_code, retired.json()["status"]) == (200, "revoked")
    refused(old.get("/models"), 401, "authentication_error")
    assert new.get("/models").status_code == 200
    assert new.delete(f"/keys/{id_}").status_code == 200
    refused(new.post(f"/keys/{id_}/rotate"), 409, "conflict_error")


@pytest.mark.claim("AE-OAUTH")
@pytest.mark.claim("AE-OAUTH-ROUTE")
@pytest.mark.parametrize("in_header", [False, True])
def test_client_credentials_buy_a_bearer_token_of_the_enterprise_workspace(emulator: Emulated, in_header: bool) -> None:
    client = emulator.client("aiexport")
    if in_header:
        answer = client.post("/oauth/token", data=GRANT, headers=basic("demo-enterprise", "demo-secret"))
    else:
        answer = client.post("/oauth/token", data={**GRANT, **CLIENT})
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    token = answer.json()
    assert (token["token_type"], token["expires_in"]) == ("Bearer", 3600)
    assert set(token) == {"access_token", "token_type", "expires_in", "scope"}
    client.headers["Authorization"] = f"Bearer {token['access_token']}"
    assert client.post("/messages", json=asking(model=FINE_TUNED)).status_code == 200


@pytest.mark.finding("B1")
@pytest.mark.claim("AE-OAUTH-ROUTE")
@pytest.mark.parametrize(
    ("username", "password", "status"),
    [
        ("demo%2Denterprise", "demo%2Dsecret", 200),
        ("demo-enterprise", "demo%2Dsecret", 200),
        ("demo-enterprise", "demo-secret", 200),
        ("demo%2Denterprise", "demo%2Dother", 401),
        ("demo%252Denterprise", "demo%252Dsecret", 401),
        ("demo%2Denterprise%FF", "demo-secret", 401),
        ("%", "%zz", 401),
    ],
)
def test_basic_credentials_may_be_form_encoded(emulator: Emulated, username: str, password: str, status: int) -> None:
    answer = emulator.client("aiexport").post("/oauth/token", data=GRANT, headers=basic(username, password))
    assert answer.status_code == status, answer.text


ODD = """
scenario: odd
about: Clients whose credentials look encoded, or need encoding.
extends: default
apis:
  aiexport:
    collections:
      clients:
        - {id: "a b", secret: "100% +&ü", workspace: demo, tier: enterprise, scope: api}
        - {id: raw, secret: "a%2Db+c", workspace: demo, tier: enterprise, scope: api}
        - {id: raw2, secret: "a-b c", workspace: demo, tier: enterprise, scope: api}
"""


@pytest.mark.finding("B1")
@pytest.mark.parametrize(
    ("username", "password", "status"),
    [
        ("a b", "100% +&ü", 200),
        ("a+b", "100%25+%2B%26%C3%BC", 200),
        ("a%20b", "100%25%20%2B%26%C3%BC", 200),
        ("raw", "a%2Db+c", 200),
        ("raw", "a%252Db%2Bc", 200),
        ("raw", "a-b c", 401),
        ("raw2", "a%2Db+c", 200),
    ],
)
def test_credentials_that_look_encoded_are_taken_as_they_are_first(
    running: Running, tmp_path: Path, username: str, password: str, status: int
) -> None:
    (tmp_path / "odd.yaml").write_text(ODD)
    emulated = Emulated(running, (str(tmp_path / "odd.yaml"),))
    with closing(emulated):
        answer = emulated.client("aiexport").post("/oauth/token", data=GRANT, headers=basic(username, password))
    assert answer.status_code == status, answer.text


@pytest.mark.finding("B11")
@pytest.mark.claim("AE-OAUTH-3600")
def test_a_token_is_refused_3600_seconds_after_its_issue_until_refreshed(emulator: Emulated) -> None:
    client = emulator.client("aiexport")
    client.headers["Authorization"] = (
        "Bearer " + client.post("/oauth/token", data={**GRANT, **CLIENT}).json()["access_token"]
    )
    emulator.advance(3_599)
    assert client.get("/models").status_code == 200
    emulator.advance(1)
    late = client.get("/models")
    assert "has expired" in refused(late, 401, "authentication_error")["message"]
    assert late.headers.get_list("www-authenticate") == [
        'Bearer realm="api", error="invalid_token", error_description="The access token has expired"'
    ]
    fresh = emulator.client("aiexport").post("/oauth/token", data={**GRANT, **CLIENT}).json()["access_token"]
    client.headers["Authorization"] = f"Bearer {fresh}"
    assert client.get("/models").status_code == 200


@pytest.mark.claim("AE-OAUTH")
def test_a_token_nobody_issued_is_refused_though_unknown_keys_are_welcome(emulator: Emulated) -> None:
    client = emulator.client("aiexport")
    answer = client.get("/models", headers={"Authorization": "Bearer axp_oauth_made_up"})
    assert refused(answer, 401, "authentication_error")["message"] == "This access token is not valid."
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert "expired" not in answer.headers["www-authenticate"]


@pytest.mark.claim("AE-OAUTH", "AE-AUTH-KEY")
def test_a_key_that_a_request_has_made_is_no_token_that_has_expired(emulator: Emulated) -> None:
    made = {"key": "axp_my_own_key", "like": "axp_test_pro"}
    key = loopback.post(f"{emulator.origin}/_emulator/keys", json=made).json()["key"]
    answer = emulator.client("aiexport").get("/models", headers={"Authorization": f"Bearer {key}"})
    assert refused(answer, 401, "authentication_error")["message"] == "This access token is not valid."
    assert answer.headers["x-emulator-hint"] == "no such token was issued; an API key goes into the header X-API-Key"


@pytest.mark.finding("B11")
@pytest.mark.claim("AE-OAUTH-ROUTE")
@pytest.mark.parametrize(
    ("form", "header", "said"),
    [
        ("grant_type=client_credentials&grant_type=client_credentials", True, "grant_type: given more than once"),
        ("grant_type=client_credentials&scope=api&scope=api", True, "scope: given more than once"),
        ("grant_type=client_credentials&client_id=other", True, "another than that of the header"),
        ("grant_type=client_credentials&client_id=demo-enterprise", True, None),
        (
            "grant_type=client_credentials&client_id=x&client_id=y",
            False,
            "client_id: given more",
        ),
    ],
)
def test_credentials_that_contradict_each_other_are_refused(
    emulator: Emulated, form: str, header: bool, said: str | None
) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    headers |= basic("demo%2Denterprise", "demo%2Dsecret") if header else {}
    answer = emulator.client("aiexport").post("/oauth/token", content=form, headers=headers)
    if said is None:
        assert answer.status_code == 200
    else:
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
        assert said in answer.json()["error_description"]


@pytest.mark.claim("AE-AUTH-KEY", "AE-OAUTH")
def test_a_key_that_is_sent_as_a_token_is_refused_and_the_hint_says_where_it_goes(emulator: Emulated) -> None:
    answer = emulator.client("aiexport").get("/models", headers={"Authorization": f"Bearer {PRO}"})
    refused(answer, 401, "authentication_error")
    assert answer.headers["x-emulator-hint"].endswith("an API key goes into the header X-API-Key")


@pytest.mark.claim("AE-OAUTH-ROUTE")
@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({}, 400, "invalid_request"),
        (CLIENT, 400, "invalid_request"),
        (GRANT, 401, "invalid_client"),
        ({**GRANT, "client_id": "demo-enterprise", "client_secret": "wrong"}, 401, "invalid_client"),
        ({**GRANT, "client_id": "nobody", "client_secret": "demo-secret"}, 401, "invalid_client"),
        ({**CLIENT, "grant_type": "password"}, 400, "unsupported_grant_type"),
        ({**GRANT, **CLIENT, "scope": "everything"}, 400, "invalid_scope"),
    ],
)
def test_the_token_route_refuses_as_rfc_6749_says(
    emulator: Emulated, form: dict[str, str], status: int, error: str
) -> None:
    answer = emulator.client("aiexport").post("/oauth/token", data=form)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert set(answer.json()) == {"error", "error_description"}
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.claim("AE-OAUTH-ENTERPRISE")
@pytest.mark.parametrize(
    ("tier", "status"), [("free", 400), ("pro", 400), ("enterprise", 200), ("enterprise_acme", 200)]
)
def test_a_client_of_another_plan_than_enterprise_gets_no_token(
    emulator: Emulated, tmp_path: Path, tier: str, status: int
) -> None:
    record = {"id": "mine", "secret": "s", "workspace": "w", "tier": tier, "scope": "api"}
    (tmp_path / "clients.yaml").write_text(
        "scenario: clients\nabout: A.\nextends: default\n"
        f"apis: {{aiexport: {{collections: {{clients: [{json.dumps(record)}]}}}}}}\n"
    )
    emulator.adopt(app.load((str(tmp_path / "clients.yaml"),)))
    form = {**GRANT, "client_id": "mine", "client_secret": "s"}
    answer = emulator.client("aiexport").post("/oauth/token", data=form)
    assert answer.status_code == status
    if status == 400:
        assert answer.json()["error"] == "unauthorized_client"


SCOPED = {
    "models": (403, 403, 200),
    "batch": (403, 202, 403),
    "messages": (200, 403, 403),
}


@pytest.mark.claim("AE-KEY-SCOPE")
def test_a_key_has_all_scopes_unless_it_says_otherwise_and_the_key_routes_show_them(emulator: Emulated) -> None:
    client = caller(emulator, PRO)
    listed = {key["id"]: key["scopes"] for key in client.get("/keys").json()["data"]}
    assert set(map(tuple, listed.values())) == {("messages", "batch", "models")}
    assert client.post(f"/keys/{own_key_id(client)}/rotate").json()["scopes"] == ["messages", "batch", "models"]


@pytest.mark.claim("AE-KEY-SCOPE")
@pytest.mark.parametrize("scope", SCOPED)
def test_a_key_does_only_what_its_scopes_name(emulator: Emulated, tmp_path: Path, scope: str) -> None:
    key = {"workspace": "scoped", "tier": "pro", "data": {"scopes": [scope]}}
    (tmp_path / "scoped.yaml").write_text(
        "scenario: scoped\nabout: A.\nextends: default\n"
        f"apis: {{aiexport: {{keys: {{axp_scoped: {json.dumps(key)}}}}}}}\n"
    )
    emulator.adopt(app.load((str(tmp_path / "scoped.yaml"),)))
    client = caller(emulator, "axp_scoped")
    batch = client.post("/batch", json={"requests": [asking()]})
    answers = (client.post("/messages", json=asking()), batch, client.get("/models"))
    assert tuple(answer.status_code for answer in answers) == SCOPED[scope]
    for answer in answers:
        if answer.status_code == 403:
            assert scope in refused(answer, 403, "permission_error")["message"]
    assert [each["scopes"] for each in client.get("/keys").json()["data"]] == [[scope]]
    if scope == "batch":
        emulator.advance(60)
        (row,) = client.get(f"/batch/{batch.json()['id']}/results").json()["data"]
        assert row["result"]["type"] == "succeeded", "a row needs no scope but the batch's"


@pytest.mark.claim("AE-OAUTH-ROUTE")
def test_wrong_basic_credentials_are_challenged_and_two_ways_at_once_refused(emulator: Emulated) -> None:
    client = emulator.client("aiexport")
    wrong = client.post("/oauth/token", data=GRANT, headers=basic("demo-enterprise", "wrong"))
    assert wrong.status_code == 401
    assert wrong.headers["www-authenticate"].startswith("Basic")
    both = client.post("/oauth/token", data={**GRANT, **CLIENT}, headers=basic("demo-enterprise", "demo-secret"))
    assert (both.status_code, both.json()["error"]) == (400, "invalid_request")


@pytest.mark.claim("AE-OAUTH-ROUTE")
def test_a_token_request_is_a_form(emulator: Emulated) -> None:
    answer = emulator.client("aiexport").post("/oauth/token", json={**GRANT, **CLIENT})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert "expected application/x-www-form-urlencoded" in answer.json()["error_description"]
