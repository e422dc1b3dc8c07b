"""The public aiXplain SDK, unmodified: models and tools, by its client of v2 and by its legacy factories."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients.conftest import HURRY, Asker

pytestmark = pytest.mark.slow

FOUR = "2 + 2 = 4."
RAINBOW = "The colors of the rainbow are red, orange, yellow, green, blue, indigo and violet."
PREVIOUS = 'Your previous question was: "What is 2 + 2?"'
NAMES = (
    ["Demo LLM", "Demo Slow LLM", "Demo Streaming LLM"],
    ["Demo Translation", "Demo Failing LLM", "Demo Aborting LLM"],
)


def succeeded(found: dict[str, Any], data: object) -> bool:
    return (found["status"], found["completed"], found["data"]) == ("SUCCESS", True, data)


@pytest.mark.claim("AX-CATALOGUE", "AX-STREAM", "AX-TOOL-ACTIONS", "AX-ENVELOPE", "AX-ASYNC-ENVELOPE", "AX-POLL-STATES")
def test_the_client_of_v2_runs_models_and_tools(aixplain: Asker) -> None:
    aixplain.world.clock.speed(HURRY)
    told = aixplain.told("v2_models.py")
    assert told["get"] == {"id": "695fce4c27b4e3580e43d126", "name": "Demo LLM", "sync_only": True, "price": 6e-07}
    assert told["by path"] == "GPT-4o Mini"
    assert succeeded(told["by path, run"], FOUR)
    assert told["sync"] == {
        "status": "SUCCESS",
        "completed": True,
        "data": FOUR,
        "tokens": 7,
        "run_time": 0.216,
        "used_credits": 4.2e-06,
    }
    assert succeeded(told["history"], PREVIOUS)
    assert told["cut"] == "length"
    assert told["streamed"] == {
        "text": RAINBOW,
        "status": "SUCCESS",
        "finish": ["stop"],
        "tokens": 30,
        "whole": RAINBOW,
    }
    assert succeeded(told["async"], FOUR)
    assert told["async by hand"]["begun"] == "IN_PROGRESS"
    assert told["async by hand"]["url"].startswith("https://models.aixplain.com/api/v1/data/")
    assert succeeded(told["async by hand"]["ended"], FOUR)
    assert told["failed"]["says"] == 'Operation failed: {"message":"model_not_found"}'
    assert (told["aborted"]["status"], told["aborted"]["completed"]) == ("ABORTED", True)
    assert [told["unknown"][each] for each in ("raised", "says", "status_code")] == ["APIError", "Model not found", 404]
    assert told["no text"]["says"] == "Parameter validation failed: Required parameter 'text' is missing"
    assert told["search"] == {"names": NAMES[0], "total": 7, "page": 0}
    assert told["search, next page"] == {"names": NAMES[1], "total": 7, "page": 1}
    assert told["search by function"]["names"] == ["Demo Translation"]
    assert told["search, nothing"] == {"names": [], "total": 0, "page": 0}
    assert told["search, tools"]["names"] == ["Web Scraper", "Web Search", "Tavily Web Search"]
    assert told["tool, actions"] == ["scrape"]
    assert told["tool, inputs"] == ["url"]
    assert told["tool"]["data"]["markdown"].startswith("# Example Domain")
    assert (told["tool, polled"]["status"], list(told["tool, polled"]["data"])) == ("SUCCESS", ["markdown"])
    assert "'dance' not found" in told["tool, no such action"]["says"]
    assert told["tool, no input"]["says"] == "Parameter validation failed: Required input 'url' is missing"


@pytest.mark.claim("AX-V1-ALIAS", "AX-AUTH-TOKEN", "AX-CATALOGUE", "AX-TOOL-ACTIONS")
def test_the_legacy_factories_run_models_and_tools(aixplain: Asker) -> None:
    aixplain.world.clock.speed(HURRY)
    told = aixplain.told("v1_models.py")
    assert told["get"] == {
        "id": "695fce4c27b4e3580e43d126",
        "name": "Demo LLM",
        "kind": "LLM",
        "supplier": "aixplain",
    }
    assert succeeded(told["sync"], FOUR)
    assert succeeded(told["history"], PREVIOUS)
    assert told["cut"] == "length"
    assert succeeded(told["async"], FOUR)
    assert told["async by hand"]["begun"] == "IN_PROGRESS"
    assert succeeded(told["async by hand"]["ended"], FOUR)
    assert succeeded(told["no language model"], "Simulated translation from en: hello")
    assert told["failed"]["status"] == "FAILED"
    assert told["failed"]["error_message"] == 'err.supplier_error - {"message":"model_not_found"}'
    assert told["aborted"]["status"] == "SUCCESS"  # the client knows no ABORTED and takes it for that
    assert "Status Code: 404. Error: {'statusCode': 404, 'message': 'Model not found'" in told["unknown"]["says"]
    assert told["list"] == {"names": NAMES[0], "total": 7, "page": 0}
    assert told["list, next page"] == {"names": NAMES[1], "total": 7, "page": 1}
    assert told["list by ids"] == ["Demo LLM", "Demo Slow LLM"]
    assert told["list by function"] == {"names": ["Demo Translation"], "total": 1, "page": 0}
    assert told["tool, actions"] == [["scrape", "Scrape"]]
    assert told["tool, inputs"] == ["url"]
    assert told["tool"]["data"]["markdown"].startswith("# Example Domain")
    assert (told["tool, polled"]["status"], list(told["tool, polled"]["data"])) == ("SUCCESS", ["markdown"])
    bad = "Bad request: Please verify the request payload and ensure it is correct. Details: Bad Request"
    for wrong in ("tool, no such action", "tool, no input"):
        assert (told[wrong]["status"], told[wrong]["error_message"]) == ("FAILED", bad)
    # It looks for {data} chunks, not for the published ones; the stream ends well all the same.
    assert told["streamed"] == {"text": "", "last": "SUCCESS", "whole": RAINBOW}


@pytest.mark.claim("AX-STREAM")
def test_the_legacy_stream_finds_text_when_the_switch_says_so(aixplain: Asker) -> None:
    about = {"scenario": "turned", "about": "Chunks for v1.", "extends": "default"}
    aixplain.world.put_scenario("turned", {**about, "apis": {"aixplain": {"switches": {"stream_chunks": "data"}}}})
    aixplain.world.use("turned")
    assert aixplain.told("v1_stream.py") == {"streamed": {"text": RAINBOW, "last": "SUCCESS"}}
