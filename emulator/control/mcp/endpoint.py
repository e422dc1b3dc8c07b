"""Endpoint: MCP over HTTP at /_emulator/mcp, without sessions: each message is a request of its own.

A call of a tool is a request to the control API inside this process, with the Host, Origin and token of the message: it
passes the same guard, the same checks and the same function as one from outside.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import ModuleType
from typing import Any
from urllib.parse import unquote

import anyio
import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emulator.control.app import HEADERS, WORLD_HEADER, unless_left
from emulator.control.mcp.calls import RouteResponse
from emulator.control.mcp.tool import NoTool
from emulator.control.mcp.tools import RouteRequest, Toolbox
from emulator.control.parsing import ControlFailure
from emulator.control.route import ControlRequest, ControlRoute
from emulator.errors import ConfigError
from emulator.settings.parsers import MIB

MAX_BODY = 16 * MIB  # a scenario, as a text in JSON
PASSED_ON = (b"host", b"origin", b"sec-fetch-site", b"authorization")


def sdk() -> ModuleType:
    """Returns what speaks the protocol. Raises ConfigError when the package for it is missing, or an older one."""
    try:
        from emulator.control.mcp import server
    except ImportError as error:
        if error.name is None or error.name.partition(".")[0] != "mcp":
            raise
        raise ConfigError("MCP needs the package mcp, 2.3 or later: pip install 'mcp>=2.3'") from None
    return server


class MessageHandler:
    """The ASGI application that answers one message of a client."""

    def __init__(self, request: ControlRequest, server: ModuleType) -> None:
        self._request = request
        self._server = server
        self._has_read = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers; a client that leaves ends what waits for it. Raises ClientLeft."""
        assert self._request.control is not None
        ask = InsideClient(self._request.control, scope)
        server = self._server.make_server(Toolbox(self._request.table), ask, self._request.world_name)
        await unless_left(self._server.answer(server, scope, self._read, _with_headers(send), MAX_BODY), receive)

    async def _read(self) -> Message:
        """The body, which was read before; who reads on waits until it is cancelled."""
        if self._has_read:
            await anyio.sleep_forever()
        self._has_read = True
        return {"type": "http.request", "body": self._request.raw, "more_body": False}


class InsideClient:
    """Asks the control API of this process what a call means, as the client that sent the message."""

    def __init__(self, control: ASGIApp, scope: Scope) -> None:
        self._control = control
        self._scope = scope

    async def __call__(self, request: RouteRequest) -> RouteResponse:
        """Returns the answer. Whoever is cancelled leaves as any client does: what waits ends, a change is finished."""
        left = asyncio.Event()
        parts: list[Message] = []
        body: list[bytes] = [request.body]

        async def receive() -> Message:
            if body:
                return {"type": "http.request", "body": body.pop(), "more_body": False}
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            parts.append(message)

        asked = asyncio.ensure_future(self._control(self._scope_of(request), receive, send))
        try:
            await asyncio.shield(asked)
        except asyncio.CancelledError:
            left.set()
            with anyio.CancelScope(shield=True):
                await asyncio.wait((asked,))
            raise
        return RouteResponse(parts[0]["status"], orjson.loads(b"".join(part.get("body", b"") for part in parts)))

    def _scope_of(self, request: RouteRequest) -> Scope:
        path, _, query = request.target.partition("?")
        headers = [each for each in self._scope["headers"] if each[0] in PASSED_ON]
        headers += [(b"content-type", b"application/json")] if request.body else []
        headers += [(WORLD_HEADER, request.world.encode())] if request.world is not None else []
        return {
            **self._scope,
            "method": request.method,
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": headers,
        }


def _with_headers(send: Send) -> Send:
    """Adds what keeps an answer from being stored, embedded or taken for something else."""

    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = {name for name, _ in message["headers"]}
            message = {**message, "headers": [*message["headers"], *(each for each in HEADERS if each[0] not in own)]}
        await send(message)

    return wrapped


async def mcp(request: ControlRequest, body: Mapping[str, Any]) -> MessageHandler:
    """Speak MCP, the protocol by which agents call tools: one message of JSON-RPC."""
    try:
        # Importing it takes a good half second, in which others are answered.
        return MessageHandler(request, await asyncio.to_thread(sdk))
    except ConfigError as error:
        message, _, command = str(error).partition(": ")
        raise ControlFailure(501, message, command) from None


EXAMPLE = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
ROUTES = (
    ControlRoute(
        "POST",
        "/mcp",
        mcp,
        example=EXAMPLE,
        refusals=(501,),
        world_scoped=False,
        max_body=MAX_BODY,
        delegates=True,
        tool=NoTool("it is where the tools are called"),
    ),
)
