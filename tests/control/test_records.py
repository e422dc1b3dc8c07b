"""Records are listed, read and written over HTTP, as their collection could hold them, and without credentials."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.running import Emulated

KEY = {"x-api-key": "aix_test_demo"}
CLIENT = {"grant_type": "client_credentials", "client_id": "demo-enterprise", "client_secret": "demo-secret"}
STARS = "Write ******** between chapters."


def collection(control: httpx.Client, name: str, **query: Any) -> dict[str, Any]:
    told = control.get("/records", params={"collection": name, **query}).raise_for_status().json()["collections"]
    (found,) = told
    return dict(found)


def session(emulator: Emulated) -> str:
    order = {"agentId": "68f0000000000000000000a1"}
    made = emulator.client("aixplain", headers=KEY).post("/v1/sessions", json=order).raise_for_status()
    return str(made.json()["id"])


def test_what_requests_store_is_listed_and_what_fixtures_hold_is_counted(
    emulator: Emulated, control: httpx.Client
) -> None:
    before = collection(control, "sessions")
    assert before["added"] == []
    made = [session(emulator), session(emulator)]
    after = collection(control, "sessions")
    assert after["count"] == before["count"] + 2
    assert [each["record"]["id"] for each in after["added"]] == made
    assert [each["record"]["id"] for each in collection(control, "sessions", last=1)["added"]] == made[1:]
    assert collection(control, "sessions", last=0) == {**after, "added": []}


def test_keys_and_tokens_are_not_listed(control: httpx.Client) -> None:
    names = {each["name"] for each in control.get("/records").json()["collections"]}
    assert "sessions" in names
    assert not names & {"keys", "tokens", "access_tokens"}
    assert "axp_test" not in control.get("/records").text


def test_an_unknown_api_is_refused_with_the_nearest(control: httpx.Client) -> None:
    answer = control.get("/records", params={"api": "aixplian"})
    assert (answer.status_code, "did you mean 'aixplain'?" in answer.text) == (400, True)


AGENTS = "/records/aixplain/agents"


def ids(control: httpx.Client, path: str = AGENTS, **query: Any) -> list[str]:
    return [each["id"] for each in control.get(path, params=query).raise_for_status().json()["records"]]


def refusal(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    return str(answer.json()["error"]["message"])


def test_a_record_is_written_read_changed_and_removed(emulator: Emulated, control: httpx.Client) -> None:
    made = control.put(f"{AGENTS}/a1", json={"name": "Mine"})
    assert (made.status_code, made.json()["record"]) == (201, {"name": "Mine", "id": "a1"})
    api = emulator.client("aixplain", headers=KEY)
    assert api.get("/v2/agents/a1").json()["name"] == "Mine"
    assert control.put(f"{AGENTS}/a1", json={"name": "Mine", "status": "draft"}).status_code == 200
    assert control.patch(f"{AGENTS}/a1", json={"name": "Yours"}).json()["record"]["status"] == "draft"
    assert control.get(f"{AGENTS}/a1").json()["record"]["name"] == "Yours"
    assert control.delete(f"{AGENTS}/a1").json() == {"removed": ["a1"]}
    assert api.get("/v2/agents/a1").status_code == 404


def test_records_are_found_in_the_language_of_when(control: httpx.Client) -> None:
    for id, name in (("a1", "Mine"), ("a2", "Yours")):
        control.put(f"{AGENTS}/{id}", json={"name": name, "model": {"id": f"m-{id}"}}).raise_for_status()
    assert ids(control, where='{"name": "Mine"}') == ["a1"]
    assert ids(control, where="model.id: {matches: ^m-}") == ["a1", "a2"]
    assert ids(control, where="{{ name == 'Yours' }}") == ["a2"]
    assert ids(control, last=1) == ["a2"]
    assert control.get(AGENTS, params={"where": "name: Mine", "last": 0}).json()["total"] == 1


@pytest.mark.parametrize(
    "where", ["nth: 1", "{any: [{name: a}, {times: 2}]}", "name: {matchs: a}", "name", "[", "expr: 1"]
)
def test_a_wrong_filter_is_refused_with_its_place(control: httpx.Client, where: str) -> None:
    answer = control.get(AGENTS, params={"where": where})
    assert refusal(answer, 400).startswith("query.where: filter:1:")
    assert answer.json()["error"]["complaints"][0]["line"] == 1


def test_a_collection_is_emptied_and_filled_again_by_a_reset(control: httpx.Client) -> None:
    fixture = ids(control)
    assert fixture
    assert control.delete(AGENTS).json() == {"removed": fixture}
    assert ids(control) == []
    control.post("/reset").raise_for_status()
    assert ids(control) == fixture


def test_what_the_collection_could_not_hold_is_refused_and_not_kept(control: httpx.Client) -> None:
    assert refusal(control.put(f"{AGENTS}/a1", json={"id": "a2"}), 400) == (
        "body.id: the record is 'a2'; expected 'a1', as in the path"
    )
    assert refusal(control.put(f"{AGENTS}/a1", json=[]), 400) == "body: expected a JSON object; found a list"
    assert refusal(control.patch(f"{AGENTS}/a1", json={}), 404).startswith(
        "no record 'a1' in 'agents'; expected one of"
    )
    deep: dict[str, Any] = {}
    for _ in range(200):
        deep = {"deeper": deep}
    assert "nested deeper" in refusal(control.put(f"{AGENTS}/a1", json=deep), 400)
    assert "a1" not in ids(control)
    retries = "/records/aiexport/retries"
    for number in range(100):
        control.put(f"{retries}/{number}", json={"batch": "b"}).raise_for_status()
    full = "'retries' has 100 records, and takes no more; remove some first"
    assert refusal(control.put(f"{retries}/more", json={"batch": "b"}), 409) == full
    assert control.put(f"{retries}/1", json={"batch": "c"}).status_code == 200


@pytest.mark.bound("id of a record that is written by hand")
def test_an_id_that_is_too_long_is_refused(control: httpx.Client) -> None:
    longest = "a" * 1_000
    too_long = "path: the id has 1,001 characters; expected at most 1,000"
    assert refusal(control.put(f"{AGENTS}/{longest}a", json={}), 400) == too_long
    assert control.put(f"{AGENTS}/{longest}", json={}).status_code == 201
    assert control.get(f"{AGENTS}/{longest}").status_code == 200


def test_unknown_names_are_refused_with_the_nearest(control: httpx.Client) -> None:
    assert "did you mean 'aixplain'?" in refusal(control.get("/records/aixplian/agents"), 404)
    assert "did you mean 'agents'?" in refusal(control.get("/records/aixplain/agent"), 404)


def test_keys_and_tokens_are_neither_read_nor_written(control: httpx.Client) -> None:
    for name in ("keys", "tokens"):
        for method in ("GET", "DELETE"):
            answer = control.request(method, f"/records/aiexport/{name}")
            assert refusal(answer, 409) == f"{name!r} holds credentials, which are neither shown nor written here"
        assert control.put(f"/records/aiexport/{name}/mine", json={}).status_code == 409
    assert control.get("/records/aiexport/tokens").json()["error"]["hint"].startswith("GET /_emulator/keys")


def test_secrets_are_masked_and_a_mask_is_not_taken_for_a_secret(control: httpx.Client) -> None:
    client = "/records/aiexport/clients/demo-enterprise"
    shown = control.get(client).json()["record"]
    assert shown["secret"] == "********"
    for method in ("PUT", "PATCH"):
        assert "a secret is masked" in refusal(control.request(method, client, json=shown), 400)
    assert control.patch(client, json={"tier": "pro"}).json()["record"]["secret"] == "********"
    control.put("/records/aixplain/agents/a1", json={"note": "uses aix_test_demo"}).raise_for_status()
    assert "aix_test_demo" not in control.get("/records/aixplain/agents").text


def test_keys_and_tokens_of_another_api_are_masked_too(emulator: Emulated, control: httpx.Client) -> None:
    token = emulator.client("aiexport").post("/oauth/token", data=CLIENT).raise_for_status().json()["access_token"]
    note = {"note": f"axp_test_pro, then {token}", "axp_test_pro": 1}
    shown = control.put(f"{AGENTS}/a1", json=note).raise_for_status().json()["record"]
    assert shown == {"note": "********, then ********", "********": 1, "id": "a1"}
    for path in (f"{AGENTS}/a1", AGENTS, "/records"):
        text = control.get(path).text
        assert "********, then ********" in text
        assert not [each for each in ("axp_test_pro", token) if each in text]


def test_a_mask_within_a_text_is_refused_and_the_secret_stays(control: httpx.Client) -> None:
    note = {"note": "my axp_test_pro key", "axp_test_pro": 1}
    shown = control.put(f"{AGENTS}/a1", json=note).raise_for_status().json()["record"]
    for wrong in (shown, {"notes": [{"note": shown["note"]}]}, {"********": 1}):
        for method in ("PUT", "PATCH"):
            assert "a secret is masked" in refusal(control.request(method, f"{AGENTS}/a1", json=wrong), 400)
    assert control.get(AGENTS, params={"where": "note: my axp_test_pro key"}).json()["total"] == 1


def test_a_record_that_has_asterisks_of_its_own_can_be_changed(emulator: Emulated, control: httpx.Client) -> None:
    made = emulator.client("aixplain", headers=KEY).post("/v2/agents", json={"name": "Mine", "instructions": STARS})
    id = made.raise_for_status().json()["id"]
    changed = control.patch(f"{AGENTS}/{id}", json={"status": "draft"}).raise_for_status().json()["record"]
    assert (changed["instructions"], changed["status"]) == (STARS, "draft")


def test_what_was_written_by_hand_is_seeded_and_so_are_exchanges_that_name_it(
    emulator: Emulated, control: httpx.Client
) -> None:
    api = emulator.client("aixplain", headers=KEY)
    (fixture, *_) = ids(control)
    control.put(f"{AGENTS}/a1", json={"name": "Mine"}).raise_for_status()
    for id in ("a1", fixture):
        api.get(f"/v2/agents/{id}").raise_for_status()
    told = control.get("/exchanges").json()["exchanges"]
    assert [each["seeded"] for each in told] == [["aixplain/agents/a1"], []]
    seeded = control.get("/exchanges", params={"filter": "seeded: {contains: aixplain/agents/a1}"}).json()
    assert seeded["total"] == 1
    shown = {each["id"]: each["seeded"] for each in control.get(AGENTS).json()["records"]}
    assert (shown["a1"], shown[fixture]) == (True, False)
    control.delete(f"{AGENTS}/{fixture}").raise_for_status()
    assert api.get(f"/v2/agents/{fixture}").status_code == 404
    assert control.get("/exchanges", params={"last": 1}).json()["exchanges"][0]["seeded"] == [
        f"aixplain/agents/{fixture}"
    ]


def test_what_was_seeded_is_in_a_snapshot(emulator: Emulated, control: httpx.Client) -> None:
    control.put(f"{AGENTS}/a1", json={"name": "Mine"}).raise_for_status()
    taken = control.get("/worlds/default/snapshot").json()
    control.post("/reset").raise_for_status()
    assert control.get(f"{AGENTS}/a1").status_code == 404
    control.put("/worlds/default/snapshot", json=taken).raise_for_status()
    assert control.get(f"{AGENTS}/a1").json()["seeded"] is True
