"""An API made ready to be served: what is worked out once per playbook and shared by all worlds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from emulator.scenario.plans import LatencyPlan
from emulator.scenario.playbook import Api
from emulator.serving.job import Kind
from emulator.serving.limit import Limit
from emulator.serving.repertoire import Repertoire
from emulator.serving.usage import Seed


class Served(Struct, frozen=True):
    """One API: limits by tier, canned replies by answer, kinds of job, seeds of the statistics, and the headers that
    identify a caller: (name in lower case, scheme in lower case or None, collection that knows the credential)."""

    api: Api
    latency: LatencyPlan
    credentials: Sequence[tuple[bytes, str | None, str]]
    limits: Mapping[str, tuple[Limit, ...]]
    canned: Mapping[str, Repertoire]
    kinds: Mapping[str, Kind]
    statistics: Sequence[Seed]
