"""docs/clients.md is true: its versions are those that are pinned, and what it tells is what the tests assert."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.clients.test_sdk_keys import STATUSES
from tests.pages import ROOT, Table, tables
from tests.running import loaded

pytestmark = pytest.mark.slow

PAGE = ROOT / "docs" / "clients.md"
TABLES = {(table.heading, table.first): table for table in tables(PAGE)}
HERE = Path(__file__).resolve().parent
SDK, GENERIC = "The aiXplain SDK", "Generic clients of AI Export"
NOT_PACKAGES = {"urllib": "Python's", "fetch": "Node's"} | dict.fromkeys(
    ("curl", "Java's HttpClient", "Go's net/http", "PHP's curl", "Ruby's Net::HTTP"), "the machine's"
)
TESTED = "\n".join(
    path.read_text() for path in sorted([*HERE.rglob("*.py"), *HERE.rglob("*.cjs"), *HERE.rglob("*.sh")])
)


def told(heading: str, first: str) -> Table:
    return TABLES[heading, first]


def pinned() -> dict[str, str]:
    """The version of each package, by its name in small letters."""
    pins = re.findall(r"^([\w.-]+)==(\S+)$", (HERE / "constraints-generic.txt").read_text(), re.MULTILINE)
    return {name.lower(): version for name, version in [*pins, *node_pins().items()]}


def node_pins() -> dict[str, str]:
    found: dict[str, str] = json.loads((HERE / "package.json").read_text())["dependencies"]
    return found


@pytest.mark.parametrize(("clients", "at"), [("sdk", 0), ("sdk-before", 1)])
def test_the_versions_of_the_sdk_are_those_that_are_pinned(clients: str, at: int) -> None:
    versions = re.search(r"^Versions (\S+) and (\S+), each with both surfaces", PAGE.read_text(), re.MULTILINE)
    assert versions is not None
    assert f"aiXplain=={versions.groups()[at]}\n" in (HERE / f"constraints-{clients}.txt").read_text()


def test_every_generic_client_has_its_row_with_the_version_that_is_pinned() -> None:
    versions = {row[0]: row[1] for row in told(GENERIC, "client").rows[1:]}
    asked_for = re.search(r"^begin generic python_set generic \\\n(.*)$", (ROOT / "scripts/clients").read_text(), re.M)
    assert asked_for is not None
    assert set(versions) - set(NOT_PACKAGES) - set(node_pins()) == set(asked_for[1].split())
    assert versions == {name: NOT_PACKAGES.get(name) or pinned()[name] for name in versions}


def test_no_pin_says_where_a_package_comes_from() -> None:
    for pins in sorted(HERE.glob("constraints-*.txt")):
        assert re.findall(r"^(?!#)(?![\w.-]+==[\w.]+$).*$", pins.read_text().rstrip("\n"), re.MULTILINE) == [], pins


def test_the_variables_are_those_that_the_apis_file_sets() -> None:
    playbook = loaded("default")
    named = [name for row in told(SDK, "variable").rows[1:] for name in re.findall(r"`(\w+)`", row[0])]
    assert sorted(named) == sorted(playbook.apis["aixplain"].client.environment)


def test_the_statuses_are_those_that_are_tried() -> None:
    assert ", ".join(STATUSES) in told(SDK, "what is run").keys


def test_what_is_set_off_as_code_stands_in_a_program_or_a_test() -> None:
    cells = [cell for row in told(SDK, "what is run").rows[1:] for cell in row]
    words = {word for cell in cells for word in re.findall(r"`([^`]+)`", cell)}
    assert len(words) > 15
    missing = {word for word in words if not all(part in TESTED for part in re.split(r" ?… ?|: data", word) if part)}
    assert missing == set()
