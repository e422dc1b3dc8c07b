"""A call: what the control API answers becomes a result, and what it refuses an error that an agent can act on."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from emulator.control.mcp.calls import Result, RouteResponse, call
from emulator.control.mcp.results import MAX_SIZE, SHORTENED, size_of
from emulator.control.mcp.tools import RouteRequest, Toolbox, WrongCall
from emulator.control.routes import TABLE

TOOLBOX = Toolbox(TABLE)


def result(tool: str, status: int, data: dict[str, Any], /, **arguments: Any) -> tuple[Result, list[RouteRequest]]:
    """A call, of a control API that answers so; and what that was asked."""
    asked: list[RouteRequest] = []

    async def ask(request: RouteRequest) -> RouteResponse:
        asked.append(request)
        return RouteResponse(status, data)

    return asyncio.run(call(TOOLBOX, ask, tool, arguments, "default")), asked


def test_an_answer_is_the_result() -> None:
    found, asked = result("get_clock", 200, {"now": 1.0})
    assert found == Result({"now": 1.0})
    assert asked == [RouteRequest("GET", "/_emulator/clock", b"", "default")]


def test_a_refusal_is_an_error_with_its_places_and_its_hint() -> None:
    error = {
        "message": "the scenario is invalid: 1 error",
        "complaints": [{"file": "a.yaml", "line": 2, "column": 1, "message": "unknown key 'x'"}],
        "hint": "GET /_emulator/scenarios lists them",
    }
    found, _ = result("put_scenario", 422, {"error": error}, name="a", yaml="x: 1")
    assert found.error == (
        "the scenario is invalid: 1 error\na.yaml:2:1: unknown key 'x'\nhint: the tool list_scenarios lists them"
    )


def test_a_refusal_without_a_message_says_its_status() -> None:
    assert result("get_clock", 500, {})[0].error == "the emulator answers 500"


def test_a_wrong_argument_is_an_error_and_nothing_is_asked() -> None:
    found, asked = result("get_clock", 200, {}, wrld="x")
    assert found.error.startswith("get_clock has no argument 'wrld'")
    assert asked == []


def test_an_unknown_tool_is_no_result() -> None:
    with pytest.raises(WrongCall, match="no tool 'nope'"):
        result("nope", 200, {})


@pytest.mark.parametrize("count", [1_000, 20_000])
def test_a_long_answer_is_shortened_as_the_tool_says(count: int) -> None:
    data = {"exchanges": [{"number": number, "path": "x" * 60} for number in range(count)]}
    found, _ = result("list_exchanges", 200, data)
    assert size_of(found.data) <= MAX_SIZE + 500
    assert found.data["exchanges"][-1]["number"] == count - 1
    assert found.data[SHORTENED].endswith(TOOLBOX.find("list_exchanges").tool.rest)
