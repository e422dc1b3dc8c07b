"""What json.loads, pydantic and JSON.parse make of each kind of the fault `answer`: the page says it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable

import pytest
from pydantic import BaseModel, ValidationError

from emulator.faults import FAULTS
from emulator.faults.content import BROKEN, Answer
from emulator.generate.content_faults import HOWS, KINDS
from emulator.generate.text import TextGenerator
from tests.faults.test_clients import PAGE
from tests.generate.conftest import SOURCES
from tests.pages import tables

PROMPT = "Describe a cat as JSON with the keys name (text), age (number) and summary (text)."
CASES = [kind if how is None else f"{kind}, {how}" for kind in KINDS for how in (HOWS if kind == BROKEN else (None,))]
ROWS = next(table for table in tables(PAGE) if table.first == "kind").rows
NODE = """
const texts = JSON.parse(require("fs").readFileSync(0, "utf8"));
const tried = (text) => { try { JSON.parse(text); return "valid"; } catch (error) { return error.name; } };
console.log(JSON.stringify(texts.map(tried)));
"""


class Cat(BaseModel):
    name: str
    age: int
    summary: str


def texts(case: str) -> list[str]:
    """The texts of a kind in JSON mode, by several seeds: all ways in which it goes wrong are among them."""
    fault = FAULTS.make("answer", dict(zip(("kind", "how"), case.split(", "), strict=False)))
    assert isinstance(fault, Answer)
    made = [TextGenerator(str(seed), SOURCES) for seed in range(20)]
    return [str(each.corrupted(fault.kind, fault.how, each.prompt(PROMPT), 1_024, True)["text"]) for each in made]


def outcomes(found: Iterable[str]) -> str:
    return " or ".join(f"`{each}`" if each != "valid" else each for each in sorted(set(found)))


def with_json_loads(text: str) -> str:
    try:
        json.loads(text)
    except ValueError as error:
        return type(error).__name__
    return "valid"


def with_pydantic(text: str) -> str:
    try:
        Cat.model_validate_json(text)
    except ValidationError as error:
        return error.errors()[0]["type"]
    return "valid"


def test_the_page_has_a_row_for_each_kind() -> None:
    assert [row[0].replace("`", "") for row in ROWS[1:]] == CASES


@pytest.mark.parametrize("case", CASES)
def test_python_parsers_make_of_it_what_the_page_says(case: str) -> None:
    (row,) = (row for row in ROWS[1:] if row[0].replace("`", "") == case)
    found = texts(case)
    assert row[2:4] == [outcomes(map(with_json_loads, found)), outcomes(map(with_pydantic, found))]


@pytest.mark.slow
def test_json_parse_makes_of_it_what_the_page_says() -> None:
    node = shutil.which("node")
    assert node is not None
    found = {case: texts(case) for case in CASES}
    sent = json.dumps([text for each in found.values() for text in each])
    ran = subprocess.run([node, "-e", NODE], input=sent, capture_output=True, text=True, check=True)
    seen = iter(json.loads(ran.stdout))
    told = {row[0].replace("`", ""): row[4] for row in ROWS[1:]}
    assert told == {case: outcomes(next(seen) for _ in each) for case, each in found.items()}
