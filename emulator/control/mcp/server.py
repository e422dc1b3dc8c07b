"""Server: the tools as the MCP SDK serves them. This is the only module that imports the SDK, which takes long."""

from __future__ import annotations

from typing import Any

import orjson
from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from starlette.types import Receive, Scope, Send

from emulator import __version__
from emulator.control.mcp.calls import Ask, call
from emulator.control.mcp.tools import Definition, Toolbox, WrongCall

NAME = "ai-api-emulator"
INSTRUCTIONS = (
    "This emulator stands in for hosted AI APIs on the developer's own machine: programs call it instead of the real "
    "services, and it responds offline, from scenarios. list_apis says where each API is, with keys and the "
    "environment variables that make a program use it. To see what a program sent and got, use list_exchanges; to "
    "learn why it got that, explain; to learn what it did wrong, get_verdict. To test how a program copes, use "
    "arm_fault, move_clock, add_answer or use_scenarios, run the program, and look again. Everything happens in a "
    "world, an isolated state with its own journal, clock, keys and faults: give `world` with each call, or leave it "
    "out for {world!r}."
)


def make_server(toolbox: Toolbox, ask: Ask, world: str) -> Server[Any]:
    """Returns a server of these tools; a call that names no world means this one."""

    async def list_tools(_: Any, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[_tool(each.define(world)) for each in toolbox.tools.values()])

    async def call_tool(_: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        try:
            result = await call(toolbox, ask, params.name, params.arguments or {}, world)
        except WrongCall as error:
            raise MCPError(types.INVALID_PARAMS, str(error)) from None
        if result.error:
            return types.CallToolResult(content=[types.TextContent(text=result.error)], is_error=True)
        text = orjson.dumps(result.data).decode()
        return types.CallToolResult(content=[types.TextContent(text=text)], structured_content=result.data)

    return Server(
        NAME,
        version=__version__,
        instructions=INSTRUCTIONS.format(world=world),
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def _tool(definition: Definition) -> types.Tool:
    return types.Tool(
        name=definition.name,
        title=definition.title,
        description=definition.about,
        input_schema=definition.takes,
        output_schema=definition.gives,
        annotations=types.ToolAnnotations(
            read_only_hint=definition.reads,
            destructive_hint=definition.overwrites,
            idempotent_hint=definition.idempotent,
            open_world_hint=False,
        ),
    )


async def answer(server: Server[Any], scope: Scope, receive: Receive, send: Send, max_body: int) -> None:
    """Answers one message over HTTP. Nothing is kept for the next one."""
    manager = StreamableHTTPSessionManager(server, json_response=True, stateless=True, max_request_body_size=max_body)
    async with manager.run():
        await manager.handle_request(scope, receive, send)


async def converse(server: Server[Any]) -> None:
    """Serves a client over standard input and output until it ends."""
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())
