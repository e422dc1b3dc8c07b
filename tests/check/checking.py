"""Checks what a test writes, and compares what is found with its marks."""

from __future__ import annotations

from collections.abc import Iterable

from emulator.app import LANGUAGE
from emulator.check.lint import Loaded
from emulator.compile.loader import Loader
from emulator.errors import Diagnostic
from tests.library import STORY, Library, marks


def loaded(library: Library, api: str, story: str = STORY) -> Loaded:
    """A scenario and an API, compiled; their marks « are left out."""
    library.write("apis/demo.yaml", api)
    library.write("story.yaml", story)
    loader = Loader(library.folder, library.fixtures, LANGUAGE)
    playbook = loader.load(("story",))
    return Loaded(playbook, tuple(loader.rules), loader.changes, tuple(loader.documents), tuple(loader.answers))


def messages(library: Library, found: Iterable[Diagnostic], api: str, story: str = STORY) -> list[str]:
    """The messages, after checking that they stand at the marks, and no others."""
    diagnostics = sorted(set(found))
    texts = {"apis/demo.yaml": api, "story.yaml": story}
    marked = sorted(place for name, text in texts.items() for place in marks(library.folder / name, text))
    assert [each.place for each in diagnostics] == marked, "\n".join(map(str, diagnostics))
    return [each.message for each in diagnostics]
