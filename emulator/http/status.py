"""Status codes: their reason phrases, those without a body, and those that a template gives."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from emulator.errors import Location, TemplateError

# Statuses without a body: a client takes what follows as the next response (RFC 9112 section 6.3).
BODILESS = (204, 304)
_PHRASES = {status.value: status.phrase for status in HTTPStatus}


def phrase(status: int) -> str:
    """Returns the reason phrase of a status; empty for one that has none (RFC 9112 section 4)."""
    return _PHRASES.get(status, "")


def check_status(status: Any, place: Location) -> int:
    """Returns a status that a template gave. Raises TemplateError when it is none from 200 to 599."""
    if isinstance(status, bool) or not isinstance(status, int) or not 200 <= status <= 599:
        raise TemplateError(place, f"{status!r} is not a status; expected 200 to 599")
    return status
