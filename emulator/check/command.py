"""`emulator check`: loads each scenario by itself, reads it for what would bite later, and plays every operation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from emulator import paths as resources
from emulator.app import LANGUAGE
from emulator.check.lint import Loaded, lint
from emulator.check.play import play as play_operations
from emulator.check.reach import hidden_answers, unreachable
from emulator.compile.loader import Loader
from emulator.errors import ConfigError, Diagnostic
from emulator.language.document.reader import SUFFIXES


def check_scenarios(paths: Sequence[str], play: bool = True) -> tuple[list[Diagnostic], int]:
    """Checks each scenario by itself; returns every error, and how many scenarios were checked.

    A path may also be an API file, or a folder of either; without any, all that come with the emulator are checked.
    Operations are played unless `play` is false, and only if nothing else is wrong.
    """
    names = [name for path in paths for name in _inside(path)]
    if not paths:
        names = sorted(file.stem for file in resources.scenarios().glob("*.yaml"))
    diagnostics: dict[Diagnostic, None] = {}
    for name in names:
        diagnostics.update(dict.fromkeys(check_scenario(name, play)))
    return sorted(diagnostics), len(names)


def check_scenario(name: str, play: bool = True) -> list[Diagnostic]:
    """Checks one scenario; returns every error, sorted by place."""
    loader = Loader(resources.scenarios(), resources.fixtures(), LANGUAGE)
    playbook = loader.load_partly((name,))
    wrong = loader.diagnostics.found
    loaded = Loaded(playbook, tuple(loader.rules), loader.changes, tuple(loader.documents), tuple(loader.answers))
    found = [*wrong, *lint(loaded)]
    if not wrong:  # a condition that is wrong matches nothing yet, so nothing can be said of what it hides
        found += [*unreachable(loaded), *hidden_answers(loaded)]
    return sorted({*found, *(play_operations(playbook) if play and not found else ())})


def _inside(path: str) -> list[str]:
    """Returns the scenario files of a folder and of its `apis/`; any other path is returned unchanged."""
    folder = Path(path)
    if not folder.is_dir():
        return [path]
    patterns = [f"{below}*{suffix}" for below in ("", "apis/") for suffix in SUFFIXES]
    found = sorted(str(file) for pattern in patterns for file in folder.glob(pattern))
    if not found:
        raise ConfigError(f"{path}: no scenarios in this folder; expected files such as retry.yaml")
    return found
