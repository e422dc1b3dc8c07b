"""`emulator explain` as a user runs it: the page is true, and what is wrong is said with its cure."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import click
import pytest

from emulator.cli import main
from tests.apis.aiexport_calls import asking, caller
from tests.pages import ROOT, blocks, tables
from tests.process import run
from tests.running import Emulated

pytestmark = pytest.mark.slow
PAGE = ROOT / "docs" / "explain.md"
LINE = re.compile(r":\d+(?= ')")  # of a rule in the API's own file, which others change


def test_the_page_shows_what_is_printed(tmp_path: Path) -> None:
    scenario, command, shown, notice = blocks(PAGE)
    assert scenario.file == "mine.yaml"
    (tmp_path / "mine.yaml").write_text(scenario.text)
    _, *arguments = shlex.split(command.text)
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.split("\n")
    for line in shown.text.strip().split("\n"):
        if line == "…":
            break
        assert LINE.sub(":N", line) == LINE.sub(":N", lines.pop(0))
    rule, difference = (line.strip() for line in done.stdout.split("\n")[7:9])
    assert notice.text.startswith(rule.removeprefix("rules").partition("differs")[0].strip())
    assert notice.text.strip().endswith(difference)


def test_the_page_names_each_option() -> None:
    known = [
        option for each in main.commands["explain"].params if isinstance(each, click.Option) for option in each.opts
    ]
    (table,) = [table for table in tables(PAGE) if table.first == "option"]
    assert sorted(key.split()[0] for key in table.keys) == sorted(known)


def test_the_project_file_of_the_folder_says_what_is_played(tmp_path: Path) -> None:
    scenario, *_ = blocks(PAGE)
    (tmp_path / "mine.yaml").write_text(scenario.text)
    (tmp_path / "emulator.yaml").write_text("scenario: mine.yaml\nstate: state.json\n")
    line = ["curl", "http://h/v2/messages", "-H", "X-API-Key: axp_test_pro", "--json", json.dumps(asking())]
    done = run("explain", "--", *line, cwd=tmp_path)
    assert "mine.yaml:6 'greeting'        differs" in done.stdout, done.stderr
    assert not (tmp_path / "state.json").exists()


def test_an_exchange_is_explained_by_the_server_that_answered_it(emulator: Emulated, tmp_path: Path) -> None:
    caller(emulator).post("/messages", json=asking())
    emulator.exchanges(1)
    done = run("explain", "--url", emulator.origin, "--exchange", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "'whole'     answered" in done.stdout
    assert "note: rules that did not answer are compared with their counters as they are now" in done.stdout
    missing = run("explain", "--url", emulator.origin, "--exchange", "9", cwd=tmp_path)
    assert (missing.returncode, missing.stdout) == (2, "")
    assert missing.stderr.startswith("no exchange '9'; the journal keeps the newest only")


def test_a_running_emulator_is_asked_with_its_counters(emulator: Emulated, tmp_path: Path) -> None:
    caller(emulator).get("/models")
    emulator.exchanges(1)
    line = ["curl", "-s", f"{emulator.origin}/v2/models", "-H", "X-API-Key: axp_test_pro"]
    done = run("explain", "--url", emulator.origin, "--json", "--", *line, cwd=tmp_path)
    told = json.loads(done.stdout)
    assert (told["limits"][0]["name"], told["limits"][0]["before"]) == ("requests", 1)
    assert len(emulator.exchanges(1)) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "expected a curl command line behind `--`, or --exchange; give one of them"),
        (("--exchange", "1", "--", "curl", "http://h"), "expected a curl command line behind `--`, or --exchange"),
        (
            ("--scenario", "x", "--exchange", "1"),
            "--scenario and --exchange: a running emulator plays",
        ),
        (("--scenario", "nowhere", "--", "curl", "http://h/v2/models"), "nowhere"),
        (("--", "curl", "--fancy", "http://h"), "curl option --fancy is not understood; leave it out if it does not"),
        (
            ("--", "curl", "http://h", "-d", "@missing.json"),
            "can't read 'missing.json', which the curl line names",
        ),
        (("--", "curl", "-X", "A B", "http://h/v2/models"), "curl option -X is 'A B'; expected a method such as POST"),
        (("--", "curl", "http://h/v2/models", "-H", "@latin"), "curl option -H: 'latin' is not UTF-8"),
        (("--url", "http://127.0.0.1:1", "--exchange", "1"), "no emulator answers at http://127.0.0.1:1"),
        (("--url", "http://127.0.0.1:1", "--exchange", "1"), "emulator serve`, or say where it is with --url\n"),
        (("--url", "nowhere", "--exchange", "1"), "--url is 'nowhere'; expected an http or https URL"),
        (
            ("--url", "http://127.0.0.1:1", "--token", "a b", "--exchange", "1"),
            "--token, or EMULATOR_CONTROL_TOKEN, is not a token; expected",
        ),
        (("--url", "http://127.0.0.1:1", "--world", "a b", "--exchange", "1"), "--world is 'a b'; expected the name"),
        (("--", "curl", "http://h/v2/models", "-H", "X-Emulator-World: w"), "there is no world 'w'"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"X-Name: caf\xe9")
    done = run("explain", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
