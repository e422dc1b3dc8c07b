"""docs/requests.md is true: its keys and ids are known, and its commands get what it shows."""

from __future__ import annotations

import os
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from tests.pages import ROOT, blocks, tables
from tests.process import Serving
from tests.reader import ID, ORIGIN, SOON, follow
from tests.running import Running, loaded

PAGE = ROOT / "docs" / "requests.md"
DEFAULT = loaded("default")


def column(heading: str, first: str) -> list[str]:
    return next(table.keys for table in tables(PAGE) if (table.heading, table.first) == (heading, first))


@pytest.mark.slow
def test_a_fresh_server_gives_the_very_ids_that_are_shown(tmp_path: Path) -> None:
    page = blocks(PAGE)
    pairs = [pair for pair in pairwise(page) if pair[0].text.startswith("curl ")]
    assert pairs
    with Serving(tmp_path) as serving:
        for asked, shown in pairs:
            script = asked.text.replace(ORIGIN, serving.origin)
            alone = {**os.environ, "NO_PROXY": "*", "no_proxy": "*"}
            said = subprocess.run(["sh", "-c", script], env=alone, capture_output=True, text=True, check=True).stdout
            assert ID.findall(said) == ID.findall(shown.text), asked.place
            serving.client.post("/_emulator/clock", json={"advance": SOON}).raise_for_status()


@pytest.mark.slow
def test_what_it_says_happens_when_one_follows_it(running: Running, tmp_path: Path) -> None:
    follow(PAGE, running, tmp_path)


def test_the_demo_keys_and_ids_are_known() -> None:
    keys = [key for api in DEFAULT.apis.values() for key in api.keys if len(key) < 40]
    client = "demo-enterprise` / `demo-secret"
    assert sorted(column("Keys and ids", "key")) == sorted([*keys, client])
    collections = DEFAULT.apis["aixplain"].collections
    known = {id for name in ("models", "tools", "agents") for id in collections[name].records}
    assert set(column("Keys and ids", "id")) <= known
