"""MCP over HTTP: the SDK's own client calls tools, which do what the control routes do and refuse what they refuse."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

import httpx
import httpx2
import pytest
from starlette.types import Receive, Scope, Send

from emulator.control.mcp.endpoint import InsideClient
from emulator.control.mcp.results import MAX_SIZE, SHORTENED, size_of
from emulator.control.mcp.tools import RouteTool, Toolbox
from emulator.control.routes import TABLE
from emulator.settings.options import Settings
from tests import loopback
from tests.agents import Mode, agent, call, data, said, watchers, with_agent
from tests.running import Emulated, Running
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from mcp import Client

TOOLBOX = Toolbox(TABLE)
KEY = {"X-API-Key": "axp_test_pro"}
MESSAGE = {"model": "apex-sonnet-4-20250501", "max_tokens": 20, "messages": [{"role": "user", "content": "Hello"}]}
MODES: tuple[Mode, ...] = ("legacy", "auto")
each_mode = pytest.mark.parametrize("mode", MODES)


def send(emulator: Emulated, body: Any = MESSAGE, **headers: str) -> httpx.Response:
    """One message to the emulated API."""
    return loopback.post(f"{emulator.origin}/v2/messages", json=body, headers=KEY | headers)


def snapshot(emulator: Emulated) -> Any:
    """Everything that the default world remembers."""
    return loopback.get(f"{emulator.origin}/_emulator/worlds/default/snapshot").json()


def some_state(emulator: Emulated) -> None:
    """Exchanges, a job, a fault, an answer, a record: something for each tool to find."""
    control = f"{emulator.origin}/_emulator"
    send(emulator)
    send(emulator, {"model": 7})
    job = {"kind": "batch", "as": "axp_test_pro", "id": "batch_1", "items": 3}
    for path, body in (
        ("/jobs", job),
        ("/faults", {"fault": "latency", "params": "1ms", "on": "batch.*"}),
        ("/answers", {"prompt": "refund", "answer": "Five days."}),
        ("/expectations", {"on": "messages.create", "times": 1}),
    ):
        assert loopback.post(control + path, json=body).status_code == 201


@each_mode
def test_a_client_lists_the_tools_with_what_they_take_give_and_do(emulator: Emulated, mode: Mode) -> None:
    listed = with_agent(emulator.origin, lambda client: client.list_tools(), mode=mode).tools
    assert [each.name for each in listed] == list(TOOLBOX.tools)
    by_name = {each.name: each for each in listed}
    reading = by_name["list_exchanges"].annotations
    assert reading is not None
    assert (reading.read_only_hint, reading.destructive_hint, reading.open_world_hint) == (True, False, False)
    hints = {name: each.annotations for name, each in by_name.items()}
    added, reset = hints["arm_fault"], hints["reset_world"]
    assert added is not None
    assert reset is not None
    assert (added.read_only_hint, added.destructive_hint, added.idempotent_hint) == (False, False, False)
    assert (reset.read_only_hint, reset.destructive_hint, reset.idempotent_hint) == (False, True, True)
    assert by_name["get_limits"].input_schema["required"] == ["key"]
    assert by_name["get_clock"].output_schema is not None


@each_mode
def test_a_client_is_told_what_the_emulator_is_for_and_which_world_it_means(emulator: Emulated, mode: Mode) -> None:
    async def instructions(client: Client) -> str | None:
        return client.instructions

    told = with_agent(emulator.origin, instructions, mode=mode, query="?world=mine")
    assert told is not None
    assert "leave it out for 'mine'" in told


@pytest.mark.parametrize(
    "tool", [each for each in TOOLBOX.tools.values() if each.tool.reads], ids=lambda x: x.tool.name
)
@pytest.mark.one_worker("several processes leave some numbers out")
def test_a_tool_that_reads_gives_what_its_route_answers_and_changes_nothing(
    emulator: Emulated, tool: RouteTool
) -> None:
    some_state(emulator)
    before = snapshot(emulator)
    arguments = READING.get(tool.tool.name, {})
    result = call(emulator.origin, tool.tool.name, arguments)  # the client checks it against the schema
    request = tool.request(arguments, "default")
    direct = loopback.request(
        request.method,
        emulator.origin + request.target,
        content=request.body,
        headers={"Content-Type": "application/json"},
    ).json()
    if result.is_error:
        assert said(result).startswith(direct["error"]["message"])
    elif SHORTENED not in data(result):
        assert data(result) == direct
    assert size_of(result.structured_content) <= MAX_SIZE + 500
    assert snapshot(emulator) == before


READING: dict[str, dict[str, Any]] = {
    "list_records": {"api": "aiexport", "collection": "batches"},
    "explain": {"exchange": 2},
    "get_limits": {"key": "axp_test_pro"},
    "wait_for_webhooks": {"count": 1, "timeout": "1ms"},
    "list_rules": {"operation": "messages.create"},
}


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("use_scenarios", {"scenarios": ["free-tier"]}),
        ("put_scenario", {"name": "mine", "yaml": "scenario: mine\nextends: default\n"}),
        ("disarm_all_faults", {}),
        ("set_limits", {"key": "axp_test_free", "tier": "pro"}),
        ("create_key", {"key": "axp_checkout_2", "like": "axp_test_pro"}),
        ("complete_job", {"id": "batch_1"}),
        ("cancel_job", {"id": "batch_1"}),
        ("fail_job", {"id": "batch_1"}),
        ("disarm_fault", {"id": "fault_1"}),
        ("remove_answer", {"id": "answer_1"}),
        ("reset_world", {}),
        ("put_record", {"api": "aixplain", "collection": "sessions", "id": "s_1", "record": {"messages": []}}),
        ("create_world", {"name": "mine", "scenarios": ["free-tier"], "seed": 1}),
        ("delete_world", {"name": "mine"}),
        ("remove_record", {"api": "aixplain", "collection": "sessions", "id": "s_1"}),
    ],
)
def test_a_second_call_of_an_idempotent_tool_changes_nothing_more(
    emulator: Emulated, name: str, arguments: dict[str, Any]
) -> None:
    assert TOOLBOX.find(name).tool.idempotent
    some_state(emulator)
    if name == "delete_world":
        loopback.put(f"{emulator.origin}/_emulator/worlds/mine")
    if name == "remove_record":
        loopback.put(f"{emulator.origin}/_emulator/records/aixplain/sessions/s_1", json={"messages": []})

    async def twice(client: Client) -> tuple[Any, Any]:
        data(await client.call_tool(name, arguments))
        once = await asyncio.to_thread(snapshot, emulator), emulator.app.worlds.names()
        await client.call_tool(name, arguments)  # may be refused, as what it would do is done
        return once, (await asyncio.to_thread(snapshot, emulator), emulator.app.worlds.names())

    once, again = with_agent(emulator.origin, twice)
    assert once == again


def test_every_idempotent_tool_is_tried_twice() -> None:
    marks = test_a_second_call_of_an_idempotent_tool_changes_nothing_more.pytestmark
    tried = {name for name, _ in marks[0].args[1]}
    assert tried == {name for name, each in TOOLBOX.tools.items() if each.tool.idempotent}


@each_mode
def test_an_agent_makes_a_program_fail_and_learns_why(emulator: Emulated, mode: Mode) -> None:
    async def talk(client: Client) -> None:
        armed = data(await client.call_tool("arm_fault", {"fault": "status", "params": {"status": 503}, "times": 1}))
        assert (await asyncio.to_thread(send, emulator)).status_code == 503
        assert (await asyncio.to_thread(send, emulator)).status_code == 200
        shown = data(await client.call_tool("list_exchanges", {"status": 503}))
        assert [each["faults"] for each in shown["exchanges"]] == [["status"]]
        number = shown["exchanges"][0]["number"]
        assert data(await client.call_tool("explain", {"exchange": number}))["status"] == 503
        faults = data(await client.call_tool("list_faults"))
        assert [(each["id"], each["played"]) for each in faults["armed"]] == [(armed["id"], 1)]
        await client.call_tool("add_answer", {"contains": "Hello", "answer": "Good day."})
        assert "Good day." in (await asyncio.to_thread(send, emulator)).text
        moved = data(await client.call_tool("move_clock", {"advance": "61s"}))
        assert moved["iso"] == "2026-01-01T00:01:01.000Z"

    with_agent(emulator.origin, talk, mode=mode)


@pytest.mark.parametrize(
    ("name", "arguments", "sentence"),
    [
        ("list_exchanges", {"last": "many"}, "query.last: expected a whole number or null; found text"),
        ("list_exchanges", {"last": 0}, "query.last: expected a whole number from 1"),
        ("list_exchanges", {"filter": "status: {gt: 1"}, "query.filter:1:1"),
        ("arm_fault", {"params": {}}, "body: 'fault' is missing"),
        ("arm_fault", {"fault": "status", "on": "massages.*"}, "did you mean 'messages."),
        ("arm_fault", {"fault": "status", "times": "two"}, "body.times: expected a whole number or null; found text"),
        ("complete_job", {"id": "nope"}, "no job 'nope'"),
        ("complete_job", {}, "complete_job: 'id' is missing"),
        ("get_clock", {"wrld": "x"}, "get_clock has no argument 'wrld'"),
        ("get_clock", {"world": "nope"}, "there is no world 'nope'"),
        ("get_clock", {"world": "nope"}, "the tool create_world makes a world"),
        ("wait_for_exchanges", {"count": 5, "timeout": "1ms"}, "waited 0.001 s"),
        ("put_scenario", {"name": "x", "yaml": "scenario: x\nrulez: 1\n"}, "x.yaml:2:1: unknown key 'rulez'"),
        ("put_scenario", {"name": "default", "yaml": "scenario: x\n"}, "comes with the emulator"),
        (
            "put_record",
            {"api": "aixplain", "collection": "sessions", "id": "a", "record": [1]},
            "expected a JSON object",
        ),
    ],
)
def test_what_is_wrong_is_an_error_of_the_tool_in_the_words_of_the_route(
    emulator: Emulated, name: str, arguments: dict[str, Any], sentence: str
) -> None:
    result = call(emulator.origin, name, arguments)
    assert result.is_error
    assert sentence in said(result)


@each_mode
def test_an_unknown_tool_is_an_error_of_the_protocol_with_the_nearest_name(emulator: Emulated, mode: Mode) -> None:
    from mcp.shared.exceptions import MCPError

    with pytest.raises(MCPError, match=r"no tool 'get_verdicts'; .*did you mean 'get_verdict'\?") as caught:
        call(emulator.origin, "get_verdicts", mode=mode)
    assert caught.value.code == -32602


@pytest.mark.parametrize("said_by", [{"query": "?world=mine"}, {"headers": {"X-Emulator-World": "mine"}}])
def test_the_configuration_names_a_world_and_a_call_may_name_another(
    emulator: Emulated, said_by: dict[str, Any]
) -> None:
    origin = emulator.origin

    async def talk(client: Client) -> None:
        missing = await client.call_tool("get_clock")
        assert "there is no world 'mine'" in said(missing)
        data(await client.call_tool("create_world", {"name": "mine", "frozen": "2030-01-01T00:00:00Z"}))
        assert data(await client.call_tool("get_clock"))["iso"].startswith("2030-01-01")
        assert data(await client.call_tool("get_clock", {"world": "default"}))["iso"].startswith("2026-01-01")
        await client.call_tool("arm_fault", {"fault": "status"})
        assert data(await client.call_tool("list_faults", {"world": "default"}))["armed"] == []
        assert len(data(await client.call_tool("list_faults"))["armed"]) == 1

    with_agent(origin, talk, **said_by)


def test_two_agents_at_once_have_each_their_world(emulator: Emulated) -> None:
    async def work(name: str, mode: Mode) -> int:
        async with agent(emulator.origin, query=f"?world={name}", mode=mode) as client:
            data(await client.call_tool("create_world", {"name": name}))
            for _ in range(5):
                data(await client.call_tool("arm_fault", {"fault": "latency", "params": "1ms"}))
            waiting = asyncio.create_task(client.call_tool("wait_for_exchanges", {"timeout": "30s"}))
            await asyncio.to_thread(send, emulator, **{"X-Emulator-World": name})
            assert data(await waiting)["total"] == 1
            return len(data(await client.call_tool("list_faults"))["armed"])

    async def both() -> list[int]:
        return list(await asyncio.gather(work("one", "legacy"), work("two", "auto")))

    assert asyncio.run(both()) == [5, 5]


@each_mode
def test_a_client_that_leaves_ends_its_wait(emulator: Emulated, mode: Mode) -> None:
    others = watchers(emulator)

    async def leave() -> None:
        async with agent(emulator.origin, mode=mode) as client:
            waiting = asyncio.create_task(client.call_tool("wait_for_exchanges", {"timeout": "600s"}))
            await until(lambda: watchers(emulator) > others)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        await until(lambda: watchers(emulator) == others)

    asyncio.run(leave())
    assert data(call(emulator.origin, "get_clock"))["frozen"]


def test_a_client_that_leaves_does_not_stop_a_change_half_way() -> None:
    """As over HTTP, where a client that goes breaks off what waits and nothing else."""
    happened: list[str] = []

    async def control(scope: Scope, receive: Receive, send: Send) -> None:
        happened.append(f"begun: {scope['method']} {scope['path']}")
        await receive()
        assert (await receive())["type"] == "http.disconnect"
        for _ in range(10):
            await asyncio.to_thread(int)
        happened.append("finished")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    async def leave() -> None:
        asking = asyncio.ensure_future(
            InsideClient(control, {"headers": []})(TOOLBOX.find("move_clock").request({}, "w"))
        )
        await until(lambda: bool(happened))
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    asyncio.run(leave())
    assert happened == ["begun: POST /_emulator/clock", "finished"]


async def until(condition: Callable[[], bool]) -> None:
    """Waits until something holds on the server."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.to_thread(int)


ACCEPT = {"Accept": "application/json, text/event-stream"}
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


def post(emulator: Emulated, body: Any = LIST, **headers: str) -> httpx.Response:
    return loopback.post(f"{emulator.origin}/_emulator/mcp", json=body, headers=ACCEPT | headers)


def test_a_message_needs_no_session_and_its_answer_is_kept_nowhere(emulator: Emulated) -> None:
    answer = post(emulator)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert "mcp-session-id" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert len(answer.json()["result"]["tools"]) == len(TOOLBOX.tools)


def test_there_is_no_stream_to_listen_to_and_no_session_to_end(emulator: Emulated) -> None:
    for method in ("GET", "DELETE"):
        answer = loopback.request(method, f"{emulator.origin}/_emulator/mcp", headers=ACCEPT)
        assert (answer.status_code, answer.headers["allow"]) == (405, "OPTIONS, POST")


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"{", 400), (b"[]", 400), (b"{}", 400), (b'{"jsonrpc": "2.0", "id": 1}', 400), (b'"text"', 400), (b"", 400)],
)
def test_what_is_no_message_is_refused(emulator: Emulated, content: bytes, status: int) -> None:
    headers = ACCEPT | {"Content-Type": "application/json"}
    answer = loopback.post(f"{emulator.origin}/_emulator/mcp", content=content, headers=headers, timeout=PATIENCE)
    assert answer.status_code == status
    assert "error" in answer.json()


@pytest.mark.bound("message of MCP")
def test_a_message_that_is_too_large_is_refused(emulator: Emulated) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "x" * (17 * 2**20)}}
    assert post(emulator, body).status_code == 413


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://evil.test"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "evil.test"}],
    ids=lambda each: next(iter(each)),
)
def test_a_web_page_is_refused_before_anything_is_read(emulator: Emulated, headers: dict[str, str]) -> None:
    answer = post(emulator, **headers)
    assert answer.status_code == 403
    assert set(answer.json()["error"]) <= {"message", "hint"}


def test_without_the_token_nothing_is_told_and_with_it_everything(running: Running) -> None:
    from mcp.shared.exceptions import MCPError

    emulator = Emulated(running, ("default",), settings=Settings(control_token="a-token-for-tests", reload=False))
    try:
        assert post(emulator).status_code == 403
        assert "the control token is missing or wrong" in post(emulator, Authorization="Bearer wrong").text
        for mode in MODES:
            with pytest.raises((MCPError, httpx2.HTTPStatusError), match=r"403|error response"):
                call(emulator.origin, "get_clock", mode=mode)
            headers = {"Authorization": "Bearer a-token-for-tests"}
            assert data(call(emulator.origin, "get_clock", mode=mode, headers=headers))["frozen"]
    finally:
        emulator.close()


def test_a_call_passes_the_guard_once_more_as_the_client_that_made_it(running: Running) -> None:
    """The token is what opens the route, not that the message came from inside."""
    emulator = Emulated(running, ("default",), settings=Settings(control_token="a-token-for-tests", reload=False))
    try:
        headers = {"Authorization": "Bearer a-token-for-tests", "Host": "any.name.test"}
        assert data(call(emulator.origin, "get_clock", headers=headers))["frozen"]
    finally:
        emulator.close()


@pytest.mark.one_worker("several processes leave some numbers out")
@pytest.mark.bound("result of a tool of MCP")
def test_a_long_result_is_shortened_and_says_how_to_get_the_rest(emulator: Emulated) -> None:
    long = {**MESSAGE, "messages": [{"role": "user", "content": "word " * 20_000}]}
    for _ in range(12):
        send(emulator, long)
    found = data(call(emulator.origin, "list_exchanges", {"last": 12}))
    assert size_of(found) <= MAX_SIZE + 500
    assert found["exchanges"][-1]["number"] == 12
    assert "Ask for fewer with `last`" in found[SHORTENED]
    assert data(call(emulator.origin, "list_exchanges", {"after": 4, "limit": 1}))["next"] == 5


@pytest.mark.parametrize(
    ("name", "instead"),
    [("mcp", None), ("mcp.shared.exceptions", ModuleType("mcp.shared.exceptions"))],
    ids=["missing", "an older one"],
)
def test_without_the_package_it_says_how_to_install_it(
    emulator: Emulated, monkeypatch: pytest.MonkeyPatch, name: str, instead: ModuleType | None
) -> None:
    monkeypatch.setitem(sys.modules, name, instead)
    monkeypatch.delitem(sys.modules, "emulator.control.mcp.server", raising=False)
    monkeypatch.delattr("emulator.control.mcp.server", raising=False)
    answer = post(emulator)
    assert answer.status_code == 501
    hint = "pip install 'mcp>=2.3'"
    assert answer.json() == {"error": {"message": "MCP needs the package mcp, 2.3 or later", "hint": hint}}
