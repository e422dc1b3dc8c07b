"""docs/requests.md is true: its keys and ids are known, and its commands get what it shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pages import ROOT, tables
from tests.reader import follow
from tests.running import Running, loaded

PAGE = ROOT / "docs" / "requests.md"
DEFAULT = loaded("default")


def column(heading: str, first: str) -> list[str]:
    return next(table.keys for table in tables(PAGE) if (table.heading, table.first) == (heading, first))


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
