"""Every control route has a command, or a reason why it has none; what the commands send is what the routes take."""

from __future__ import annotations

import pytest
from msgspec import Struct
from msgspec.structs import fields

from emulator.cli.words import ABOUT, COMMANDS, OPTIONS, OTHERWISE, Command
from emulator.control.route import ControlRoute
from emulator.control.routes import TABLE

ROUTES = {f"{route.method} {route.path or '/'}": route for route in TABLE}


def names(shape: object) -> set[str]:
    return (
        {field.encode_name for field in fields(shape)}
        if isinstance(shape, type) and issubclass(shape, Struct)
        else set()
    )


def test_every_control_route_has_a_command_or_a_reason() -> None:
    commanded = {entry.route for entry in COMMANDS}
    assert sorted([*commanded, *OTHERWISE]) == sorted(ROUTES), (
        "give the route a Command in emulator/cli/words.py, or a reason"
    )


def test_every_command_says_what_it_is_for() -> None:
    assert sorted(ABOUT) == sorted({entry.command for entry in COMMANDS})
    assert list(ABOUT) == sorted(ABOUT)
    assert all(about.endswith(".") for about in ABOUT.values())
    assert all(entry.about.endswith((".", "2")) for entry in COMMANDS)


@pytest.mark.parametrize("entry", COMMANDS, ids=lambda entry: f"{entry.words} {entry.needs}")
def test_a_command_sends_what_its_route_takes(entry: Command) -> None:
    route = ROUTES[entry.route]
    shape = route.query if route.method == "GET" else route.body
    arguments = {word.strip("[]…") for word in entry.words.split()[1:] if word.strip("[]…").isupper()}
    if entry.command != "wait":
        assert set(entry.send) | {OPTIONS[each].key for each in entry.options} <= names(shape)
    in_path = {segment[1:-1].upper() for segment in route.segments if segment.startswith("{")}
    sent = {value for value in entry.send.values() if isinstance(value, str)}
    assert in_path - {"NAME"} <= arguments
    assert arguments - {"FAULT", "PARAM=VALUE", "JSON", "FILE"} == (in_path & arguments) | sent


@pytest.mark.parametrize("entry", COMMANDS, ids=lambda entry: f"{entry.words} {entry.needs}")
def test_a_command_shows_what_its_route_answers(entry: Command) -> None:
    known = names(answer_of(ROUTES[entry.route], entry.rows)) | {"name"}
    assert set(entry.columns.split()) <= known


def answer_of(route: ControlRoute, rows: str) -> object:
    """The class of an answer, or that of the rows in it."""
    if not rows:
        return route.answer
    (field,) = [each for each in fields(route.answer) if each.encode_name == rows]
    return field.type.__args__[-1]
