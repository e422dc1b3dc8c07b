"""Nothing found on disk is executed: no module unpickles, and YAML can't name Python objects."""

from __future__ import annotations

import ast
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import emulator
from emulator.errors import DocumentError
from emulator.language.document.reader import read

PACKAGE = Path(emulator.__file__).parent
EXECUTING = {"dill", "joblib", "marshal", "pickle", "runpy", "shelve", "cloudpickle"}


class Planted:
    """When it is unpickled, it makes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.folder),)


@pytest.mark.finding("I4")
def test_no_module_imports_what_executes_files() -> None:
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text()
        for node in ast.walk(ast.parse(text)) if any(each in text for each in EXECUTING) else ():
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert EXECUTING.isdisjoint(name.partition(".")[0] for name in names), path


@pytest.mark.finding("I4")
@pytest.mark.parametrize("tag", ["!!python/object/apply:os.mkdir", "!!python/name:os.mkdir", "!thing"])
def test_yaml_names_no_python_objects(tmp_path: Path, tag: str) -> None:
    file = tmp_path / "story.yaml"
    file.write_text(f"scenario: {tag} [{tmp_path / 'made'}]\n")
    with pytest.raises(DocumentError):
        read(file)
    assert not (tmp_path / "made").exists()


@pytest.mark.slow
@pytest.mark.finding("I4")
def test_a_cache_of_an_earlier_version_is_left_alone(tmp_path: Path) -> None:
    folder, made = tmp_path / ".cache" / "ai-api-emulator", tmp_path / "made"
    folder.mkdir(parents=True)
    planted = pickle.dumps(Planted(made))
    for name in ("playbook.pickle", "default.pickle", "default"):
        (folder / name).write_bytes(planted)
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / ".cache")}
    environment["EMULATOR_CACHE"] = str(folder)
    command = [sys.executable, "-m", "emulator", "check", "default"]
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=120)
    assert not made.exists()
    assert sorted(path.name for path in folder.iterdir()) == ["default", "default.pickle", "playbook.pickle"]
