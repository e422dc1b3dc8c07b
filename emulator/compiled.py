"""Compiling what is served: scenario names become a playbook, and every API of it is made ready, or all complaints."""

from __future__ import annotations

from collections.abc import Mapping

from emulator import resources
from emulator.scenario import loading, promised
from emulator.scenario.compile.api import Tables
from emulator.scenario.expression import Language
from emulator.scenario.playbook import Playbook
from emulator.serving.fault import FAULTS
from emulator.serving.prepare import prepare
from emulator.serving.served import Served


def compile_scenarios(
    names: tuple[str, ...], documented_only: bool, language: Language
) -> tuple[Playbook, Mapping[str, Served]]:
    """The playbook of these scenarios, ready to be served. Raises DocumentError with every complaint."""
    tables = Tables(FAULTS, resources.fixtures())
    loader = loading.Loader(resources.scenarios(), tables, language)
    playbook = loader.draft(names)
    if documented_only:
        playbook = promised.documented_only(playbook)
    served = loader.complaints.attempt(prepare, playbook, language)
    loader.complaints.raise_any()
    return playbook, served
