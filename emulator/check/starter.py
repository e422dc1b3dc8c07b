"""`emulator new`: writes a small scenario or API file to start from; it never overwrites one."""

from __future__ import annotations

import re
from pathlib import Path

from emulator import paths as resources
from emulator.app import load
from emulator.check.setup import modeline, schema_path
from emulator.errors import ConfigError
from emulator.language.document.reader import SUFFIXES

STARTERS = Path(__file__).with_name("starters")
# YAML reads some words as values: what is one of them is no name.
NAME = re.compile(r"(?!(?:true|false|null)$)[a-z][a-z0-9_-]{0,49}", re.IGNORECASE)
FOLDERS = {"scenario": "", "api": "apis"}  # where files of a kind stand, below the working directory


def write_starter(kind: str, name: str, folder: Path) -> list[str]:
    """Writes NAME.yaml (of `kind` `api`: apis/NAME.yaml) below a folder; returns what was done and what can be next.

    Raises ConfigError for a bad name, one that is taken, a file that exists, and what can't be written.
    """
    check_name(kind, name)
    path = folder / FOLDERS[kind] / f"{name}.yaml"
    shown = path.relative_to(folder).as_posix()
    for suffix in SUFFIXES:
        if (taken := path.with_suffix(suffix)).exists() or taken.is_symlink():
            raise ConfigError(f"{taken.relative_to(folder)} exists already, and was left as it is; choose another name")
    text = starter(kind, name, shown)
    if schema_path(kind, folder).exists():
        text = f"{modeline(kind, path, folder)}\n{text}"
    try:
        path.parent.mkdir(exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise ConfigError(f"can't write {shown}: {error.strerror}") from error
    return [f"wrote {shown}", f"next: emulator check {shown}", f"      emulator serve --scenario {shown}"]


def starter(kind: str, name: str, shown: str) -> str:
    """Returns the text of a file to start from; `shown` is its path in the commands that it mentions."""
    apis = load(("default",)).apis
    operations = [f"{api.name}/{api.file.example.operation}" for api in apis.values() if api.file.example is not None]
    parts = {"name": name, "file": shown, "api": next(iter(apis)), "operations": f"[{', '.join(operations)}]"}
    text = (STARTERS / f"{kind}.yaml").read_text(encoding="utf-8")
    return re.sub(rf"\{{({'|'.join(parts)})\}}", lambda found: parts[found[1]], text)


def check_name(kind: str, name: str) -> None:
    if kind not in FOLDERS or NAME.fullmatch(name) is None:
        raise ConfigError(
            f"{name[:100]!r} can't be a name; expected up to 50 letters (A-Z, a-z), digits, '-' and '_', beginning "
            "with a letter, without .yaml"
        )
    shipped = resources.scenarios() / FOLDERS[kind] / f"{name}.yaml"
    if shipped.exists():
        raise ConfigError(f"{name!r} comes with the emulator; choose another name")
