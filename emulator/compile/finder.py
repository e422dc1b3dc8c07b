"""Following: names and paths of scenarios become checked files, each before those that it extends."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct, field

from emulator.errors import Diagnostic, DocumentError, Location
from emulator.language.document.diagnostics import Diagnostics, closest, did_you_mean
from emulator.language.document.reader import SUFFIXES, Document, read
from emulator.language.schema.scenario import ScenarioFile
from emulator.language.schema.validate import Partial, validate_partly

SUMS = "SHA256SUMS"  # in a folder of checked files, as `sha256sum *.yaml` writes it


class ScenarioSource(Struct, frozen=True):
    """A scenario file, checked; or an API file, which stands for the scenario that serves that API alone."""

    path: Path
    document: Document
    file: ScenarioFile
    is_api: bool = False


class ScenarioFinder(Struct):
    """Finds scenarios in `folder` or at paths of their own, and reads each once; `diagnostics` gets what is wrong."""

    folder: Path
    diagnostics: Diagnostics
    documents: dict[Path, Document | None] = field(default_factory=dict)
    links: dict[Path, None] = field(default_factory=dict)
    partial: list[Partial] = field(default_factory=list)  # what could be used of files that are partly wrong

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file that was looked into, wrong ones included, and the links that led to them."""
        return (*self.documents, *self.links)

    def sources(self, names: Sequence[str]) -> list[ScenarioSource]:
        """These scenarios and all that they extend. An earlier one goes before a later one, and what is extended comes
        after everything that extends it."""
        ordered: list[ScenarioSource] = []
        for name in names:
            with self.diagnostics.catching():
                self._follow(self.find(name), ordered, ())
        last = {source.path: at for at, source in enumerate(ordered)}
        return [ordered[at] for at in sorted(last.values())]

    def find(self, name: str) -> Path:
        """The file of a scenario: a path, or a name in the folder. Raises DocumentError."""
        path = Path(name)
        if path.suffix in SUFFIXES:
            if path.is_file():
                return path
            raise DocumentError([Diagnostic(Location(name), self._no_file(path, name))])
        found = self._named(name, self.folder)
        if found is None:
            own = self._named(name, Path())
            hint = f"did you mean the file {str(own)!r}?" if own else did_you_mean(name, self._known(self.folder))
            raise DocumentError([Diagnostic(Location(name), f"no scenario {name!r}; {hint}")])
        return found

    def _follow(self, path: Path, ordered: list[ScenarioSource], chain: tuple[Path, ...]) -> None:
        """Appends this scenario, then what it extends, which is checked even if this one is invalid and left out."""
        path, link = path.resolve(), path.absolute()
        if link != path:
            self.links[link] = None
        if path not in self.documents:
            self.documents[path] = self.diagnostics.attempt(read, path, self.diagnostics.found)
        document = self.documents[path]
        if document is None:
            return
        if isinstance(document.data, dict) and "api" in document.data and "scenario" not in document.data:
            alone = ScenarioFile.model_construct(scenario=path.stem, about="One API.", apis={path.stem: None})
            ordered.append(ScenarioSource(path, document, alone, is_api=True))
            return
        with self.diagnostics.catching():
            part = validate_partly(document, ScenarioFile)
            self.partial.append(part)
            self.diagnostics.found.extend(part.wrong)
            ordered.append(ScenarioSource(path, part.document, part.file))
        extended = document.data.get("extends") if isinstance(document.data, dict) else None
        if isinstance(extended, str):
            chain = (*chain, path)
            found = self.diagnostics.attempt(self._extended, extended, document, chain) or self._meant(extended)
            if found is not None and found.resolve() not in chain:
                self._follow(found, ordered, chain)

    def _meant(self, name: str) -> Path | None:
        """The scenario that an unknown name is nearest to, by which the rest can be checked; else `default`."""
        return self._named(closest(name, dict.fromkeys(self._known(self.folder))) or "default", self.folder)

    def _extended(self, name: str, document: Document, chain: tuple[Path, ...]) -> Path:
        """A path from the file's own folder, a scenario that comes with the emulator, or one beside the file."""
        beside, place = chain[-1].parent, document.place(("extends",))
        if Path(name).suffix in SUFFIXES:
            found = beside / name if (beside / name).is_file() else None
        else:
            found = self._named(name, self.folder) or self._named(name, beside)
        if found is None:
            if Path(name).suffix in SUFFIXES:
                raise DocumentError([Diagnostic(place, f"{name}: {self._no_file(beside / name, name)}")])
            known = dict.fromkeys([*self._known(self.folder), *self._known(beside)])
            raise DocumentError([Diagnostic(place, f"no scenario {name!r}; {did_you_mean(name, known)}")])
        if found.resolve() in chain:
            raise DocumentError([Diagnostic(place, "a scenario can't extend itself, not even through others")])
        return found

    def _no_file(self, path: Path, name: str) -> str:
        """Why there is nothing to read at a path, with the nearest file beside it, spelt as `name` is."""
        if path.is_symlink() and not path.exists():
            return f"this link leads to {str(path.readlink())!r}, which does not exist"
        if path.exists():
            return "expected a file; found a folder" if path.is_dir() else "expected a file; found a device or a socket"
        near = closest(path.name, [name for name in self._known(path.parent, whole=True) if name != path.name])
        return f"no such file; did you mean {str(Path(name).with_name(near))!r}?" if near else "no such file"

    def _named(self, name: str, folder: Path) -> Path | None:
        candidates = (folder / f"{name}{suffix}" for suffix in SUFFIXES if Path(name).name == name)
        return next((each for each in candidates if each.is_file()), None)

    def _known(self, folder: Path, whole: bool = False) -> list[str]:
        files = sorted(file for suffix in SUFFIXES for file in folder.glob(f"*{suffix}"))
        return [file.name if whole else file.stem for file in files]


def checked_files(folder: Path) -> frozenset[str]:
    """Returns the SHA-256 digests of the files that were checked; none if the list is missing or can't be read.

    A file that was changed has another digest, so it is checked whole whenever it is loaded.
    """
    try:
        lines = (folder / SUMS).read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return frozenset()
    return frozenset(line.partition(" ")[0] for line in lines)
