"""The route of the metrics: in which format, and what it says when nothing is counted or a package is missing."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import httpx
import pytest
from msgspec.structs import replace

from emulator.app import Application
from emulator.clock.world_clock import manual
from emulator.errors import ConfigError
from emulator.settings.options import Settings
from tests.running import Emulated, loaded

PLAIN = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
INSTALL = "pip install prometheus-client"


@pytest.fixture
def counting(emulator: Emulated) -> Iterator[Emulated]:
    """An emulator that counts, in the place of the other one."""
    running = emulator.running
    emulated = Emulated(running, ("default",), settings=replace(running.settings, metrics=True))
    yield emulated
    emulated.close()


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", PLAIN),
        ("*/*", PLAIN),
        ("application/openmetrics-text", OPENMETRICS),
        # As Prometheus 3 sends it.
        (
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;"
            "version=0.0.1;q=0.5,text/plain;version=1.0.0;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            OPENMETRICS,
        ),
        ("text/plain, application/openmetrics-text;q=0.1", PLAIN),
        ("application/openmetrics-text;version=nonsense", OPENMETRICS),
    ],
)
@pytest.mark.usefixtures("counting")
def test_the_client_chooses_the_format(control: httpx.Client, accept: str, media_type: str) -> None:
    response = control.get("/metrics", headers={"Accept": accept})
    assert response.status_code == 200
    assert response.headers["content-type"] == media_type
    assert response.text.endswith("# EOF\n") == (media_type == OPENMETRICS)


@pytest.mark.usefixtures("counting")
def test_the_metrics_are_those_of_the_whole_server(control: httpx.Client) -> None:
    assert control.get("/metrics", headers={"X-Emulator-World": "nowhere"}).status_code == 200
    assert control.head("/metrics").headers["content-type"] == PLAIN


def test_without_the_option_nothing_is_counted_and_the_error_names_it(control: httpx.Client) -> None:
    response = control.get("/metrics")
    assert response.status_code == 409
    assert response.json()["error"] == {
        "message": "nothing is counted",
        "hint": "start the server with --metrics, or with EMULATOR_METRICS=1",
    }


def test_without_the_package_the_error_says_how_to_install_it(
    control: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    response = control.get("/metrics")
    assert response.status_code == 501
    assert response.json()["error"] == {"message": "metrics need the package prometheus-client", "hint": INSTALL}


def test_a_server_that_should_count_does_not_start_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(ConfigError) as refused:
        Application(Settings(metrics=True), manual(), loaded("default"))
    assert str(refused.value) == f"metrics need the package prometheus-client: {INSTALL}"
