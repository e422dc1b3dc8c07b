"""STEER: everything that is answered under /_emulator, put together as one table."""

from __future__ import annotations

from starlette.types import ASGIApp

from emulator.control import (
    apis,
    clock,
    departures,
    exchanges,
    faults,
    health,
    jobs,
    keys,
    limits,
    openapi,
    operations,
    reset,
    scenarios,
    start,
    summary,
    verdict,
    webhooks,
    worlds,
)
from emulator.control.answer import Control
from emulator.control.entry import Entry, Steered

TABLE: tuple[Entry, ...] = (
    *start.ROUTES,
    *health.ROUTES,
    *openapi.ROUTES,
    *apis.ROUTES,
    *operations.ROUTES,
    *scenarios.ROUTES,
    *faults.ROUTES,
    *clock.ROUTES,
    *worlds.ROUTES,
    *jobs.ROUTES,
    *exchanges.ROUTES,
    *webhooks.ROUTES,
    *keys.ROUTES,
    *limits.ROUTES,
    *reset.ROUTES,
    *verdict.ROUTES,
    *departures.ROUTES,
    *summary.ROUTES,
)


def routed(server: Steered) -> ASGIApp:
    """The control API of an application."""
    return Control(server, TABLE)
