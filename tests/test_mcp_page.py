"""docs/mcp.md is true: its tables are those of the program, and a host that is configured as it says is connected.

`python -m tests.test_mcp_page` writes the tables.
"""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from emulator.control.mcp.results import MAX_SIZE
from emulator.control.mcp.tool import NoTool
from emulator.control.mcp.tools import Toolbox
from emulator.control.route import ControlRoute
from emulator.control.routes import TABLE
from emulator.settings.options import Settings
from tests.fork_server import command
from tests.pages import ROOT, blocks, tables
from tests.process import environment
from tests.running import Emulated, Running

if TYPE_CHECKING:
    from mcp import Client

PAGE = ROOT / "docs" / "mcp.md"
TOOLS = "| tool | | effect | route |\n|---|---|---|---|\n"
ROUTES = "| route | why |\n|---|---|\n"
CONFIGURATIONS = [block for block in blocks(PAGE) if block.language == "json"]


def route_of(route: ControlRoute) -> str:
    return f"`{route.method} /_emulator{route.path}`"


def tool_rows() -> list[list[str]]:
    """One row a tool: its name, what it is for, its effect, its route."""
    rows = []
    for each in Toolbox(TABLE).tools.values():
        about = each.tool.about.partition(". ")[0].rstrip(".") + "."
        again = ", idempotent" if each.tool.idempotent and not each.tool.reads else ""
        rows.append([f"`{each.tool.name}`", about, f"{each.tool.effect}{again}", route_of(each.route)])
    return rows


def route_rows() -> list[list[str]]:
    """One row a route that has no tool, and why."""
    return [[route_of(route), f"{route.tool.reason}."] for route in TABLE if isinstance(route.tool, NoTool)]


def written(text: str) -> str:
    """Returns the page with its tables as they should be."""
    for head, rows in ((TOOLS, tool_rows()), (ROUTES, route_rows())):
        lines = "".join(f"| {' | '.join(row)} |\n" for row in rows)
        before, _, after = text.partition(head)
        text = before + head + lines + re.sub(r"\A(?:\|.*\n)*", "", after)
    return text


@pytest.mark.parametrize(("first", "rows"), [("tool", tool_rows()), ("route", route_rows())])
def test_the_tables_are_those_of_the_program(first: str, rows: list[list[str]]) -> None:
    (table,) = [table for table in tables(PAGE) if table.first == first]
    assert table.rows[1:] == rows, "run `python -m tests.test_mcp_page`"


def test_the_size_of_a_result_is_the_program_s() -> None:
    assert f"longer than {MAX_SIZE:,} bytes" in PAGE.read_text()


def entry(text: str) -> dict[str, Any]:
    """The one server of a configuration."""
    ((_, servers),) = json.loads(text).items()
    (found,) = servers.values()
    return dict(found)


async def tools_over_http(found: dict[str, Any], origin: str) -> list[str]:
    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client

    url = found["url"].replace("http://127.0.0.1:8484", origin)
    async with (
        httpx2.AsyncClient(headers=found.get("headers"), trust_env=False) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        return await read(client)


async def tools_over_stdio(found: dict[str, Any], origin: str, token: str, folder: Path) -> list[str]:
    from mcp import Client, StdioServerParameters
    from mcp.client.stdio import stdio_client

    arguments = [each.replace("http://127.0.0.1:8484", origin) for each in found["args"]]
    assert found["command"] == "emulator"
    env = environment(EMULATOR_CONTROL_TOKEN=token)
    program, *words = command(env)
    shown = StdioServerParameters(command=program, args=[*words, *arguments], env=env, cwd=folder)
    async with Client(stdio_client(shown)) as client:
        return await read(client)


async def read(client: Client) -> list[str]:
    assert not (await client.call_tool("get_clock")).is_error
    return [each.name for each in (await client.list_tools()).tools]


@pytest.mark.slow
@pytest.mark.parametrize(
    "text", [block.text for block in CONFIGURATIONS], ids=[block.place for block in CONFIGURATIONS]
)
def test_a_host_that_is_configured_so_is_connected(running: Running, tmp_path: Path, text: str) -> None:
    found = entry(text)
    token = found.get("headers", {}).get("Authorization", "").removeprefix("Bearer ")
    emulator = Emulated(running, ("default",), settings=Settings(control_token=token, reload=False))
    try:
        if "url" in found:
            names = asyncio.run(tools_over_http(found, emulator.origin))
        else:
            names = asyncio.run(tools_over_stdio(found, emulator.origin, token, tmp_path))
        assert names == list(Toolbox(TABLE).tools)
    finally:
        emulator.close()


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
