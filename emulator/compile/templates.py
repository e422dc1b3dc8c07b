"""What compiling any part of a document needs: the document, the language, and where diagnostics go."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from emulator.compile.when import WhenCompiler
from emulator.errors import Location
from emulator.language.document.diagnostics import Diagnostics
from emulator.language.document.durations import Duration, parse_duration
from emulator.language.document.reader import Document
from emulator.language.expressions import Language
from emulator.language.expressions.template import Template, compile_tree
from emulator.playbook.headers import ADDED, Headers

Path = tuple[str | int, ...]
FRAMING = ("connection", "content-length", "keep-alive", "transfer-encoding", "upgrade")  # RFC 9112 section 6, RFC 9110
TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


class Compiler:
    """What compiling a part of one document needs: the document, the language, and where diagnostics go."""

    def __init__(self, document: Document, language: Language, diagnostics: Diagnostics) -> None:
        self.document = document
        self.language = language
        self.diagnostics = diagnostics
        self.when = WhenCompiler(language, document.place)
        self.counted: dict[Path, list[str]] = {}  # by where a list of rules stands: what each is counted as

    def place(self, path: Path) -> Location:
        return self.document.place(path)

    def tree(self, tree: Any, path: Path) -> Template:
        return compile_tree(tree, self.language, self.document.place, path)

    def duration(self, text: str, path: Path) -> Duration:
        """A duration; a wrong one is reported and counts as none."""
        return self.diagnostics.attempt(parse_duration, text, self.place(path)) or Duration(0.0)

    def optional(self, tree: Any, path: Path) -> Template | None:
        return None if tree is None else self.diagnostics.attempt(self.tree, tree, path)

    def status(self, value: Any, path: Path) -> int | Template:
        """A status of HTTP, or a template that gives one; a wrong one is reported."""
        template = self.optional(value, path)
        if template is not None and not template.constant:
            return template
        status = None if template is None else template.value({})
        if isinstance(status, int) and not isinstance(status, bool) and 200 <= status <= 599:
            return status
        if value is None or template is not None:
            self.diagnostics.add(self.place(path), f"{status!r} is not a status; expected 200 to 599")
        return 200

    def condition(self, tree: Any, path: Path) -> Template | None:
        """A template whose truth is asked; a text that is no expression would always be true."""
        template = self.optional(tree, path)
        if template is not None and template.constant and isinstance(template.maybe({}), str):
            self.diagnostics.add(self.place(path), f"{tree!r} is not an expression; expected {{{{ … }}}}")
        return template

    def trees(self, trees: Mapping[str, Any], path: Path) -> dict[str, Template]:
        compiled = {name: self.diagnostics.attempt(self.tree, tree, (*path, name)) for name, tree in trees.items()}
        return {name: template for name, template in compiled.items() if template is not None}

    def headers(self, *groups: tuple[Mapping[str, Any], Path, Compiler], added: frozenset[bytes] = ADDED) -> Headers:
        """Header lines of several groups; a later group replaces an earlier one's line of the same name.

        `added` are the names, in lower case, of those that the engine adds unless a group states them.
        """
        templates: dict[str, tuple[str, Template]] = {}
        for lines, path, compiler in groups:
            for name, template in compiler.trees(lines, path).items():
                if compiler._is_header(name, template, (*path, name)):
                    templates[name.lower()] = (name, template)
        fixed, computed = [], []
        for name, template in templates.values():
            if not template.constant:
                computed.append((name.encode(), template))
            elif template.maybe({}) is not None:
                fixed.append((name.encode(), str(template.maybe({})).encode()))
        return Headers(tuple(fixed), tuple(computed), added.intersection(name.encode() for name in templates))

    def _is_header(self, name: str, template: Template, path: Path) -> bool:
        """Whether a line can be sent (RFC 9110 section 5); one that can't is reported."""
        if not TOKEN.fullmatch(name):
            self.diagnostics.add(self.document.place(path, key=True), f"{name!r} can't be the name of a header")
            return False
        if name.lower() in FRAMING:
            text = f"the server itself writes {name}, so that answers can be told apart; a fault can break that"
            self.diagnostics.add(self.document.place(path, key=True), text)
            return False
        value = str(template.maybe({})) if template.constant else ""
        if value.isascii() and value.isprintable():
            return True
        self.diagnostics.add(self.place(path), f"the header {name} can't hold {value!r}; expected printable ASCII")
        return False


Group = tuple[Mapping[str, Any], Path, Compiler]
