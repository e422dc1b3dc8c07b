"""`emulator mcp` as an MCP host runs it: a process that speaks on its standard streams, with the SDK's own client."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
import pytest

from emulator.settings.options import Settings
from tests import fork_server, loopback
from tests.agents import Mode, data, only, said, watchers
from tests.process import environment, run
from tests.running import Emulated, Running
from tests.waiting import PATIENCE, until

if TYPE_CHECKING:
    from mcp import Client

pytestmark = pytest.mark.slow

T = TypeVar("T")


@asynccontextmanager
async def host(log: Path, *arguments: str, mode: Mode = "auto", **variables: str) -> AsyncIterator[Client]:
    """A client that runs `emulator mcp`; what the command writes to standard error goes into a file."""
    from mcp import Client, StdioServerParameters
    from mcp.client.stdio import stdio_client

    env = environment(**variables)
    program, *words = fork_server.command(env)
    shown = StdioServerParameters(command=program, args=[*words, "mcp", *arguments], env=env, cwd=log.parent)
    with log.open("a") as errors:
        async with Client(stdio_client(shown, errlog=errors), mode=mode) as client:
            yield client


def with_host(talk: Callable[[Client], Awaitable[T]], log: Path, *arguments: str, **options: Any) -> T:
    """Runs one, lets a client talk, and returns what that returns."""

    async def together() -> T:
        async with host(log, *arguments, **options) as client:
            return await talk(client)

    try:
        return asyncio.run(together())
    except ExceptionGroup as group:
        error = only(group)
        error.add_note(f"standard error of the command: {log.read_text()}")
        raise error from None


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "errors.txt"


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_it_serves_the_tools_of_an_emulator_that_runs(emulator: Emulated, log: Path, mode: Mode) -> None:
    from mcp.shared.exceptions import MCPError

    async def talk(client: Client) -> None:
        names = [each.name for each in (await client.list_tools()).tools]
        assert names[0] == "list_apis"
        assert data(await client.call_tool("move_clock", {"advance": "60s"}))["iso"] == "2026-01-01T00:01:00.000Z"
        wrong = await client.call_tool("arm_fault", {"fault": "statu"})
        assert "unknown fault 'statu'" in said(wrong)
        with pytest.raises(MCPError, match="no tool 'nope'"):
            await client.call_tool("nope")

    with_host(talk, log, "--url", emulator.origin, mode=mode)
    assert emulator.app.clock.now() == 1_767_225_660
    assert log.read_text() == ""


def test_url_world_and_token_come_from_the_environment_too(running: Running, log: Path) -> None:
    token = "a-token-for-tests"
    emulator = Emulated(running, ("default",), settings=Settings(control_token=token, reload=False))
    where = {"EMULATOR_URL": emulator.origin, "EMULATOR_WORLD": "mine"}

    async def with_token(client: Client) -> None:
        data(await client.call_tool("create_world", {"name": "mine", "frozen": "2030-01-01T00:00:00Z"}))
        assert data(await client.call_tool("get_clock"))["iso"].startswith("2030")

    async def without(client: Client) -> str:
        refused = await client.call_tool("get_clock")
        assert refused.is_error
        return said(refused)

    try:
        with_host(with_token, log, **where, EMULATOR_CONTROL_TOKEN=token)
        told = with_host(without, log, **where)
        assert told == with_host(without, log, "--token", "another-token", **where, EMULATOR_CONTROL_TOKEN=token)
        assert told.startswith("the control token is missing or wrong\nhint: give it with --token, or in EMULATOR_")
    finally:
        emulator.close()


def test_without_an_emulator_it_starts_all_the_same_and_each_call_says_what_to_do(log: Path) -> None:
    """A host starts its servers when it starts: the emulator may come later."""
    refused = with_host(lambda client: client.call_tool("list_apis"), log, "--url", "http://127.0.0.1:1")
    assert refused.is_error
    assert said(refused).startswith("no emulator answers at http://127.0.0.1:1 (")
    assert "hint: start one with `emulator serve`, or give `emulator mcp` the option --start" in said(refused)


@pytest.mark.measured
def test_with_start_it_runs_an_emulator_that_ends_with_the_client(log: Path) -> None:
    async def talk(client: Client) -> str:
        base_url: str = data(await client.call_tool("list_apis"))["apis"][0]["base_url"]
        used = data(await client.call_tool("list_scenarios"))["using"]
        assert used == ["free-tier"]
        assert [each["name"] for each in data(await client.call_tool("list_worlds"))["worlds"]] == ["default", "mine"]
        assert (await asyncio.to_thread(loopback.get, f"{base_url}/_emulator/health")).status_code == 200
        return base_url

    url = with_host(talk, log, "--start", "--scenario", "free-tier", "--world", "mine")
    assert log.read_text() == f"emulator mcp: the emulator listens on {url}\n"
    with pytest.raises(httpx.ConnectError):
        loopback.get(f"{url}/_emulator/health")


def test_two_hosts_at_once_work_on_one_emulator(emulator: Emulated, log: Path) -> None:
    async def both() -> None:
        where = ("--url", emulator.origin)
        async with host(log, *where, "--world", "one") as one, host(log, *where, "--world", "two") as two:
            for name, client in (("one", one), ("two", two)):
                data(await client.call_tool("create_world", {"name": name}))
                data(await client.call_tool("arm_fault", {"fault": "status", "times": len(name)}))
            found = await asyncio.gather(*(client.call_tool("list_faults") for client in (one, two)))
            assert [len(data(each)["armed"]) for each in found] == [1, 1]
            assert {each["name"] for each in data(await one.call_tool("list_worlds"))["worlds"]} >= {"one", "two"}

    asyncio.run(both())


def test_a_host_that_leaves_while_a_tool_waits_ends_the_command_and_the_wait(emulator: Emulated, log: Path) -> None:
    others = watchers(emulator)

    async def leave() -> None:
        async with host(log, "--url", emulator.origin) as client:
            waiting = asyncio.create_task(client.call_tool("wait_for_exchanges", {"timeout": "600s"}))
            while watchers(emulator) == others:
                await asyncio.to_thread(int)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)

    asyncio.run(leave())
    until(lambda: watchers(emulator) == others, lambda: "it waits on")


def start(*arguments: str) -> subprocess.Popen[str]:
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    return fork_server.start(["mcp", *arguments], environment(), **pipes)


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_quietly_at_a_signal_while_it_reads(by: signal.Signals) -> None:
    with start("--start") as process:
        assert process.stderr is not None
        assert "listens on" in process.stderr.readline()
        process.send_signal(by)
        assert process.wait(PATIENCE) == 0
        assert process.stdout is not None
        assert process.stdout.read() == ""


ENDED_IN_THE_MIDDLE = """
import os, signal, threading
from emulator.cli.mcp import ends_at_signals
lock = threading.Lock()
with ends_at_signals() as begun:
    begun.callback(print, "closed", flush=True)
    begun.callback(lock.acquire)
    with lock:
        os.kill(os.getpid(), signal.{by})
        print("goes on", flush=True)
    signal.pause()
"""


@pytest.mark.slow
@pytest.mark.parametrize("by", ["SIGINT", "SIGTERM"])
def test_a_signal_that_comes_while_a_lock_is_held_ends_it_too(by: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ENDED_IN_THE_MIDDLE.format(by=by)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "goes on\nclosed\n", "")


def test_it_ends_when_its_input_does(tmp_path: Path, emulator: Emulated) -> None:
    with start("--url", emulator.origin) as process:
        out, err = process.communicate("not a message\n", timeout=PATIENCE)
    assert process.returncode == 0
    assert "Traceback" not in err
    assert "jsonrpc" in out or out == ""


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--scenario", "strict"), "--scenario and --listen are for an emulator that --start starts"),
        (("--start", "--url", "http://127.0.0.1:1"), "--start starts an emulator, and --url names one that runs"),
        (("--start", "--scenario", "nope"), "no scenario 'nope'"),
        (("--url", "ftp://x"), "--url is 'ftp://x'; expected "),
        (("--world", "two words"), "--world is 'two words'; expected "),
        (("--token", "tök"), "--token, or EMULATOR_CONTROL_TOKEN, is not a token; expected "),
    ],
)
def test_a_wrong_option_is_reported(tmp_path: Path, arguments: tuple[str, ...], sentence: str) -> None:
    done = run("mcp", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr


def test_without_the_package_it_says_how_to_install_it(tmp_path: Path) -> None:
    program = "import sys; sys.modules['mcp'] = None\nfrom emulator.cli import main\nmain(['mcp'])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "MCP needs the package mcp, 2.3 or later: pip install 'mcp>=2.3'\n"


def test_a_server_that_no_agent_asks_never_imports_the_package() -> None:
    program = """
import sys
from emulator.app import build
from emulator.settings.options import Settings
app = build(Settings())
app.control
print(sorted(name for name in sys.modules if name.partition(".")[0] in ("mcp", "mcp_types", "httpx2")))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(), capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    assert done.stdout == "[]\n"
