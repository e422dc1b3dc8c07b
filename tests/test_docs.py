"""The pages of the scenario language: each example loads, and nothing that may be written is missing."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest
from jinja2 import Environment

from emulator.cli import main
from emulator.compile.api import ENGINE_ERRORS
from emulator.compile.when import CONDITIONS
from emulator.engine.context import REQUEST_MAKERS
from emulator.engine.functions import FILTERS, FUNCTIONS
from emulator.faults import FAULTS
from emulator.language.document.reader import parse
from emulator.language.expressions import builder, filters
from emulator.language.schema import api as parts
from emulator.language.schema import scenario as model
from emulator.language.schema.validate import keys_of
from emulator.playbook.error_reply import GENERAL
from emulator.playbook.matching import COUNTER_TESTS
from emulator.playbook.operators import OPERATORS
from emulator.settings.options import PARSERS
from emulator.testing.connection import VARIABLE
from tests.describe import PARTS
from tests.pages import LANGUAGE_PAGE, LANGUAGE_PAGES, README, ROOT, Block, Table, complaints, examples, tables

TABLES = {(table.heading, table.first): table for table in tables(*LANGUAGE_PAGES)}


def told(heading: str, first: str) -> Table:
    assert (heading, first) in TABLES, f"no table under {heading!r} begins with {first!r}"
    return TABLES[heading, first]


def call(name: str, function: Callable[..., Any]) -> str:
    """A function as an author calls it, without what the emulator hands in: `iso(at=None)`."""
    _, *given = inspect.signature(function).parameters.values()
    return f"{name}({', '.join(str(each.replace(annotation=each.empty)) for each in given)})"


@pytest.mark.parametrize("block", examples(*LANGUAGE_PAGES), ids=lambda block: block.place)
def test_each_example_loads(block: Block, tmp_path: Path) -> None:
    assert complaints(block, tmp_path, *LANGUAGE_PAGES) == ""


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_every_key_is_told_and_no_other(part: type[parts.Model]) -> None:
    assert sorted(told(*PARTS[part]).keys) == sorted(keys_of(part))


@pytest.mark.parametrize("module", [model, parts])
def test_every_part_has_its_table(module: ModuleType) -> None:
    known = {found for found in vars(module).values() if inspect.isclass(found) and issubclass(found, parts.Model)}
    assert known - {parts.Model} <= set(PARTS)


def test_what_must_be_there_is_called_required() -> None:
    for part, (heading, first) in PARTS.items():
        for key, about in (row[:2] for row in told(heading, first).rows[1:]):
            if about.endswith("Required.") and part is not parts.ErrorKindChangeModel:
                assert keys_of(part)[key.strip("`")].is_required(), f"{key} under {heading} need not be there"


def test_every_operator_and_every_other_key_of_when_is_told() -> None:
    assert sorted(told("When", "operator").keys) == sorted(OPERATORS)
    assert sorted(told("When", "key").keys) == sorted(["expr", "any", "jsonpath", *COUNTER_TESTS, *CONDITIONS])


def test_every_fault_is_told() -> None:
    assert sorted(told("Fault", "fault").keys) == sorted(FAULTS)


def test_every_error_that_the_engine_raises_is_told() -> None:
    alike = [[kind for kind in GENERAL if GENERAL[kind] == general] for general in dict.fromkeys(GENERAL.values())]
    optional = [", ".join(f"`{kind}`" for kind in kinds).strip("`") for kinds in alike]
    assert sorted(told("Errors", "kind").keys) == sorted([*ENGINE_ERRORS, *optional])


def test_every_form_is_told() -> None:
    assert sorted(told("Forms", "form").keys) == sorted(builder._FORMS)


def test_every_name_is_told() -> None:
    made_elsewhere = {"answer", "prompt", "body", "error", "query", "switches"}
    assert set(told("Names", "name").keys) == set(REQUEST_MAKERS) | made_elsewhere


def test_every_function_is_told_as_it_is_called() -> None:
    own = [call(name, function) for name, function in FUNCTIONS.items()]
    assert sorted(told("Functions", "function").keys) == sorted([*own, "range(start, stop, step)"])


def test_every_filter_of_our_own_is_told_and_those_of_jinja_that_are_missing() -> None:
    own = [call(name, function) for name, function in FILTERS.items()]
    assert sorted(told("Filters and tests", "filter").keys) == sorted(own)
    environment = Environment()
    missing = set(environment.filters) - set(filters.filters_of(environment))
    missing_tests = set(environment.tests) - set(filters.tests_of(environment))
    named, named_tests = (", ".join(f"`{name}`" for name in sorted(names)) for names in (missing, missing_tests))
    assert f"but for the filters {named} and the tests {named_tests}." in LANGUAGE_PAGES[-1].read_text()


def test_the_scenarios_that_come_with_it_are_listed_with_what_they_say_of_themselves() -> None:
    files = sorted((ROOT / "scenarios").glob("*.yaml"))
    (table,) = (each for each in tables(LANGUAGE_PAGE) if each.heading == "Scenarios that come with it")
    assert table.rows[1:] == [[f"`{file.stem}`", parse(file.read_text(), file.name).data["about"]] for file in files]


PAGES = [README, *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.finding("J1")
def test_no_page_installs_what_is_not_published() -> None:
    assert [page.name for page in PAGES if re.search(r"pip install '?ai-api-emulator", page.read_text())] == []


@pytest.mark.finding("J1")
def test_options_and_variables_that_the_pages_name_are_there() -> None:
    assert isinstance(main, click.Group)
    options = {
        name
        for each in main.commands.values()
        for option in each.params
        for name in (*option.opts, *option.secondary_opts)
    }
    variables = {"EMULATOR_" + flag[2:].replace("-", "_").upper() for flag, _ in PARSERS.values()}
    variables |= {"EMULATOR_URL", "EMULATOR_WORLD", "EMULATOR_COMMAND", VARIABLE}
    assert {"EMULATOR_JOURNAL_ENTRIES"} <= variables
    for page in PAGES:
        text = page.read_text()
        assert set(re.findall(r"\bEMULATOR_[A-Z_]+", text)) <= variables, page
        assert set(re.findall(r"emulator serve (--[\w-]+)", text)) <= options, page
    for flag, _ in PARSERS.values():
        assert flag in options, "whatever can be set is an option of serve"


@pytest.mark.finding("J1")
def test_the_pages_agree_on_which_clients_arrive() -> None:
    guesses = (ROOT / "docs" / "why" / "guesses.md").read_text()
    trusting = guesses.partition("`emulator run` lets programs in")[2].partition("trust it;")[0]
    named = re.findall(r"[A-Za-z]+", trusting.replace(" and ", " "))
    rows = re.findall(r"^\| (.*?) \| (Yes|No)\. \|", (ROOT / "docs" / "run.md").read_text(), re.MULTILINE)
    arrive = " ".join(client for client, arrives in rows if arrives == "Yes")
    assert len(named) > 8
    assert [name for name in named if name not in arrive] == []
