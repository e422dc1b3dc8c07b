"""Changes: what scenarios change of one API, laid over each other, each change knowing where it stands."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field

from emulator.errors import Location
from emulator.language.document.reader import Document
from emulator.language.schema.api import CollectionModel, ErrorKindChangeModel, ErrorsChangeModel, TierModel
from emulator.language.schema.scenario import OverrideModel

Path = tuple[str | int, ...]
Source = tuple[Document, Path]
_LISTS = ("collections", "canned")  # by name, lists to which scenarios add


class Overrides(Struct):
    """The changes of one API; `override` is their sum. A later `lay` goes over the earlier ones."""

    api: str
    override: OverrideModel = field(default_factory=OverrideModel)
    _sources: dict[Path, Source] = field(default_factory=dict)

    def lay(self, override: OverrideModel | None, document: Document) -> None:
        """Lay the changes of one more scenario over those so far: name by name, within a kind of job state by state,
        within a tier limit by limit. Records and files of canned replies are added to those so far."""
        if override is None:
            return
        changes: dict[str, Any] = {}
        for name in override.model_fields_set:
            value, under = getattr(override, name), getattr(self.override, name)
            self._note((name,), value, (document, ("apis", self.api, name)))
            if name == "jobs":
                value = {kind: {**under.get(kind, {}), **states} for kind, states in value.items()}
            elif name == "tiers":
                value = {each: tier.over(under.get(each)) for each, tier in value.items()}
            elif name == "errors" and under is not None:
                value = value.over(under)
            elif name in _LISTS:
                value = {each: _added(under.get(each), more) for each, more in value.items()}
            changes[name] = {**under, **value} if isinstance(value, dict) else value
        self.override = self.override.model_copy(update=changes)

    def source(self, path: Path) -> Source | None:
        """The document that made this change, and where in it; None when no scenario did."""
        return self._sources.get(path)

    def place(self, path: Path) -> Location | None:
        """Where the change of this field, name or part of it stands; None when no scenario made it."""
        source = self.source(path)
        return source[0].place(source[1]) if source is not None else None

    def _note(self, path: Path, value: Any, source: Source) -> None:
        """Remember where a value and what it is made of stand; what is added is numbered after what was there."""
        document, where = source
        self._sources[path] = source
        if isinstance(value, ErrorsChangeModel | ErrorKindChangeModel):
            value = {each: getattr(value, each) for each in value.model_fields_set}
        if isinstance(value, dict) and (len(path) < 3 or path[0] in ("tiers", "errors")):
            for key, part in value.items():
                self._note((*path, key), part, (document, (*where, key)))
        elif isinstance(value, TierModel):
            for part in ("limits", "budget"):
                names = dict.fromkeys(getattr(value, part))
                self._note((*path, part), names, (document, (*where, part)))
        elif isinstance(value, list) and path[0] in _LISTS:
            earlier = getattr(self.override, path[0]).get(path[-1], ())
            before = 0 if isinstance(earlier, CollectionModel) else len(earlier)
            for at, part in enumerate(value):
                self._note((*path, before + at), part, (document, (*where, at)))


def _added(under: Any, more: Any) -> Any:
    """A list added to another; a new collection that one scenario brings takes the records of another."""
    if isinstance(more, CollectionModel):
        return more
    if isinstance(under, CollectionModel):
        return under.model_copy(update={"records": [*under.records, *more]})
    return [*(under or ()), *more]
