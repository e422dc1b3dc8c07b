"""aiXplain's tools: their actions, and running them at once or polled."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.apis.aixplain_calls import DEMO, SCRAPER, SEARCH, caller, execute, polled, ran, refused, started
from tests.running import Emulated

EXAMPLE = {"url": "https://example.com"}


@pytest.mark.claim("AX-TOOL-RUN")
def test_the_documents_tool_request_is_answered(emulator: Emulated) -> None:
    result = ran(caller(emulator), SCRAPER, action="scrape", data=EXAMPLE)
    assert "Example Domain" in result["data"]["markdown"]
    assert result["usedCredits"] > 0
    assert result["asset"]["assetId"] == SCRAPER


@pytest.mark.claim("AX-TOOL-RUN")
def test_another_page_has_another_text_and_always_the_same(emulator: Emulated) -> None:
    client = caller(emulator)
    texts = [
        ran(client, SCRAPER, action="Scrape", data={"url": url})["data"]["markdown"]
        for url in ("https://a.example", "https://a.example", "https://b.example")
    ]
    assert texts[0] == texts[1] != texts[2]


@pytest.mark.claim("AX-TOOL-POLL")
def test_an_asynchronous_tool_is_polled_for_its_result(emulator: Emulated) -> None:
    client = caller(emulator)
    id_ = started(execute(client, SEARCH, action="search", data={"query": "bees"}))["requestId"]
    assert polled(client, f"/api/v2/data/{id_}")["completed"] is False
    emulator.advance(1)
    result = polled(client, f"/api/v2/data/{id_}")
    assert (result["status"], result["completed"]) == ("SUCCESS", True)
    assert result["data"]["markdown"]


@pytest.mark.claim("AX-TOOL-ACTIONS")
@pytest.mark.parametrize(("tool", "action"), [(SCRAPER, "scrape"), (SEARCH, "search")])
def test_a_tool_tells_its_actions_and_their_inputs_at_once(emulator: Emulated, tool: str, action: str) -> None:
    client = caller(emulator)
    listed = ran(client, tool, action="LIST_ACTIONS", data={})["data"]
    assert [entry["name"] for entry in listed] == [action]
    (described,) = ran(client, tool, action="LIST_INPUTS", data={"actions": [action]})["data"]
    assert described["name"] == action
    required = [field["code"] for field in described["inputs"] if field["required"]]
    assert len(required) == 1
    assert execute(client, tool, action=action, data={required[0]: "https://example.com"}).is_success


@pytest.mark.claim("AX-TOOL-RUN")
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "action"),
        ({"action": ""}, "action"),
        ({"action": "dance", "data": {}}, "dance"),
        ({"action": "scrape"}, "data.url"),
        ({"action": "scrape", "data": {}}, "data.url"),
        ({"action": "scrape", "data": {"url": None}}, "data.url"),
        ({"action": "scrape", "data": "https://example.com"}, "data.url"),
    ],
)
def test_a_tool_refuses_what_it_cannot_do_and_names_the_field(
    emulator: Emulated, body: dict[str, Any], words: str
) -> None:
    refused(execute(caller(emulator), SCRAPER, **body), 400, words)


@pytest.mark.claim("AX-TOOL-RUN")
@pytest.mark.finding("C4")
@pytest.mark.parametrize("url", ["HTTP://EXAMPLE.COM/a?b#c", "https://localhost:8080/x", "https://[::1]/x"])
def test_an_address_may_be_written_in_every_way_that_a_url_may(emulator: Emulated, url: str) -> None:
    assert ran(caller(emulator), SCRAPER, action="scrape", data={"url": url})["data"]["markdown"]


@pytest.mark.claim("AX-ERROR-SHAPE")
@pytest.mark.finding("C4")
@pytest.mark.parametrize("url", ["not a url", "example.com", "ftp://a.example", "https://", "http://a b.example", 5])
def test_an_address_that_is_none_is_an_input_that_cannot_be_fetched(emulator: Emulated, url: Any) -> None:
    response = execute(caller(emulator), SCRAPER, action="scrape", data={"url": url})
    refused(response, 492, "data.url")
    assert response.json()["error"] == "err.invalid_input_data_or_input_url"


@pytest.mark.claim("AX-ERROR-SHAPE")
def test_a_number_that_is_none_is_refused_and_one_in_a_text_is_not(emulator: Emulated) -> None:
    client = caller(emulator)
    for wrong in ("many", [3], True, "NaN", "-inf"):
        data = {"query": "bees", "num_results": wrong}
        refused(execute(client, SEARCH, action="search", data=data), 492, "data.num_results")
    for right in (3, "3", "", None):
        started(execute(client, SEARCH, action="search", data={"query": "bees", "num_results": right}))


@pytest.mark.claim("AX-TOOL-RUN")
def test_the_text_of_a_page_that_nobody_foresaw_is_said_to_be_simulated(emulator: Emulated) -> None:
    for url in ("https://a.example/page?x=1#y", "http://127.0.0.1:8000"):
        text = ran(caller(emulator), SCRAPER, action="scrape", data={"url": url})["data"]["markdown"]
        assert "simulate" in text
        assert url in text


@pytest.mark.claim("AX-ENVELOPE")
@pytest.mark.parametrize(("kind", "path"), [("execution", "/api/v2/data/{id}"), ("run", "/sdk/agents/{id}/result")])
def test_a_result_of_ones_own_is_polled_as_a_run_that_has_succeeded_unless_it_says_otherwise(
    emulator: Emulated, kind: str, path: str
) -> None:
    client = caller(emulator)
    job = {"kind": kind, "as": DEMO, "age": "1h"}
    for id, result, expected in (
        ("one", {"data": "done"}, {"status": "SUCCESS", "completed": True, "data": "done"}),
        ("text", "done", {"status": "SUCCESS", "completed": True, "data": "done"}),
        ("two", {"status": "FAILED", "error": "mine"}, {"status": "FAILED", "completed": True, "error": "mine"}),
    ):
        started_by_hand = httpx.post(f"{emulator.origin}/_emulator/jobs", json={**job, "id": id, "result": result})
        assert started_by_hand.status_code == 201
        assert polled(client, path.format(id=id)) == {**expected, "requestId": id}
