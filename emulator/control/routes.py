"""STEER: everything that is answered under /_emulator, put together as one table."""

from __future__ import annotations

from starlette.types import ASGIApp

from emulator.control import about as apis
from emulator.control import about as health
from emulator.control import about as metrics
from emulator.control import about as operations
from emulator.control import (
    answers,
    clock,
    exchanges,
    faults,
    jobs,
    keys,
    openapi,
    records,
    scenarios,
    webhooks,
    worlds,
)
from emulator.control import keys as limits
from emulator.control import landing as start
from emulator.control import reports as blocked_calls
from emulator.control import reports as coverage
from emulator.control import reports as expectations
from emulator.control import reports as summary
from emulator.control import reports as verdict
from emulator.control import worlds as reset
from emulator.control.app import Control
from emulator.control.mcp import endpoint as mcp
from emulator.control.route import ControlledApp, ControlRoute
from emulator.control.ui.inspector import Inspector

TABLE: tuple[ControlRoute, ...] = (
    *start.ROUTES,
    *health.HEALTH_ROUTES,
    *metrics.METRICS_ROUTES,
    *openapi.ROUTES,
    *apis.API_ROUTES,
    *operations.OPERATION_ROUTES,
    *scenarios.ROUTES,
    *faults.ROUTES,
    *answers.ROUTES,
    *clock.ROUTES,
    *worlds.WORLD_ROUTES,
    *jobs.ROUTES,
    *records.ROUTES,
    *exchanges.ROUTES,
    *expectations.EXPECTATION_ROUTES,
    *coverage.COVERAGE_ROUTES,
    *webhooks.ROUTES,
    *keys.KEY_ROUTES,
    *limits.LIMIT_ROUTES,
    *reset.RESET_ROUTES,
    *verdict.VERDICT_ROUTES,
    *blocked_calls.BLOCKED_CALL_ROUTES,
    *summary.SUMMARY_ROUTES,
    *mcp.ROUTES,
)


def routed(server: ControlledApp) -> ASGIApp:
    """The control API of an application, and the page that shows it."""
    return Inspector(Control(server, TABLE))
