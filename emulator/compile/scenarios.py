"""Compiling what is served: scenario names become a playbook, and every API of it is made ready, or all complaints."""

from __future__ import annotations

from collections.abc import Mapping

from emulator import paths as resources
from emulator.compile import lint as promised
from emulator.compile import loader as loading
from emulator.compile.api import Tables
from emulator.compile.prepare import prepare
from emulator.faults import FAULTS
from emulator.language.expressions import Language
from emulator.playbook import Playbook
from emulator.playbook.service import Served


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
