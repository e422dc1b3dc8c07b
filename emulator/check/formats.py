"""Formats of errors: for a person, for a program, and for GitHub Actions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence

from emulator.errors import Diagnostic
from emulator.reports.annotations import diagnostic_annotation, wanted


def _text(diagnostics: Sequence[Diagnostic]) -> Iterator[str]:
    return map(str, diagnostics)


def _json(diagnostics: Sequence[Diagnostic]) -> Iterator[str]:
    rows = [
        {
            "file": each.place.file,
            "line": each.place.line,
            "column": each.place.column,
            "message": each.message,
        }
        for each in diagnostics
    ]
    yield json.dumps(rows, indent=2, ensure_ascii=False)


def _github(diagnostics: Sequence[Diagnostic]) -> Iterator[str]:
    return map(diagnostic_annotation, diagnostics)


FORMATS: Mapping[str, Callable[[Sequence[Diagnostic]], Iterator[str]]] = {
    "text": _text,
    "json": _json,
    "github": _github,
}


def default_format(env: Mapping[str, str]) -> str:
    """Returns the format of whoever names none."""
    return "github" if wanted(env) else "text"
