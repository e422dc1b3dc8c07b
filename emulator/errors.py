"""
What can go wrong:

* EmulatorError
  x ConfigError         a flag, a variable or a file is wrong: told at start, exit status 2
    + DocumentError     …at scenarios/retry.yaml:3:10, every diagnostic at once
  x TemplateError       a template failed while a request was answered: 500, with file:line
  x ApiError            not a fault of ours: the client is to see it, in the API's own words
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct


class Location(Struct, frozen=True, order=True):
    """Where something stands in a file; line and column count from 1, and are 0 when the file as a whole is meant."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


class Diagnostic(Struct, frozen=True, order=True):
    """One thing that is wrong in a document, and where."""

    place: Location
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


class EmulatorError(Exception):
    """The root of everything this package raises on purpose."""


class ConfigError(EmulatorError):
    """A flag, a variable or a file is wrong."""


class DocumentError(ConfigError):
    """A scenario is wrong; holds every diagnostic, in the order of the files."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(sorted(set(diagnostics)))
        super().__init__("\n".join(map(str, self.diagnostics)))


class TemplateError(EmulatorError):
    """A template could not be evaluated for this request."""

    def __init__(self, place: Location, message: str) -> None:
        self.place = place
        self.message = message
        super().__init__(f"{place}: {message}")


class ApiError(EmulatorError):
    """An answer that is an error: `kind` is looked up in the API's `errors`, which gives it status and shape.

    `detail` is a sentence for the client, `param` the field it is about, `values` what else the shape may show.
    """

    def __init__(self, kind: str, detail: str = "", *, param: str | None = None, **values: Any) -> None:
        self.kind = kind
        self.detail = detail
        self.param = param
        self.values = values
        super().__init__(detail or kind)
