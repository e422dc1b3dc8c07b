"""The pages about faults: every fault, parameter and alias is told, as the table of faults has it."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from emulator.clock.world_clock import manual
from emulator.faults import FAULTS, Armed, parameters
from emulator.faults.aliases import PARAMETER_ALIASES
from emulator.faults.base import ON, about
from emulator.store.memory import MemoryBackend
from tests.apis.aiexport_calls import asking, caller
from tests.faults.test_clients import PAGE
from tests.pages import Block, blocks, complaints, examples, tables
from tests.reader import Reader, masked
from tests.running import Emulated, Running

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("block", examples(PAGE), ids=lambda block: block.place)
def test_each_example_loads(block: Block, tmp_path: Path) -> None:
    assert complaints(block, tmp_path, PAGE) == ""


def test_what_it_says_is_answered_when_one_asks(running: Running, tmp_path: Path) -> None:
    reader = Reader(running, tmp_path)
    reader.run(Block("sh", "scripts/serve\n", ""))
    shown = blocks(PAGE)
    asked = [(block, answer) for block, answer in pairwise(shown) if block.language == "sh"]
    assert len(asked) == 2
    for block, answer in asked:
        assert masked(reader.run(block)) == masked(answer.text)
    reader.close()


@pytest.mark.parametrize(
    "block", [each for each in blocks(PAGE) if each.language == "json"], ids=lambda each: each.place
)
def test_each_order_can_be_armed(block: Block) -> None:
    assert Armed(MemoryBackend(manual())).arm(json.loads(block.text)).id == "fault_1"


def test_two_failures_and_then_a_success_are_one_line(running: Running, tmp_path: Path) -> None:
    line = next(line for line in PAGE.read_text().splitlines() if "when: {times: 2}" in line)
    story = tmp_path / "story.yaml"
    story.write_text(f"scenario: story\nabout: The line of the page.\nextends: default\nrules:\n{line}\n")
    emulated = Emulated(running, (str(story),))
    client = caller(emulated)
    answers = [client.post("/messages", json=asking("Hello!")) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [503, 503, 200, 200]
    assert [exchange.faults for exchange in emulated.exchanges(4)] == [("status",), ("status",), (), ()]
    emulated.close()


def test_there_is_a_row_for_every_fault() -> None:
    (table,) = (each for each in tables(PAGE) if each.heading == "Every fault")
    assert table.rows[1:] == [[f"`{name}`", ON[fault.family], about(fault)] for name, fault in FAULTS.items()]


def test_the_parameters_of_every_fault_are_documented() -> None:
    (table,) = (each for each in tables(PAGE) if each.heading == "Parameters")
    assert table.rows[1:] == [
        [
            f"`{name}`",
            "; ".join(f"`{parameter}`: {each.expected}" for parameter, each in parameters(fault).items()) or "none",
        ]
        for name, fault in FAULTS.items()
    ]


def test_the_names_of_other_tools_are_documented() -> None:
    (table,) = (each for each in tables(PAGE) if each.heading == "Names of other tools")
    told = {row[0].strip("`"): row[1].strip("`") for row in table.rows[1:] if ":" not in row[0]}
    assert told == {name: alias.fault for name, alias in FAULTS.aliases.items()}
    renamed = [row[:2] for row in table.rows[1:] if ":" in row[0]]
    assert renamed == [
        [f"`{fault}: {{{theirs}}}`", f"`{fault}: {{{ours}}}`"]
        for fault, names in PARAMETER_ALIASES.items()
        for theirs, (ours, _) in names.items()
    ]
