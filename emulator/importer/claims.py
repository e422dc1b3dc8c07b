"""Claims: what the parts of an imported API file rest on, the document or a guess."""

from __future__ import annotations

from typing import Any

OPERATIONS, ERRORS = "DOC-OPERATIONS", "DOC-ERRORS"
GUESSED_VALUES, GUESSED_ERRORS = "GUESS-VALUES", "GUESS-ERRORS"


def claims(file: str, guessed_values: bool, documented_errors: bool) -> dict[str, Any]:
    """Returns the claims that an imported file cites."""
    found = {OPERATIONS: _claim(f"Paths, parameters, bodies, statuses and examples are those of {file}.")}
    if guessed_values:
        text = f"Where {file} has no example of a response, it is made up, from the schema if there is one."
        found[GUESSED_VALUES] = _claim(text, "invented")
    if documented_errors:
        text = "Which field holds what is read from its name."
        found[ERRORS] = {**_claim(f"Errors have the shape that {file} gives them."), "inferred": text}
    else:
        found[GUESSED_ERRORS] = _claim(f"{file} shows no error; their shape is the emulator's.", "invented")
    return found


def _claim(says: str, grade: str = "documented") -> dict[str, Any]:
    return {"class": grade, "says": says}
