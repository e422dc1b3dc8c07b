"""An emulator that is asked from another process: what does not answer, or is none, is said in a sentence."""

from __future__ import annotations

import asyncio

import pytest

from emulator.control.mcp.attached import AttachedClient
from emulator.control.mcp.calls import RouteResponse
from emulator.control.mcp.tools import RouteRequest, Toolbox
from emulator.control.routes import TABLE
from emulator.settings.options import Settings
from tests.other_server import another_server
from tests.running import Emulated, Running

CLOCK = RouteRequest("GET", "/_emulator/clock", b"", "default")


def ask(url: str, request: RouteRequest = CLOCK, token: str = "") -> RouteResponse:
    async def once() -> RouteResponse:
        async with AttachedClient(url, token) as client:
            return await client(request)

    return asyncio.run(once())


def test_it_asks_the_route_of_the_world_with_the_body(emulator: Emulated) -> None:
    assert ask(emulator.origin + "/").data["frozen"]
    moved = ask(emulator.origin, RouteRequest("POST", "/_emulator/clock", b'{"advance": "1s"}', "default"))
    assert (moved.status, moved.data["iso"]) == (200, "2026-01-01T00:00:01.000Z")
    assert ask(emulator.origin, RouteRequest("GET", "/_emulator/clock", b"", "nope")).status == 404
    assert ask(emulator.origin, RouteRequest("GET", "/_emulator/worlds", b"", None)).status == 200


@pytest.mark.parametrize("name", [".", ".."])
def test_dots_in_an_argument_do_not_lead_to_another_route(emulator: Emulated, name: str) -> None:
    tools = Toolbox(TABLE)
    armed = ask(emulator.origin, tools.find("arm_fault").request({"fault": "status"}, "default"))
    refused = ask(emulator.origin, tools.find("disarm_fault").request({"id": name}, "default"))
    assert refused.status == 404
    assert refused.data["error"]["message"].startswith(f"no armed fault '{name}'")
    assert ask(emulator.origin, tools.find("disarm_fault").request({"id": armed.data["id"]}, "default")).status == 200
    listed = ask(emulator.origin, tools.find("list_records").request({"api": name, "collection": "jobs"}, "default"))
    assert listed.data["error"]["message"].startswith(f"no API '{name}'")


def test_a_missing_token_is_named_with_the_option_for_it(running: Running) -> None:
    emulator = Emulated(running, ("default",), settings=Settings(control_token="a-token-for-tests", reload=False))
    try:
        refused = ask(emulator.origin)
        assert (refused.status, refused.data["error"]["message"]) == (403, "the control token is missing or wrong")
        assert refused.data["error"]["hint"].startswith("give it with --token")
        assert ask(emulator.origin, token="a-token-for-tests").status == 200
    finally:
        emulator.close()


def test_no_emulator_at_the_address_is_a_sentence_with_a_cure() -> None:
    refused = ask("http://127.0.0.1:1")
    assert refused.status == 503
    assert refused.data["error"]["message"].startswith("no emulator answers at http://127.0.0.1:1 (")
    assert "start one with `emulator serve`" in refused.data["error"]["hint"]


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"7", b""])
def test_another_server_at_the_address_is_a_sentence_too(body: bytes) -> None:
    with another_server(body) as url:
        refused = ask(url)
    assert refused.data["error"]["message"] == f"what answers at {url} is no emulator of this version"


@pytest.mark.parametrize("body", [b'{"error": "forbidden"}', b'{"error": ["token"]}', b"{}"])
def test_another_server_that_refuses_is_that_sentence_too(body: bytes) -> None:
    with another_server(body, 403) as url:
        refused = ask(url)
    assert refused.data["error"]["message"] == f"what answers at {url} is no emulator of this version"
