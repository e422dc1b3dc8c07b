"""Every metric: its name, type, help text and labels, as data. docs/metrics.md is made from it.

A label has few values, whatever clients send: see `Tally`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from msgspec import Struct

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
UNKNOWN = "unknown"  # where no operation is known
NO_STATUS = "none"
API = "The API, as in `GET /_emulator/apis`."
OPERATION = "The operation, as in `GET /_emulator/operations`."
OR_UNKNOWN = f" `{UNKNOWN}`: nothing is served at the path, or the client disconnected too early."


class Kind(Enum):
    """The type of a metric, as Prometheus names it."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Metric(Struct, frozen=True, eq=False):
    """One metric: `labels` maps the name of each label to its meaning, `bounds` are those of a histogram's buckets.

    `shared`: each worker of one store sees the same value, so that it is not summed.
    """

    name: str
    kind: Kind
    about: str
    labels: Mapping[str, str] = {}
    bounds: tuple[float, ...] = ()
    shared: bool = False

    @property
    def unit(self) -> str:
        """The unit, with which the name ends; empty for a number of things."""
        return next((unit for unit in ("seconds", "bytes") if self.name.endswith(f"_{unit}")), "")

    @property
    def series(self) -> tuple[str, ...]:
        """The names that a query may use."""
        return tuple(self.name + suffix for suffix in (("_bucket", "_count", "_sum") if self.bounds else ("",)))


REQUESTS = Metric(
    "emulator_requests_total",
    Kind.COUNTER,
    "Requests to the APIs that have ended.",
    {
        "api": API + OR_UNKNOWN,
        "operation": OPERATION + OR_UNKNOWN,
        "status": f"The class of the status: `2xx`, `4xx`, `5xx` …, or `{NO_STATUS}` without a response.",
    },
)
INTERRUPTED = Metric(
    "emulator_interrupted_requests_total",
    Kind.COUNTER,
    "Requests whose response was not delivered whole.",
    {
        "api": API + OR_UNKNOWN,
        "outcome": "`left` (the client disconnected), `cut` (a fault ended it) or `stopped` (the server did).",
    },
)
DURATION = Metric(
    "emulator_request_duration_seconds",
    Kind.HISTOGRAM,
    "Real time from the arrival of a request to the end of its response.",
    {"api": API + OR_UNKNOWN, "operation": OPERATION + OR_UNKNOWN},
    SECONDS,
)
FIRST_EVENT = Metric(
    "emulator_time_to_first_event_seconds",
    Kind.HISTOGRAM,
    "Time from the arrival of a request to the first event of its stream, in worlds whose clock runs at real speed.",
    {"api": API, "operation": OPERATION},
    SECONDS,
)
OPEN_STREAMS = Metric(
    "emulator_open_streams",
    Kind.GAUGE,
    "Streams that are being delivered now.",
    {"api": API},
)
FAULTS = Metric(
    "emulator_faults_total",
    Kind.COUNTER,
    "Requests that a fault played on, or on the job, the token or the webhook that they began.",
    {"fault": "The name of the fault, as in `GET /_emulator/faults`."},
)
REFUSALS = Metric(
    "emulator_refusals_total",
    Kind.COUNTER,
    "Requests that a limit or a budget refused.",
    {"api": API, "counter": "The counter of the tier or the key that refused, such as `requests` or `tokens`."},
)
WEBHOOKS = Metric(
    "emulator_webhook_attempts_total",
    Kind.COUNTER,
    "Attempts to deliver a webhook.",
    {
        "outcome": "`delivered` (the receiver said 2xx), `rejected` (another status), `unanswered` (none came) or "
        "`not_sent` (dropped by a fault, to an address that is not allowed, or one too many).",
    },
)
WORLDS = Metric("emulator_worlds", Kind.GAUGE, "Worlds, the default one included.", shared=True)
JOURNAL_EXCHANGES = Metric(
    "emulator_journal_exchanges", Kind.GAUGE, "Exchanges that the journals of all worlds hold.", shared=True
)
JOURNAL_BYTES = Metric("emulator_journal_bytes", Kind.GAUGE, "Size of those exchanges.", shared=True)
STORE_RECORDS = Metric(
    "emulator_store_records",
    Kind.GAUGE,
    "Records that the stores of all worlds hold, such as jobs, tokens and sessions.",
    shared=True,
)
STORE_BYTES = Metric("emulator_store_bytes", Kind.GAUGE, "Size of those records as JSON.", shared=True)
BUILD = Metric(
    "emulator_build_info",
    Kind.GAUGE,
    "Always 1; the labels say what is running.",
    {
        "version": "The version of the emulator.",
        "python": "The version of Python.",
        "store": "Where the state is: `memory` or `redis`.",
    },
    shared=True,
)

METRICS = (
    REQUESTS,
    INTERRUPTED,
    DURATION,
    FIRST_EVENT,
    OPEN_STREAMS,
    FAULTS,
    REFUSALS,
    WEBHOOKS,
    WORLDS,
    JOURNAL_EXCHANGES,
    JOURNAL_BYTES,
    STORE_RECORDS,
    STORE_BYTES,
    BUILD,
)
