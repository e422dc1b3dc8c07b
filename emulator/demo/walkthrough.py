"""The walkthrough of the demo: scenes and their steps, read from `fixtures/demo/walkthrough.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, RootModel

from emulator.engine.functions import LANGUAGE
from emulator.language.document.diagnostics import Diagnostics
from emulator.language.document.reader import Document, read
from emulator.language.expressions.template import Template, compile_tree
from emulator.language.schema.api import Model
from emulator.language.schema.validate import validate


class Step(Model):
    """A request, or with `webhook` a wait for the one that the emulator sends; `says` is printed before it.

    `show` lists what is printed of a response, `keep` what later steps may use of it, each as `header.NAME` or
    `body.PATH`. `typed` is where the text of a stream's events is, and `cut` says that the stream is to break off.
    """

    says: str
    send: str = Field("", pattern=r"^([A-Z]+ /.*)?$")
    headers: dict[str, str] = Field({})
    body: Any = None
    status: int = 200
    show: list[str] = Field([])
    keep: dict[str, str] = Field({})
    typed: str = ""
    cut: bool = False
    webhook: bool = False


class Scene(Model):
    """A part of the walkthrough, with its title."""

    scene: str
    says: str
    steps: list[Step] = Field(min_length=1)


class WalkthroughFile(RootModel[list[Scene]]):
    """A file with a walkthrough."""


class Walkthrough:
    """A walkthrough, and the templates of what it sends."""

    def __init__(self, document: Document) -> None:
        """Raises DocumentError with everything that is wrong in the file."""
        self.scenes = validate(document, WalkthroughFile).root
        self._document = document
        self._templates: dict[int, tuple[Template, Template]] = {}
        diagnostics = Diagnostics()
        for at, scene in enumerate(self.scenes):
            for number, step in enumerate(scene.steps):
                path = (at, "steps", number)
                if bool(step.send) == step.webhook:
                    diagnostics.add(document.place(path), "a step sends a request, or waits for a webhook")
                with diagnostics.catching():
                    self._templates[id(step)] = self._compile(step.send, path), self._compile(step.body, path)
        diagnostics.raise_any()

    @classmethod
    def read(cls, path: Path) -> Walkthrough:
        """Reads a file. Raises DocumentError."""
        return cls(read(path))

    def request(self, step: Step, names: Mapping[str, Any]) -> tuple[str, str, Any]:
        """Returns method, path and body of a step's request. Raises TemplateError for a name that was not kept."""
        send, body = self._templates[id(step)]
        method, _, path = str(send.value(names)).partition(" ")
        return method, path, None if step.body is None else body.value(names)

    def _compile(self, tree: Any, path: tuple[str | int, ...]) -> Template:
        return compile_tree(tree, LANGUAGE, self._document.place, path)
