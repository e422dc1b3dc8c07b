"""An API made ready to be served: what is worked out once per playbook and shared by all worlds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from emulator.generate.repertoire import Repertoire
from emulator.jobs.job import Kind
from emulator.playbook import Api
from emulator.playbook.model import LatencyPlan
from emulator.store.limits import Limit
from emulator.store.usage import Seed


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
