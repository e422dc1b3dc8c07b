"""Agents: clients of MCP, made by its SDK, that speak to an emulator in a test.

The SDK takes a second to import, so that is left to the tests that have an agent.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import httpx2

from tests.loopback import TRUSTS_NOBODY
from tests.running import Emulated
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from mcp import Client
    from mcp.types import CallToolResult

T = TypeVar("T")
Mode = Literal["legacy", "auto"]  # clients that shake hands first, as all did until 2025, and those of today


@asynccontextmanager
async def agent(
    origin: str, *, query: str = "", headers: Mapping[str, str] | None = None, mode: Mode = "auto"
) -> AsyncIterator[Client]:
    """A client that is connected to an emulator over HTTP."""
    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client

    async with httpx2.AsyncClient(verify=TRUSTS_NOBODY, trust_env=False, timeout=PATIENCE, headers=headers) as http:
        url = f"{origin}/_emulator/mcp{query}"
        async with Client(streamable_http_client(url, http_client=http), mode=mode) as client:
            yield client


def with_agent(origin: str, talk: Callable[[Client], Awaitable[T]], **options: Any) -> T:
    """Connects one, lets it talk, and returns what that returns."""

    async def run() -> T:
        async with agent(origin, **options) as client:
            return await talk(client)

    try:
        return asyncio.run(run())
    except ExceptionGroup as group:
        raise only(group) from None


def only(error: BaseException) -> BaseException:
    """The one error that the task groups of the SDK are wrapped around."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        (error,) = error.exceptions
    return error


def call(origin: str, name: str, arguments: dict[str, Any] | None = None, **options: Any) -> CallToolResult:
    """One call of a tool by a client of its own."""

    async def talk(client: Client) -> CallToolResult:
        return await client.call_tool(name, arguments or {})

    return with_agent(origin, talk, **options)


def data(result: CallToolResult) -> dict[str, Any]:
    """What a call gave, which is no error."""
    assert not result.is_error, said(result)
    assert isinstance(result.structured_content, dict)
    return result.structured_content


def said(result: CallToolResult) -> str:
    """The text of a result."""
    from mcp.types import TextContent

    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


def watchers(emulator: Emulated) -> int:
    """How many look at each exchange of the default world: those who wait for some are among them."""
    return emulator.watchers()
