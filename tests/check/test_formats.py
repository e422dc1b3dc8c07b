"""Errors for a person, a program and GitHub Actions."""

from __future__ import annotations

import json

from emulator.check.formats import FORMATS, default_format
from emulator.errors import Diagnostic, Location

FOUND = [Diagnostic(Location("a.yaml", 3, 7), "unknown key é")]


def test_each_format_says_the_place_and_the_message() -> None:
    assert list(FORMATS["text"](FOUND)) == ["a.yaml:3:7: unknown key é"]
    assert list(FORMATS["github"](FOUND)) == ["::error file=a.yaml,line=3,col=7::a.yaml:3:7: unknown key é"]
    (text,) = FORMATS["json"](FOUND)
    assert json.loads(text) == [{"file": "a.yaml", "line": 3, "column": 7, "message": "unknown key é"}]


def test_no_errors_are_an_empty_list_to_a_program() -> None:
    assert list(FORMATS["json"]([])) == ["[]"]


def test_github_actions_gets_annotations_unless_told_otherwise() -> None:
    assert default_format({"GITHUB_ACTIONS": "true"}) == "github"
    assert default_format({}) == "text"
