"""docs/grafana.json asks for metrics that exist, by labels that they have, and is a dashboard as Grafana defines it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import promql_parser as promql
import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from emulator.metrics.definitions import METRICS
from tests.pages import ROOT

BOARD: dict[str, Any] = json.loads((ROOT / "docs" / "grafana.json").read_text())
PANELS: list[dict[str, Any]] = BOARD["panels"]
VARIABLES: list[dict[str, Any]] = BOARD["templating"]["list"]
KNOWN = {name: metric for metric in METRICS for name in metric.series}
OF_PROMETHEUS = {"job", "instance"}  # labels that it adds to whatever it scrapes
EXPRESSIONS = [
    pytest.param(target["expr"], target["legendFormat"], id=f"{panel['title']} {target['refId']}")
    for panel in PANELS
    for target in panel["targets"]
]


def parsed(expression: str) -> promql.Expr:
    """An expression of a panel, as Prometheus gets it from Grafana."""
    return promql.parse(expression.replace("$__rate_interval", "1m"))


def parts(expression: Any) -> Iterator[Any]:
    """An expression with everything that it is made of."""
    yield expression
    for name in ("expr", "lhs", "rhs", "param", "vector_selector"):
        if (part := getattr(expression, name, None)) is not None:
            yield from parts(part)
    for part in getattr(expression, "args", ()):
        yield from parts(part)


def selectors(expression: Any) -> list[promql.VectorSelector]:
    return [part for part in parts(expression) if isinstance(part, promql.VectorSelector)]


@pytest.mark.parametrize(("expression", "legend"), EXPRESSIONS)
def test_a_panel_asks_for_metrics_that_exist_by_labels_that_they_have(expression: str, legend: str) -> None:
    found = selectors(parsed(expression))
    assert found
    for selector in found:
        assert selector.name in KNOWN
        labels = {matcher.name for matcher in selector.matchers.matchers}
        assert labels <= {*KNOWN[selector.name].labels, *OF_PROMETHEUS}
        assert "job" in labels
        assert ("api" in labels) == ("api" in KNOWN[selector.name].labels)


@pytest.mark.parametrize(("expression", "legend"), EXPRESSIONS)
def test_a_counter_is_asked_for_its_rate_and_nothing_else_is(expression: str, legend: str) -> None:
    whole = parsed(expression)
    rated = [part for part in parts(whole) if isinstance(part, promql.Call) and part.func.name == "rate"]
    counted = {selector.name for call in rated for selector in selectors(call)}
    named = {selector.name for selector in selectors(whole)}
    assert counted == {str(name) for name in named if re.search(r"_(total|bucket|sum|count)$", str(name))}


@pytest.mark.parametrize(("expression", "legend"), EXPRESSIONS)
def test_a_legend_names_labels_that_are_left(expression: str, legend: str) -> None:
    kept = {
        label
        for part in parts(parsed(expression))
        if isinstance(part, promql.AggregateExpr) and part.modifier is not None
        for label in part.modifier.labels
    }
    assert set(re.findall(r"{{(\w+)}}", legend)) == kept - {"le"}


def test_every_metric_has_a_panel() -> None:
    shown = {KNOWN[str(each.name)].name for given in EXPRESSIONS for each in selectors(parsed(str(given.values[0])))}
    assert {metric.name for metric in METRICS} == shown


def test_a_variable_lists_the_values_of_a_label_that_exists() -> None:
    asked = [variable for variable in VARIABLES if variable["type"] == "query"]
    for variable in asked:
        found = re.fullmatch(r"label_values\((\w+)(\{.*\})?, (\w+)\)", variable["query"]["query"])
        assert found is not None
        assert found[1] in KNOWN
        assert found[3] in {*KNOWN[found[1]].labels, *OF_PROMETHEUS}
        promql.parse(found[1] + (found[2] or ""))
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(BOARD))) - {"__rate_interval", "__all"}
    assert used == {variable["name"] for variable in VARIABLES}


def test_nothing_in_it_is_unknown_to_grafana() -> None:
    """What the schema of Grafana 11 does not know is lost when it is read and written again."""
    register_default_plugins()
    again = json.loads(JSONEncoder().encode(Dashboard.from_json(BOARD)))
    assert list(lost(BOARD, again)) == []


def lost(here: Any, there: Any, place: str = "") -> Iterator[str]:
    """Where something here is missing there, or something else."""
    if isinstance(here, dict) and isinstance(there, dict):
        for key, value in here.items():
            if key in there:
                yield from lost(value, there[key], f"{place}.{key}")
            else:
                yield f"{place}.{key}"
    elif isinstance(here, list) and isinstance(there, list) and len(here) == len(there):
        for index, (one, other) in enumerate(zip(here, there, strict=True)):
            yield from lost(one, other, f"{place}[{index}]")
    elif here != there:
        yield f"{place}: {here!r} became {there!r}"


def test_panels_have_ids_of_their_own_and_do_not_overlap() -> None:
    assert {panel["type"] for panel in PANELS} == {"stat", "timeseries"}
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    taken = [cell for panel in PANELS for cell in cells(**panel["gridPos"])]
    assert len(set(taken)) == len(taken)
    assert all(column < 24 for column, _ in taken)


def cells(h: int, w: int, x: int, y: int) -> Iterator[tuple[int, int]]:
    return ((column, row) for column in range(x, x + w) for row in range(y, y + h))
