"""What compiling any part of a document needs: the document, the language, and where complaints go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.errors import Place
from emulator.scenario.compile.complaints import Complaints
from emulator.scenario.document import Document
from emulator.scenario.duration import Duration, parse_duration
from emulator.scenario.expression import Language
from emulator.scenario.match import WhenCompiler
from emulator.scenario.plans import Headers, Maker
from emulator.scenario.template import Template, compile_tree

Path = tuple[str | int, ...]


class Compiler:
    """What compiling a part of one document needs: the document, the language, and where complaints go."""

    def __init__(self, document: Document, language: Language, complaints: Complaints) -> None:
        self.document = document
        self.language = language
        self.complaints = complaints
        self.when = WhenCompiler(language, document.place)

    def place(self, path: Path) -> Place:
        return self.document.place(path)

    def tree(self, tree: Any, path: Path) -> Template:
        return compile_tree(tree, self.language, self.document.place, path)

    def duration(self, text: str, path: Path) -> Duration:
        """A duration; a wrong one is complained of and counts as none."""
        return self.complaints.attempt(parse_duration, text, self.place(path)) or Duration(0.0)

    def optional(self, tree: Any, path: Path) -> Template | None:
        return None if tree is None else self.complaints.attempt(self.tree, tree, path)

    def trees(self, trees: Mapping[str, Any], path: Path) -> dict[str, Template]:
        compiled = {name: self.complaints.attempt(self.tree, tree, (*path, name)) for name, tree in trees.items()}
        return {name: template for name, template in compiled.items() if template is not None}

    def makers(self, lets: Mapping[str, Any], path: Path) -> dict[str, Maker]:
        """Lazy names: each is computed when a template first asks for it."""
        return {name: template.maybe for name, template in self.trees(lets, path).items()}

    def headers(self, *groups: tuple[Mapping[str, Any], Path, Compiler]) -> Headers:
        """Header lines of several groups; a later group replaces an earlier one's line of the same name."""
        templates: dict[str, tuple[str, Template]] = {}
        for lines, path, compiler in groups:
            for name, template in compiler.trees(lines, path).items():
                templates[name.lower()] = (name, template)
        fixed, computed = [], []
        for name, template in templates.values():
            if template.constant:
                value = template.maybe({})
                if value is not None:
                    fixed.append((name.encode("latin-1"), str(value).encode("latin-1")))
            else:
                computed.append((name.encode("latin-1"), template))
        return Headers(tuple(fixed), tuple(computed))


Group = tuple[Mapping[str, Any], Path, Compiler]
