"""Calls: a call of a tool becomes a request to the control API, and its answer a result."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from emulator.control.mcp.results import MAX_SIZE, shorten, size_of
from emulator.control.mcp.tools import RouteRequest, Toolbox, WrongCall

ASIDE = 256 * 1024  # bytes: what is larger is shortened in a thread


class RouteResponse(Struct, frozen=True):
    """What the control API answers."""

    status: int
    data: dict[str, Any]


class Result(Struct, frozen=True):
    """What a call gives: data, or with `error` a text that says what is wrong."""

    data: dict[str, Any]
    error: str = ""


Ask = Callable[[RouteRequest], Awaitable[RouteResponse]]


async def call(toolbox: Toolbox, ask: Ask, name: str, arguments: Mapping[str, Any], world: str) -> Result:
    """Calls a tool. Raises WrongCall for an unknown one; what else is wrong is a result that says so."""
    tool = toolbox.find(name)
    try:
        answer = await ask(tool.request(arguments, world))
    except WrongCall as error:
        return Result({}, str(error))
    if answer.status >= 400:
        return Result({}, toolbox.in_words("\n".join(_lines(answer))))
    arguments_of_shorten = (answer.data, tool.tool.rest, tool.tool.newest)
    if size_of(answer.data) > max(ASIDE, MAX_SIZE):
        return Result(await asyncio.to_thread(shorten, *arguments_of_shorten))
    return Result(shorten(*arguments_of_shorten))


def _lines(answer: RouteResponse) -> Iterator[str]:
    """Yields what a refusal says: the reason, what is where, what helps."""
    error = answer.data.get("error", {})
    yield str(error.get("message") or f"the emulator answers {answer.status}")
    for each in error.get("complaints", ()):
        yield f"{each['file']}:{each.get('line', 0)}:{each.get('column', 0)}: {each['message']}"
    if hint := error.get("hint"):
        yield f"hint: {hint}"
