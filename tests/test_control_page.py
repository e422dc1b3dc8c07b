"""docs/control.md is true: examples answer as shown, nothing is missing."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from msgspec.structs import fields

from emulator.control import clock, exchanges, faults, jobs, webhooks, worlds
from emulator.control.parsing import MEANINGS
from emulator.control.routes import TABLE
from emulator.store.views import ExchangeView
from emulator.webhooks.views import WebhookView
from tests.pages import ROOT, blocks, tables
from tests.reader import Reader, masked
from tests.running import Running

pytestmark = pytest.mark.slow

PAGE = ROOT / "docs" / "control.md"
TABLES = {(table.heading, table.first): table for table in tables(PAGE)}


def test_what_it_says_happens_when_one_follows_it(running: Running, tmp_path: Path) -> None:
    reader, shown = Reader(running, tmp_path), blocks(PAGE)
    try:
        for block, answer in zip(shown, [*shown[1:], None], strict=True):
            if block.language != "sh":
                continue
            said = reader.run(block)
            if answer is not None and answer.language == "json":
                assert json.loads(said) == json.loads(answer.text), answer.place
            elif answer is not None and answer.language == "text":
                assert masked(said) == masked(answer.text), answer.place
    finally:
        reader.close()


@pytest.mark.parametrize(
    ("heading", "first", "shapes"),
    [
        ("Time", "key", [clock.ClockRequest]),
        ("Faults", "key", [faults.FaultRequest]),
        ("Exchanges", "key of a question", [exchanges.ExchangesQuestion, exchanges.ExchangesWait]),
        ("Why not my rule", "key of a request to explain", [exchanges.ExplainRequest]),
        ("Webhooks", "key", [webhooks.WebhooksWait]),
        ("Worlds", "key", [worlds.WorldRequest]),
        ("Jobs and limits", "key of a job", [jobs.JobRequest]),
    ],
)
def test_every_key_of_an_order_is_told_and_no_other(heading: str, first: str, shapes: list[type]) -> None:
    known = {field.encode_name for shape in shapes for field in fields(shape)}
    assert sorted(TABLES[heading, first].keys) == sorted(known)


@pytest.mark.parametrize(
    ("after", "shape"),
    [("over the names that an exchange has:", ExchangeView), ("is listed with", WebhookView)],
)
def test_every_part_of_what_is_told_is_named(after: str, shape: type) -> None:
    text = PAGE.read_text().partition(after)[2].partition("\n\n")[0]
    assert {field.encode_name for field in fields(shape)} <= set(re.findall(r"`(\w+)`", text))


def test_every_refusal_is_told() -> None:
    assert TABLES["What a wrong request gets", "status"].keys == [str(status) for status in sorted(MEANINGS)]


def test_every_control_route_is_listed() -> None:
    table = TABLES["Every route", "request"]
    wanted = [[f"`{entry.method} /_emulator{entry.path}`", entry.summary] for entry in TABLE]
    lines = "\n".join(f"| {' | '.join(row)} |" for row in wanted)
    assert table.rows[1:] == wanted, f"the table of control routes should be:\n{lines}"
