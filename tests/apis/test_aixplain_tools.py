"""aiXplain's tools: their actions, and running them at once or polled."""

from __future__ import annotations

from typing import Any

import pytest

from tests.apis.aixplain_calls import SCRAPER, SEARCH, caller, execute, polled, ran, refused, started
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
