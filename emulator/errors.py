"""Exceptions of the package.

* EmulatorError
  x ConfigError         an option, a variable or a file is invalid: reported at startup, exit status 2
    + DocumentError     … at scenarios/retry.yaml:3:10, all diagnostics at once
  x TemplateError       a template failed during a request: 500, with file:line
  x ApiError            an error response for the client, in the API's own shape
  x StoreUnavailable    the server that keeps the worlds' state can't be reached, or refuses: 503
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from msgspec import Struct


class Location(Struct, frozen=True, order=True):
    """Position in a file; line and column count from 1, and are 0 for the file as a whole."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


class Diagnostic(Struct, frozen=True, order=True):
    """Error in a document, with its position."""

    place: Location
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


class EmulatorError(Exception):
    """Base class of all exceptions that this package raises deliberately."""


class ConfigError(EmulatorError):
    """An option, a variable or a file is invalid."""


class DocumentError(ConfigError):
    """A scenario is invalid; holds all diagnostics, in the order of the files."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(sorted(set(diagnostics)))
        super().__init__("\n".join(map(str, self.diagnostics)))


class TemplateError(EmulatorError):
    """A template could not be evaluated for a request."""

    def __init__(self, place: Location, message: str) -> None:
        self.place = place
        self.message = message
        super().__init__(f"{place}: {message}")


class HeaderLines(Protocol):
    """Header lines as they are sent, computed from a context; `stated` are the names (lower case) that are not to be
    added to them."""

    @property
    def text(self) -> Callable[[Mapping[str, Any]], str]: ...
    @property
    def stated(self) -> frozenset[bytes]: ...


class ApiError(EmulatorError):
    """Error response: `kind` is one of the API's `errors`, which defines its status and shape.

    `detail` is a sentence for the client, `param` the field that it is about, `values` other values for the shape.
    `headers` are those of the reply, instead of those of the kind; `added` are added to either. A `free` error is no
    mistake of the client's, and counts towards no limit. `decided_by` is the part of the playbook that
    refuses, if one does: a check, a schema, a tier.
    """

    headers: HeaderLines | None = None
    added: tuple[tuple[bytes, bytes], ...] = ()
    free: bool = False
    decided_by: object = None

    def __init__(self, kind: str, detail: str = "", *, param: str | None = None, **values: Any) -> None:
        self.kind = kind
        self.detail = detail
        self.param = param
        self.values = values
        super().__init__(detail or kind)


class StoreUnavailable(EmulatorError):
    """The server that keeps the state of worlds can't be reached, or refuses what it is asked; nothing was changed."""
