"""The tools follow from the table of control routes: each says what it takes, and a call of it is a request."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import msgspec
import orjson
import pytest

from emulator.control.mcp.results import SHORTENED
from emulator.control.mcp.tool import Tool
from emulator.control.mcp.tools import RouteRequest, RouteTool, Toolbox, WrongCall
from emulator.control.routes import TABLE

TOOLBOX = Toolbox(TABLE)
TOOLS = list(TOOLBOX.tools.values())
each_tool = pytest.mark.parametrize("tool", TOOLS, ids=lambda each: each.tool.name)


def request(tool: str, meant: str = "default", /, **arguments: object) -> RouteRequest:
    return TOOLBOX.find(tool).request(arguments, meant)


def test_no_two_tools_have_one_name() -> None:
    assert len(TOOLS) == sum(isinstance(route.tool, Tool) for route in TABLE)


def test_tools_that_only_read_come_first() -> None:
    reading = [each.tool.reads for each in TOOLS]
    assert reading == sorted(reading, reverse=True)
    assert TOOLS[0].tool.name == "list_apis"


@each_tool
def test_every_argument_says_what_it_means(tool: RouteTool) -> None:
    takes = tool.define("default").takes
    assert [name for name, schema in takes["properties"].items() if not schema.get("description")] == []
    assert set(takes.get("required", ())) <= set(takes["properties"])
    assert set(tool.tool.words) | set(tool.tool.first) | set(tool.tool.only or ()) <= set(tool.parameters)


@each_tool
def test_the_example_of_a_route_is_a_call_of_its_tool(tool: RouteTool) -> None:
    route, at = tool.route, {name: value for name, value in tool.route.at.items() if not name.startswith("?")}
    asked = {name[1:]: value for name, value in route.at.items() if name.startswith("?")}
    body = route.example if route.example is not None else {}
    arguments = at | asked | ({tool.tool.whole: body} if tool.tool.whole else body)
    made = tool.request(arguments, "default")
    assert made.method == route.method
    assert route.fits(tuple(part for part in urlsplit(made.target).path.split("/")[2:] if part)) == at
    if route.example is not None:
        assert orjson.loads(made.body).items() >= body.items()


@each_tool
def test_no_answer_has_a_field_that_would_hide_what_was_left_out(tool: RouteTool) -> None:
    shape = tool.route.answer
    assert SHORTENED not in getattr(shape, "__struct_encode_fields__", ())


def test_arguments_go_into_the_path_the_query_or_the_body() -> None:
    listed = request("list_records", api="a b", collection="x/y", where="{name: Mine}", last=5)
    assert urlsplit(listed.target).path == "/_emulator/records/a%20b/x%2Fy"
    assert parse_qs(urlsplit(listed.target).query) == {"where": ["{name: Mine}"], "last": ["5"]}
    assert listed.body == b""
    moved = request("move_clock", advance="61s", freeze=True)
    assert (moved.method, moved.target) == ("POST", "/_emulator/clock")
    assert orjson.loads(moved.body) == {"advance": "61s", "freeze": True}
    assert orjson.loads(request("put_record", api="a", collection="b", id="c", record={"d": 1}).body) == {"d": 1}


def test_what_is_left_out_has_the_value_of_the_tool_and_a_null_is_left_out() -> None:
    assert urlsplit(request("list_exchanges").target).query == "last=10"
    assert urlsplit(request("list_exchanges", last=None, status=None).target).query == "last=10"
    assert urlsplit(request("list_exchanges", last=3).target).query == "last=3"


def test_a_call_names_its_world_or_means_that_of_its_client() -> None:
    assert request("get_clock").world == "default"
    assert request("get_clock", "mine").world == "mine"
    assert request("get_clock", "mine", world="yours").world == "yours"
    assert request("create_world", "mine", name="new").world is None
    assert "by default 'mine'" in TOOLBOX.find("get_clock").define("mine").takes["properties"]["world"]["description"]


@pytest.mark.parametrize("world", ["", "two words", "a\r\nb", 7, {}, "x" * 200])
def test_a_world_that_can_be_none_is_refused_before_anything_is_sent(world: object) -> None:
    with pytest.raises(WrongCall, match=r"^world: expected .*; found "):
        request("get_clock", world=world)


def test_an_argument_that_is_unknown_or_missing_is_named() -> None:
    with pytest.raises(WrongCall, match=r"^list_exchanges has no argument 'lst'; .*did you mean 'last'\?"):
        request("list_exchanges", lst=1)
    with pytest.raises(WrongCall, match=r"^get_verdict has no argument 'slack'; expected one of: ignore, world"):
        request("get_verdict", slack=1)
    for id in ({}, {"id": ""}, {"id": 7}):
        with pytest.raises(WrongCall, match=r"^complete_job: 'id' is missing; expected text"):
            request("complete_job", **id)


def test_an_unknown_tool_is_a_wrong_call_with_the_nearest_name() -> None:
    with pytest.raises(WrongCall, match=r"^no tool 'list_exchange'; .*did you mean 'list_exchanges'\?"):
        TOOLBOX.find("list_exchange")


def test_routes_that_a_text_names_become_tools() -> None:
    said = TOOLBOX.in_words("POST /_emulator/clock moves it; PUT /_emulator/worlds/{name} makes a world")
    assert said == "the tool move_clock moves it; the tool create_world makes a world"
    assert TOOLBOX.in_words("GET /_emulator lists all") == "GET /_emulator lists all"
    assert TOOLBOX.in_words("DELETE /_emulator/worlds/mine ends it") == "the tool delete_world ends it"


def test_definitions_are_small_enough_for_a_model_to_read() -> None:
    read = [msgspec.json.encode([each.tool.name, each.tool.about, each.define("default").takes]) for each in TOOLS]
    assert sum(map(len, read)) < 32_000
    assert len(TOOLS) <= 45
