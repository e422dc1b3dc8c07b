"""`emulator check`: loads each scenario by itself, reads it for what would bite later, and plays every operation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from emulator import paths as resources
from emulator.app import LANGUAGE, build
from emulator.check.lint import Loaded, lint
from emulator.check.play import play as play_operations
from emulator.check.reach import hidden_answers, unreachable
from emulator.check.unmeetable import unmeetable
from emulator.compile.loader import Loader
from emulator.errors import ConfigError, Diagnostic, DocumentError, Location
from emulator.language.document.reader import SUFFIXES
from emulator.project import NAMES as PROJECT_FILES
from emulator.project import PYPROJECT, project_file, read_project
from emulator.settings.options import load_settings
from emulator.state_file import read_state


def check_scenarios(paths: Sequence[str], play: bool = True) -> tuple[list[Diagnostic], int]:
    """Checks each scenario by itself; returns every error, and how many scenarios were checked.

    A path may also be an API file, a project file with its scenarios, or a folder of them; without any, the project
    file of the working folder is checked or, when there is none, all that come with the emulator.
    Operations are played unless `play` is false, and only if everything can be compiled.
    """
    names = [name for path in paths for name in _inside(path)]
    projects = [path for path in names if Path(path).name in (*PROJECT_FILES, PYPROJECT)]
    if not paths and (project := project_file(Path.cwd())) is not None:
        projects = [project]
    elif not paths:
        names = sorted(file.stem for file in resources.scenarios().glob("*.yaml"))
    names = [name for name in names if name not in projects]
    diagnostics: dict[Diagnostic, None] = {}
    for path in projects:
        found, played = check_project(Path(path).parent)
        diagnostics.update(dict.fromkeys(found))
        names += [name for name in played if name not in names]
    for name in names:
        diagnostics.update(dict.fromkeys(check_scenario(name, play)))
    return sorted(diagnostics), len(names)


def check_project(folder: Path) -> tuple[list[Diagnostic], tuple[str, ...]]:
    """Checks the project file of a folder; returns every error, and the scenarios that it names.

    Raises ConfigError when there are two project files.
    """
    try:
        project = read_project(folder)
    except DocumentError as error:
        return list(error.diagnostics), ()
    chosen, found = load_settings({}, {}, project.values), list[Diagnostic]()
    if chosen.state:
        try:
            read_state(chosen.state)
        except ConfigError as error:
            found.append(Diagnostic(project.place("state"), str(error)))
    if chosen.keys:
        try:
            build(replace(chosen, state=""))
        except DocumentError:  # that of a scenario, which is checked by itself
            pass
        except ConfigError as error:
            found.append(Diagnostic(project.place("keys"), str(error)))
    return found, project.values.get("scenarios", ())


def check_scenario(name: str, play: bool = True) -> list[Diagnostic]:
    """Checks one scenario; returns every error, sorted by place."""
    loader = Loader(resources.scenarios(), resources.fixtures(), LANGUAGE)
    playbook = loader.load_partly((name,))
    wrong = loader.diagnostics.found
    loaded = Loaded(playbook, tuple(loader.rules), loader.changes, tuple(loader.documents), tuple(loader.answers))
    found = [*wrong, *lint(loaded), *unreachable(loaded, wrong), *hidden_answers(loaded)]
    if not wrong:  # what was left out may meet what is expected, and can't be played
        found += unmeetable(playbook)
        found += _unheard(play_operations(playbook), found) if play else []
    return sorted({*found})


def _unheard(played: Sequence[Diagnostic], found: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Returns what went wrong in playing, without what only follows from something that was found by reading."""
    places, messages = {each.place for each in found}, "\n".join(each.message for each in found)
    return [each for each in played if each.place not in places and not _names(messages, each.place)]


def _names(text: str, place: Location) -> bool:
    """Whether a text names exactly this place: `a.yaml:3:1` is no part of `a.yaml:3:12`."""
    return re.search(rf"(?<![\w./\\-]){re.escape(str(place))}(?!:?\d)", text) is not None


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
