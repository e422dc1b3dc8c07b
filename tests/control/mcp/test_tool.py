"""Each control route says what tool it is, or why it is none; what it says of itself is true of the route."""

from __future__ import annotations

import pytest

from emulator.control.mcp.tool import NoTool
from emulator.control.mcp.tools import RouteTool, Toolbox
from emulator.control.route import ControlRoute
from emulator.control.routes import TABLE

TOOLBOX = Toolbox(TABLE)
each_tool = pytest.mark.parametrize("tool", TOOLBOX.tools.values(), ids=lambda each: each.tool.name)


@pytest.mark.parametrize("route", TABLE, ids=lambda each: f"{each.method} {each.path}")
def test_every_control_route_is_a_tool_or_says_why_not(route: ControlRoute) -> None:
    if isinstance(route.tool, NoTool):
        assert route.tool.reason, "give the route a Tool, or a NoTool with a reason"
    else:
        assert (route.streams, route.delegates) == (False, False), "a tool gives one result"


def test_a_reason_that_names_a_tool_names_one_that_exists() -> None:
    reasons = [route.tool.reason for route in TABLE if isinstance(route.tool, NoTool)]
    named = {word.strip(",;.") for reason in reasons for word in reason.split() if "_" in word}
    assert named <= set(TOOLBOX.tools)


@each_tool
def test_a_tool_reads_exactly_where_its_route_does(tool: RouteTool) -> None:
    if tool.route.method == "GET":
        assert tool.tool.reads
    if tool.route.writes or tool.route.method in ("PUT", "PATCH", "DELETE"):
        assert not tool.tool.reads
    if tool.route.method == "DELETE":
        assert tool.tool.effect == "removes"
    if tool.route.method in ("PUT", "DELETE"):
        assert tool.tool.idempotent


@each_tool
def test_annotations_follow_from_the_effect(tool: RouteTool) -> None:
    shown = tool.define("default")
    assert shown.reads == (tool.tool.effect == "reads")
    assert shown.overwrites == (tool.tool.effect in ("changes", "removes"))
    assert shown.idempotent or not shown.reads
