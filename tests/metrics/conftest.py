"""What the tests of metrics share: an emulator that counts, and what it says of a metric."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import httpx
import pytest
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families as families

from emulator.clock.world_clock import Clock
from tests import loopback
from tests.running import Emulated, Running
from tests.waiting import PATIENCE

Samples = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


class Counted(Emulated):
    """An emulator that counts for Prometheus."""

    def __init__(self, running: Running, clock: Clock | None = None, scenarios: tuple[str, ...] = ("default",)) -> None:
        super().__init__(running, scenarios, clock, replace(running.settings, metrics=True))

    def scrape(self, accept: str = "") -> httpx.Response:
        with loopback.Client(base_url=self.origin, timeout=PATIENCE) as client:
            return client.get("/_emulator/metrics", headers={"Accept": accept} if accept else {})

    def samples(self) -> Samples:
        """Every sample of a scrape, by its name and labels."""
        scraped = self.scrape().raise_for_status()
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in families(scraped.text)
            for sample in family.samples
        }

    def value(self, name: str, **labels: str) -> float | None:
        """The value of one series; None when there is none."""
        return self.samples().get((name, frozenset(labels.items())))


@pytest.fixture
def counted(running: Running) -> Iterator[Counted]:
    """An emulator that counts, with a frozen clock."""
    emulated = Counted(running)
    yield emulated
    emulated.close()


@pytest.fixture
def moving(running: Running) -> Iterator[Counted]:
    """An emulator that counts, whose clock runs with the system's."""
    emulated = Counted(running, Clock())
    yield emulated
    emulated.close()
