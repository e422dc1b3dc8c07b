"""Attached: a running emulator as the tools ask it from another process, over its control API."""

from __future__ import annotations

from types import TracebackType

import httpx
import orjson

from emulator.control.mcp.calls import RouteResponse
from emulator.control.mcp.tools import RouteRequest
from emulator.control.parsing import JSON
from emulator.log.address import TOKEN_HINT
from emulator.worlds.registry import HEADER

CONNECT_SECONDS = 5.0
START = "start one with `emulator serve`, or give `emulator mcp` the option --start or another --url"


class AttachedClient:
    """Asks a running emulator; an error of the connection is an answer that says so, as the emulator may come later."""

    def __init__(self, url: str, token: str = "") -> None:
        self._url = url.rstrip("/")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        # Proxies of the environment lead to the emulator, or nowhere; what waits takes as long as its `timeout` says.
        timeout = httpx.Timeout(None, connect=CONNECT_SECONDS)
        self._client = httpx.AsyncClient(trust_env=False, timeout=timeout, headers=headers)

    async def __aenter__(self) -> AttachedClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def __call__(self, request: RouteRequest) -> RouteResponse:
        """Returns the answer. Whoever is cancelled closes the connection, as any client that leaves."""
        headers = {"Content-Type": JSON} if request.body else {}
        if request.world is not None:
            headers[HEADER.decode()] = request.world
        try:
            response = await self._client.request(
                request.method, self._url + request.target, content=request.body, headers=headers
            )
        except httpx.TransportError as error:
            return _refusal(f"no emulator answers at {self._url} ({str(error) or type(error).__name__})", START)
        try:
            data = orjson.loads(response.content)
        except orjson.JSONDecodeError:
            data = None
        if not isinstance(data, dict) or (response.is_error and not isinstance(data.get("error"), dict)):
            return _refusal(f"what answers at {self._url} is no emulator of this version")
        if response.status_code == 403 and "token" in str(data["error"].get("message")):
            data["error"]["hint"] = TOKEN_HINT
        return RouteResponse(response.status_code, data)


def _refusal(message: str, hint: str = "") -> RouteResponse:
    return RouteResponse(503, {"error": {"message": message, "hint": hint}})
