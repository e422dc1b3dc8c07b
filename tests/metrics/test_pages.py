"""The pages about metrics say what the program has, and their configuration is what a server answers."""

from __future__ import annotations

import re
from typing import Any

import httpx
import promql_parser as promql
import pytest
import yaml
from msgspec.structs import replace

from emulator.metrics.definitions import METRICS
from tests import metrics_page
from tests.pages import ROOT, blocks, tables
from tests.running import Emulated, Running

PAGE = ROOT / "docs" / "prometheus.md"
CONFIGURATIONS = [yaml.safe_load(block.text) for block in blocks(PAGE) if block.language == "yaml"]
KNOWN = {name: metric for metric in METRICS for name in metric.series}


def test_the_reference_is_what_the_definitions_say() -> None:
    assert metrics_page.PAGE.read_text() == metrics_page.page(), "python -m tests.metrics_page"


@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=["alone", "with a token"])
def test_prometheus_gets_an_answer_when_it_is_configured_so(running: Running, configuration: dict[str, Any]) -> None:
    (job,) = configuration["scrape_configs"]
    (target,) = job["static_configs"][0]["targets"]
    given = job.get("authorization", {"type": "Bearer", "credentials": ""})
    settings = replace(running.settings, metrics=True, control_token=given["credentials"])
    emulator = Emulated(running, ("default",), settings=settings)
    headers = {"Host": target, "Authorization": f"{given['type']} {given['credentials'] or 'none'}"}
    with httpx.Client(base_url=emulator.origin, headers=headers) as prometheus:
        assert prometheus.get(job["metrics_path"]).status_code == 200
        del prometheus.headers["Authorization"]
        assert prometheus.get(job["metrics_path"]).status_code == (403 if given["credentials"] else 200)
    emulator.close()


def test_the_token_is_that_of_the_compose_file() -> None:
    compose = (ROOT / "compose.yaml").read_text()
    (token,) = (each["scrape_configs"][0].get("authorization", {}).get("credentials") for each in CONFIGURATIONS[1:])
    assert f"EMULATOR_CONTROL_TOKEN:-{token}" in compose


def test_an_alert_asks_for_what_there_is() -> None:
    (table,) = tables(PAGE)
    for _, cell in table.rows[1:]:
        expression = cell.strip("`")
        promql.parse(expression)
        names = re.findall(r"\bemulator_\w+", expression)
        assert names
        assert set(names) <= set(KNOWN)
        labels = set(re.findall(r"(\w+)=\"", expression))
        assert all(labels <= set(KNOWN[name].labels) for name in names)
