"""`emulator import`: reads an OpenAPI document, and writes an API file that `emulator check` finds nothing in."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from emulator.atomic import replace_file
from emulator.check.command import check_scenario
from emulator.check.setup import modeline, schema_path
from emulator.check.starter import check_name
from emulator.errors import ConfigError, Diagnostic
from emulator.importer.document import Importer, is_openapi
from emulator.importer.part import Findings, Part
from emulator.importer.sources import Sources
from emulator.importer.writing import yaml_text
from emulator.language.document.reader import SUFFIXES

_GENERAL = ("api", "index", "latest", "openapi", "root", "spec", "swagger")  # names of files that name no API
MAX_NAME = 40
_COMMENT = re.compile(r"  # (\S.*:\d+)")
_SHOWN = 100  # characters of a line


def import_openapi(source: Path, out: Path | None, name: str | None, force: bool) -> tuple[list[str], list[Diagnostic]]:
    """Writes the API file; returns what was done, a line each, and notes of what was left out.

    Raises DocumentError with every reason why the document can't be imported, ConfigError for an invalid name or file.
    """
    findings = Findings()
    sources = Sources(source, findings)
    root = sources.root
    findings.problems.raise_any()
    assert root is not None
    chosen = name or (out.stem if out is not None else _name_of(root, source))
    path = out or Path("apis", f"{chosen}.yaml")
    _require(path, chosen, force)
    if not is_openapi(root):
        findings.problems.raise_any()
    importer = Importer(root, sources, chosen)
    tree = importer.tree()
    findings.problems.raise_any()
    text = _head(root, source, path) + yaml_text(tree)
    _check(text, chosen, source)
    _write(path, text)
    count = importer.operations
    done = [f"wrote {path}: {count} operation{'' if count == 1 else 's'}"]
    return [*done, f"next: emulator serve --scenario {path}"], findings.notes()


def _head(root: Part, source: Path, path: Path) -> str:
    folder = Path.cwd()
    lines = [modeline("api", path.absolute(), folder)] if schema_path("api", folder).exists() else []
    lines += [
        f"# Imported from {source.name} by `emulator import`, and yours to edit: nothing reads that file again.",
        f"#   emulator check {path}               names every mistake by line and column",
        f"#   emulator serve --scenario {path}    serves this API alone",
    ]
    return "".join(f"{line}\n" for line in lines)


def _name_of(root: Part, source: Path) -> str:
    """Returns a name for the API: that of its file or, where that says nothing, its title."""
    stem = source.name.partition(".")[0]
    info = root.get("info") if stem.lower() in _GENERAL else None
    title = "" if info is None else info.text("title")
    words = re.findall(r"[A-Za-z0-9]+", title or stem)
    name = re.sub(r"^[^a-z]+", "", "-".join(words).lower())[:MAX_NAME].strip("-")
    return name or "imported"


def _require(path: Path, name: str, force: bool) -> None:
    check_name("api", name)
    if path.suffix not in SUFFIXES:
        raise ConfigError(f"--out is {str(path)!r}; expected an API file such as {name}.yaml")
    if path.stem != name:
        raise ConfigError(f"--out is {str(path)!r}, but the API is called {name!r}; expected {name}.yaml")
    if path.exists() and not force:
        raise ConfigError(f"{path} exists already, and was left as it is; --force overwrites it")


def _check(text: str, name: str, source: Path) -> None:
    """Raises ConfigError if `emulator check` would find something in what was made."""
    with TemporaryDirectory() as folder:
        path = Path(folder, f"{name}.yaml")
        path.write_text(text, encoding="utf-8")
        found = check_scenario(str(path))
    if found:
        lines = text.splitlines()
        said = "".join(f"\n  {_origin(lines, each.place.line, source)}: {each.message}" for each in found)
        raise ConfigError(f"{source}: what was made of it is no API file, so nothing was written:{said}")


def _origin(lines: list[str], line: int, source: Path) -> str:
    """Returns what a line of the file was made of, as the comment above its operation says, and the line itself."""
    shown = f"`{lines[line - 1].strip()[:_SHOWN]}`"
    for each in reversed(lines[:line]):
        comment = _COMMENT.fullmatch(each)
        if comment is not None:
            return f"{source.parent / comment[1]}, in {shown}"
        if each and not each.startswith(" "):
            break
    return shown


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, text.encode(), mode=0o666)
    except OSError as error:
        raise ConfigError(f"can't write {path}: {error.strerror}") from error
