"""aiXplain's catalogue: the records that its client needs before it can run anything."""

from __future__ import annotations

from typing import Any

import pytest

from tests.apis.aixplain_calls import (
    AGENT,
    DEMO,
    LLM,
    PATH_LLM,
    PLATFORM_HOST,
    SCRAPER,
    SEARCH,
    SLOW_LLM,
    TRANSLATION,
    agent_result,
    caller,
    execute,
    ran,
    refused,
)
from tests.running import Emulated

V2_FIELDS = {
    "id",
    "name",
    "description",
    "status",
    "host",
    "developer",
    "vendor",
    "function",
    "functionType",
    "type",
} | {
    "pricing",
    "version",
    "createdAt",
    "updatedAt",
    "supportsStreaming",
    "supportsBYOC",
    "connectionType",
    "attributes",
    "params",
}


@pytest.mark.claim("AX-CATALOGUE")
@pytest.mark.parametrize("id_", [LLM, SLOW_LLM, PATH_LLM, TRANSLATION])
def test_a_model_is_shown_to_the_new_client(emulator: Emulated, id_: str) -> None:
    record = caller(emulator).get(f"/v2/models/{id_.replace('/', '%2F')}").json()
    assert record["id"] == id_
    assert set(record) >= V2_FIELDS
    assert isinstance(record["attributes"], dict)
    assert record["connectionType"] == (["asynchronous"] if id_ == SLOW_LLM else ["synchronous"])


@pytest.mark.claim("AX-CATALOGUE")
def test_a_language_model_takes_conversations_so_that_the_client_lets_them_through(emulator: Emulated) -> None:
    params = {param["name"]: param for param in caller(emulator).get(f"/v2/models/{LLM}").json()["params"]}
    assert (params["text"]["required"], params["text"]["dataSubType"]) == (True, "json")
    assert params["temperature"]["defaultValues"] == [{"value": "0.7", "label": "0.7"}]


@pytest.mark.claim("AX-CATALOGUE")
@pytest.mark.parametrize("id_", [LLM, PATH_LLM, TRANSLATION, SCRAPER])
def test_a_model_is_shown_to_the_old_client_in_its_words(emulator: Emulated, id_: str) -> None:
    record = caller(emulator).get(f"/sdk/models/{id_}").json()
    assert record["id"] == id_
    assert isinstance(record["attributes"], list)
    assert record["supplier"]["code"]
    assert record["function"]["id"]
    assert record["version"]["id"]
    assert all({"name", "defaultValues", "values"} <= set(param) for param in record["params"])


@pytest.mark.claim("AX-CATALOGUE", "AX-TOOL-ACTIONS")
@pytest.mark.parametrize(("id_", "connection"), [(SCRAPER, "synchronous"), (SEARCH, "asynchronous")])
def test_a_tool_is_shown_as_a_connection(emulator: Emulated, id_: str, connection: str) -> None:
    record = caller(emulator).get(f"/v2/tools/{id_}").json()
    assert (record["functionType"], record["connectionType"]) == ("connection", [connection])
    assert {param["name"] for param in record["params"]} == {"action", "data"}


@pytest.mark.claim("AX-CATALOGUE")
def test_an_agent_is_shown_to_both_clients(emulator: Emulated) -> None:
    client = caller(emulator)
    new = client.get(f"/v2/agents/{AGENT}").json()
    old = client.get(f"/sdk/agents/{AGENT}").json()
    assert new["id"] == old["id"] == AGENT
    assert new["status"] == "onboarded"
    assert new["model"]["id"] == old["llmId"] == LLM
    assert old["assets"] == []
    assert old["tools"][0]["type"] == "llm"
    assert AGENT in [agent["id"] for agent in client.get("/sdk/agents").json()]


@pytest.mark.claim("AX-CATALOGUE")
@pytest.mark.parametrize(
    "path", ["/v2/models/none", "/v2/tools/none", "/v2/agents/none", "/sdk/models/none", "/sdk/agents/none"]
)
def test_what_nobody_knows_is_not_found(emulator: Emulated, path: str) -> None:
    refused(caller(emulator).get(path), 404, "not found")


@pytest.mark.claim("AX-CATALOGUE")
@pytest.mark.parametrize(
    ("path", "items", "word", "found"),
    [
        ("/v2/models/paginate", "results", "SLOW", [SLOW_LLM]),
        ("/sdk/models/paginate", "items", "slow", [SLOW_LLM]),
        ("/v2/tools/paginate", "results", "scraper", [SCRAPER]),
        ("/v2/agents/paginate", "results", "demo", [AGENT]),
        ("/v2/models/paginate", "results", "nothing has this name", []),
    ],
)
def test_records_are_searched(emulator: Emulated, path: str, items: str, word: str, found: list[str]) -> None:
    response = caller(emulator).post(path, json={"q": word, "pageNumber": 0, "pageSize": 20, "sort": [{}]})
    assert response.status_code == 200
    page = response.json()
    assert [record["id"] for record in page[items]] == found
    assert (page["total"], page["pageTotal"], page["pageNumber"]) == (len(found), len(found), 0)


@pytest.mark.claim("AX-CATALOGUE")
def test_pages_follow_one_another_and_cover_everything(emulator: Emulated) -> None:
    client = caller(emulator)
    everything = client.post("/v2/models/paginate", json={}).json()
    seen: list[str] = []
    for number in range(4):
        page = client.post("/v2/models/paginate", json={"pageNumber": number, "pageSize": 4}).json()
        assert page["total"] == everything["total"]
        assert page["pageTotal"] == len(page["results"])
        seen += [record["id"] for record in page["results"]]
    assert seen == [record["id"] for record in everything["results"]]
    refused(client.post("/v2/models/paginate", json={"pageSize": 0}), 400, "pageSize")


@pytest.mark.claim("AX-CATALOGUE")
def test_several_models_are_asked_for_by_their_ids(emulator: Emulated) -> None:
    page = caller(emulator).get("/sdk/models", params={"ids": f"{LLM},{TRANSLATION}"}).json()
    assert [record["id"] for record in page["items"]] == [LLM, TRANSLATION]
    assert caller(emulator).get("/sdk/models", params={"ids": LLM, "pageNumber": 1}).json()["items"] == []


@pytest.mark.claim("AX-CATALOGUE")
def test_an_agent_is_drafted_run_saved_and_forgotten(emulator: Emulated) -> None:
    client = caller(emulator)
    body: dict[str, Any] = {
        "id": None,
        "name": "New Agent",
        "description": "d",
        "instructions": "i",
        "status": "draft",
        "tools": [],
    }
    made = client.post("/v2/agents", json={**body, "model": {"id": LLM}})
    assert made.status_code == 201
    draft = made.json()
    assert (draft["name"], draft["status"], draft["model"]) == ("New Agent", "draft", {"id": LLM})
    url = f"/v2/agents/{draft['id']}"
    assert "10" in agent_result(emulator, client, "What is 5 + 5?", draft["id"])["data"]["output"]
    saved = client.put(url, json={**draft, "status": "onboarded"}).json()
    assert saved == {**draft, "status": "onboarded", "updatedAt": saved["updatedAt"]}
    assert client.get(url).json() == saved
    stranger = caller(emulator, "somebody-elses-key")
    refused(stranger.get(url), 404)
    refused(stranger.post(f"{url}/run", json={"query": "Hello!"}), 404)
    assert client.delete(url).status_code == 200
    refused(client.get(url), 404)
    refused(client.post("/v2/agents", json={"status": "draft"}), 400, "name")


@pytest.mark.claim("AX-CATALOGUE")
def test_the_client_of_v1_makes_an_agent_in_its_own_words(emulator: Emulated) -> None:
    client = caller(emulator)
    body = {"id": "", "name": "Mine", "instructions": "i", "status": "draft", "llmId": LLM, "api_key": "secret"}
    answer = client.post("/sdk/agents", json=body)
    made = answer.json()
    assert (answer.status_code, made["name"], made["llmId"], made["assets"]) == (201, "Mine", LLM, [])
    assert "api_key" not in made
    assert "10" in agent_result(emulator, client, "What is 5 + 5?", made["id"])["data"]["output"]
    assert made in client.get("/sdk/agents").json()
    assert client.delete(f"/sdk/agents/{made['id']}").is_success
    refused(client.get(f"/sdk/agents/{made['id']}"), 404)
    refused(client.post("/sdk/agents", json={"llmId": LLM}), 400, "name")


def test_the_client_is_told_where_it_is_by_that_host_only_and_without_a_key(emulator: Emulated) -> None:
    client = caller(emulator, None)
    assert client.get("/json", headers={"Host": "ipinfo.io"}).json() == {"ip": "192.0.2.1"}
    refused(client.get("/json", headers={"Host": PLATFORM_HOST}), 404)


TAVILY = "tavily/tavily-web-search/tavily"
TOOL = {"id": TAVILY, "name": "Tavily Web Search", "type": "tool", "supplier": "tavily", "actions": ["search"]}


@pytest.mark.claim("AX-CATALOGUE", "AX-TOOL-ACTIONS")
@pytest.mark.finding("D6")
@pytest.mark.parametrize("id_", [TAVILY, TAVILY.replace("/", "%2F")])
def test_the_tool_of_the_clients_readme_is_there_and_searches(emulator: Emulated, id_: str) -> None:
    client = caller(emulator)
    assert client.get(f"/v2/tools/{id_}").json()["name"] == "Tavily Web Search"
    (action,) = execute(client, TAVILY, action="LIST_INPUTS", data={"actions": ["search"]}).json()["data"]
    assert (action["name"], action["inputs"][0]["code"]) == ("search", "query")
    assert ran(client, TAVILY, action="search", data={"query": "sea"})["data"]["markdown"]


@pytest.mark.claim("AX-CATALOGUE")
@pytest.mark.finding("D6")
def test_an_agent_that_is_saved_with_tools_shows_them_to_both_clients_and_uses_them(emulator: Emulated) -> None:
    client = caller(emulator)
    by_asset = {**TOOL, "id": None, "assetId": TAVILY}
    for path, body in (("/v2/agents", {"tools": [TOOL]}), ("/sdk/agents", {"assets": [by_asset]})):
        id_ = client.post(path, json={"name": "Searcher", "tools": [], **body}).json()["id"]
        new, old = client.get(f"/v2/agents/{id_}").json(), client.get(f"/sdk/agents/{id_}").json()
        assert [(each["id"], each["name"]) for each in new["tools"]] == [(TAVILY, "Tavily Web Search")]
        assert [(each["assetId"], each["supplier"]) for each in old["assets"]] == [(TAVILY, "tavily")]
        assert [each["type"] for each in old["tools"]] == ["llm"]
        stats = agent_result(emulator, client, "What is 5 + 5?", id_)["data"]["executionStats"]
        assert stats["assets_used"] == ["agent:Searcher", "tool:Tavily Web Search"]
    named = client.post("/v2/agents", json={"name": "By asset", "tools": [{"assetId": TAVILY}]}).json()
    assert [each["assetId"] for each in client.get(f"/sdk/agents/{named['id']}").json()["assets"]] == [TAVILY]
    changed = client.put(f"/v2/agents/{id_}", json={"tools": []}).json()
    assert [each["id"] for each in changed["tools"]] == [TAVILY]
    other = client.put(f"/v2/agents/{id_}", json={"tools": [{**TOOL, "id": SCRAPER}]}).json()
    assert [each["assetId"] for each in other["assets"]] == [SCRAPER]


@pytest.mark.claim("AX-CATALOGUE")
@pytest.mark.finding("D6")
def test_an_agent_is_copied_with_a_name_of_its_own(emulator: Emulated) -> None:
    client = caller(emulator)
    original = client.post("/v2/agents", json={"name": "Mine", "instructions": "Help.", "tools": [TOOL]}).json()
    copies = [client.post(f"/v2/agents/{original['id']}/duplicate", json={"cloneSubagents": False}) for _ in range(2)]
    assert [copy.status_code for copy in copies] == [201, 201]
    first, second = (copy.json() for copy in copies)
    assert len({original["id"], first["id"], second["id"]}) == 3
    assert len({original["name"], first["name"], second["name"]}) == 3
    assert (first["status"], first["instructions"], first["tools"]) == ("draft", "Help.", original["tools"])
    assert client.get(f"/v2/agents/{first['id']}").json() == first
    named = client.post(f"/v2/agents/{original['id']}/duplicate", json={"name": "Yours"}).json()
    assert named["name"] == "Yours"
    client.put(f"/v2/agents/{named['id']}", json={"instructions": "Hinder."})
    assert client.get(f"/v2/agents/{original['id']}").json()["instructions"] == "Help."
    refused(caller(emulator, "somebody-elses-key").post(f"/v2/agents/{original['id']}/duplicate", json={}), 404)


@pytest.mark.claim("AX-CATALOGUE")
@pytest.mark.finding("D6")
def test_an_integration_is_shown_and_to_connect_it_is_refused_by_the_claim_that_ends_there(emulator: Emulated) -> None:
    client = caller(emulator)
    (record,) = client.post("/v2/integrations/paginate", json={"q": "mail"}).json()["results"]
    assert set(record) >= V2_FIELDS
    assert client.get(f"/v2/integrations/{record['id']}").json() == record
    assert execute(client, record["id"], action="LIST_ACTIONS", data={}).json()["data"] == []
    refused(execute(client, record["id"], name="Mine", data={"token": "x"}), 501, "AX-CATALOGUE")
    refused(client.get("/v2/integrations/nobody"), 404, "Integration not found")


@pytest.mark.claim("AX-CATALOGUE", "AX-AUTH-TOKEN")
@pytest.mark.finding("D6")
def test_there_are_no_metrics_unless_a_scenario_adds_some(emulator: Emulated) -> None:
    client = caller(emulator, None)
    client.headers["Authorization"] = f"Token {DEMO}"
    assert client.get("/sdk/metrics", params={"sourceRequired": 1}).json() == {"results": [], "total": 0}
    refused(client.get("/sdk/metrics/bleu"), 404, "Metric not found")
