"""The pages for those who test: the guides are what they show, the examples run, and nothing is left out."""

from __future__ import annotations

import json
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest

import pytest_ai_api_emulator as plugin
from emulator import Emulator
from emulator.testing.answers import AddedAnswer
from emulator.testing.clock import WorldClock
from emulator.testing.exchanges import Exchanges, Recorded
from emulator.testing.faults import ArmedFault, Trigger
from emulator.testing.jobs import Attempt, Jobs, Webhooks
from emulator.testing.records import Records
from tests.how_to import FOLDER, GUIDES, PACKAGE, PACKAGE_PAGE, PAGE, guide, page, shown_files, with_files
from tests.pages import README, ROOT, blocks, tables

pytestmark = pytest.mark.slow

pytest_plugins = ["pytester"]
REFERENCE = ROOT / "docs" / "testing.md"
TOLD: dict[tuple[str, str], type] = {
    ("Emulator", "name"): Emulator,
    ("Faults", "of an armed fault"): ArmedFault,
    ("Answers", "of an answer"): AddedAnswer,
    ("Clock", "of `clock`"): WorldClock,
    ("Requests", "of `requests(…)`"): Exchanges,
    ("Requests", "of a request"): Recorded,
    ("Webhooks", "of `webhooks`"): Webhooks,
    ("Webhooks", "of an attempt"): Attempt,
    ("Jobs", "of `jobs`"): Jobs,
    ("Records", "of `records`"): Records,
}


def column(heading: str, first: str) -> list[str]:
    """The names in the first column of a table, without their arguments."""
    table = next(each for each in tables(REFERENCE) if (each.heading, each.first) == (heading, first))
    return [key.partition("(")[0] for key in table.keys]


def names(kind: type) -> set[str]:
    """What a class offers, and what its objects are given when they are made."""
    own = {name for name in dir(kind) if not name.startswith("_")}
    if kind is ArmedFault:
        own |= {"id", "order"}
    if kind is Records:
        own -= {*dir(MutableMapping)} - {"clear"}
    if kind is AddedAnswer:
        own |= {"id", "entry"}
    return own


def test_the_guides_stand_on_their_page_as_they_are() -> None:
    assert PAGE.read_text() == page(), "write it anew: python -m tests.how_to"
    assert sorted(guide(name) for name in GUIDES) == sorted(FOLDER.glob("test_*.py"))


@pytest.mark.parametrize("runner", ["vitest", "jest", "playwright"])
def test_a_page_for_javascript_shows_its_files_as_they_are(runner: str) -> None:
    file = FOLDER / f"{runner}.md"
    assert file.read_text() == with_files(file.read_text()), "write it anew: python -m tests.how_to"
    examples = ROOT / "clients" / "js" / "examples" / runner
    assert {ROOT / name for name in shown_files(file)} >= {*examples.iterdir()}


def test_the_page_of_the_npm_package_is_its_readme() -> None:
    assert PACKAGE_PAGE.read_text() == PACKAGE.read_text(), "write it anew: python -m tests.how_to"


def test_the_guides_run_with_all_other_tests(pytestconfig: pytest.Config) -> None:
    assert "docs/how-to" in pytestconfig.getini("testpaths")


@pytest.mark.parametrize(("place", "kind"), TOLD.items(), ids=[kind.__name__ for kind in TOLD.values()])
def test_everything_that_an_object_offers_is_told(place: tuple[str, str], kind: type) -> None:
    assert sorted(column(*place)) == sorted(names(kind))


def test_every_keyword_and_every_option_is_told() -> None:
    assert column("What a test's world plays", "marker keyword") == list(plugin.KEYWORDS)
    assert sorted(column("Faults", "keyword")) == sorted({*Trigger.__struct_fields__, "params"})
    parser = pytest.Parser(_ispytest=True)
    plugin.pytest_addoption(parser)
    options: list[Any] = parser.getgroup("emulator").options
    assert column("What a test's world plays", "option") == [name for each in options for name in each.names()]


def test_the_examples_run(
    pytester: pytest.Pytester, emulator_server: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pages = [*blocks(REFERENCE), *blocks(README), *blocks(REFERENCE.parent / "coming-from" / "respx.md")]
    examples = [block.text for block in pages if block.language == "python" and not block.text.startswith("# test_")]
    assert len(examples) == 10
    for number, text in enumerate(examples):
        indented = "".join(f"    {line}" for line in text.splitlines(keepends=True))
        whole = text if "def test_" in text else f"def test_it() -> None:\n{indented}"
        (pytester.path / f"test_{number}.py").write_text(whole)
    done = pytester.runpytest_inprocess("-p", "emulator", "--strict-markers", "--emulator-url", emulator_server.url)
    done.assert_outcomes(passed=len(examples))


def test_the_report_of_a_failed_test_is_written_as_the_page_says(
    pytester: pytest.Pytester, emulator_server: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    texts = [block.text for block in blocks(REFERENCE)]
    at = next(at for at, text in enumerate(texts) if text.startswith("# test_checkout.py"))
    test, command, shown = texts[at : at + 3]
    (pytester.path / "test_checkout.py").write_text(test)
    _, *options = command.split()
    done = pytester.runpytest_inprocess("-p", "emulator", "--emulator-url", emulator_server.url, *options)
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines([f"*{line}*" if "report" in line else line for line in shown.splitlines()])
    (file,) = pytester.path.glob("failed-*.har")
    (entry,) = json.loads(file.read_text())["log"]["entries"]
    assert (entry["response"]["status"], entry["_faults"]) == (503, ["status"])
    (file,) = pytester.path.glob("failed-*.jsonl")
    assert json.loads(file.read_text())["status"] == 503


def test_the_pages_refer_to_what_is_there() -> None:
    for text, folder in ((REFERENCE, REFERENCE.parent), (PAGE, FOLDER)):
        for target in text.read_text().split("](")[1:]:
            path = target.partition(")")[0].partition("#")[0]
            assert path == "" or Path(folder / path).exists(), path
