"""An API made ready to be served: what is worked out once per playbook and shared by all worlds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from emulator.generate.text import TextSources
from emulator.jobs.job import Kind
from emulator.playbook import Api
from emulator.playbook.model import LatencyPlan
from emulator.store.limits import Limit
from emulator.store.usage import Seed


class Served(Struct, frozen=True):
    """One API: limits by tier, sources of texts by answer, kinds of job, seeds of the statistics, and the headers that
    identify a caller: (name in lower case, scheme in lower case or None, collection that knows the credential)."""

    api: Api
    latency: LatencyPlan
    credentials: Sequence[tuple[bytes, str | None, str]]
    limits: Mapping[str, tuple[Limit, ...]]
    texts: Mapping[str, TextSources]
    kinds: Mapping[str, Kind]
    statistics: Sequence[Seed]
