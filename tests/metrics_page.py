"""Writes docs/metrics.md, the reference of the metrics, from their definitions: `python -m tests.metrics_page`."""

from __future__ import annotations

from emulator.metrics.definitions import METRICS, SECONDS, Metric
from emulator.metrics.tally import MAX_SERIES, OTHER
from tests.pages import ROOT

PAGE = ROOT / "docs" / "metrics.md"
HEAD = """# Metrics

What `GET /_emulator/metrics` returns when the server was started with `--metrics`.
[Prometheus and Grafana](prometheus.md) says how to collect and show it.

<!-- Made from emulator/metrics/definitions.py by `python -m tests.metrics_page`; a test compares them. -->

| metric | type | what it is |
|---|---|---|
"""
TAIL = f"""
The buckets of the histograms end at {", ".join(f"{bound:g}" for bound in SECONDS)} seconds.

## What is counted

- Requests to the APIs of all worlds, once they have ended: those that the journal shows. Not counted are requests to
  the control API, preflights of browsers, calls that were blocked, and the 503 of a server whose [store](scale.md) is
  away.
- Counters begin at 0 when the server starts; faults and outcomes of webhooks are there from the start. A world that is
  reset or deleted takes nothing away from them.
- With `--workers`, and with several processes on one [store](scale.md) that are each started with `--metrics`, a scrape
  of any of them shows the sums of all. What a process has counted is published once a second and stays when the process
  dies, so that counters never go backwards; one that is killed loses what it counted since. The counters go on from
  there as long as the store keeps its data, and `emulator store clear` removes them. While the store is away a scrape
  is a 503.
- Durations are real time, whatever the world's clock says. The time to the first event is only known where the world's
  clock runs at real speed: streams of worlds whose clock is frozen or sped up are left out.

## Labels are bounded

A path that nobody serves counts as `unknown`; models, keys and paths are no labels at all. A metric has at most
{MAX_SERIES:,} combinations of labels: scenarios that are put again and again can name new operations, and what comes
after that counts as `{OTHER}`.

**No label names a world.** A server has at most 1,000 worlds at a time, but a test suite creates and deletes one for
each test, with names of its own, and Prometheus keeps each series that has begun for as long as it keeps any data.
Look at one world with [`GET /_emulator/summary?world=NAME`](control.md).
"""


def row(metric: Metric) -> str:
    """The row of a metric in the table."""
    name = f"[`{metric.name}`](#{metric.name})" if metric.labels else f"`{metric.name}`"
    return f"| {name} | {metric.kind.value} | {metric.about} |\n"


def section(metric: Metric) -> str:
    """What is said of the labels of a metric."""
    lines = [f"## {metric.name}\n", f"{metric.about} A {metric.kind.value}.\n", "| label | |", "|---|---|"]
    return "\n".join([*lines, *(f"| `{name}` | {meaning} |" for name, meaning in metric.labels.items()), ""])


def page() -> str:
    """The whole page."""
    sections = [section(metric) for metric in METRICS if metric.labels]
    return "\n".join([HEAD + "".join(map(row, METRICS)) + TAIL, *sections])


if __name__ == "__main__":
    PAGE.write_text(page())
