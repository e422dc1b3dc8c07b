"""What can go wrong while steering, and how it is told: a status, a message, and a hint or the complaints."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from emulator.errors import ApiError, ConfigError, DocumentError, EmulatorError
from emulator.serving.worlds import UnknownWorld, WorldEnded

MEANINGS = {
    400: "The body, a header or the query is not what is expected; nothing was done.",
    403: "The request may come from a web page, or the token is missing.",
    404: "There is no such thing; the hint names the nearest.",
    405: "This path is not asked with this method.",
    408: "What was waited for did not come in time.",
    409: "It can't be done as things stand.",
    413: "The body is too large.",
    415: "The body is not called JSON.",
    422: "The scenario is wrong; every complaint has its file, line and column.",
}


class Complained(Struct, frozen=True, omit_defaults=True):
    """One complaint about a scenario; line and column count from 1, and are 0 when the file as a whole is meant."""

    file: str
    line: int
    column: int
    message: str


class Wrong(Struct, frozen=True, omit_defaults=True):
    """What is wrong, and what helps."""

    message: str
    hint: str = ""
    complaints: tuple[Complained, ...] = ()


class Failure(Struct, frozen=True):
    """How every refusal of the control API is told."""

    error: Wrong


class ControlError(EmulatorError):
    """A request that the control API refuses. `headers` are added to the answer."""

    def __init__(self, status: int, message: str, hint: str = "", headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
        self.status = status
        self.message = message
        self.hint = hint
        self.headers = tuple(headers)
        super().__init__(message)


def told(error: EmulatorError) -> tuple[int, Failure]:
    """The status and the body for what was raised on purpose."""
    if isinstance(error, ControlError):
        return error.status, Failure(Wrong(error.message, error.hint))
    if isinstance(error, DocumentError):
        return 422, Failure(_complaining(error))
    if isinstance(error, UnknownWorld):
        return 404, Failure(Wrong(str(error), "PUT /_emulator/worlds/{name} makes a world"))
    if isinstance(error, WorldEnded):
        return 409, Failure(Wrong(str(error)))
    if isinstance(error, (ConfigError, ApiError)):
        return 400, Failure(Wrong(str(error)))
    return 500, Failure(Wrong(str(error)))


def _complaining(error: DocumentError) -> Wrong:
    found = tuple(
        Complained(each.place.file, each.place.line, each.place.column, each.message) for each in error.complaints
    )
    count = f"{len(found)} complaint{'' if len(found) == 1 else 's'}"
    return Wrong(f"the scenario is wrong: {count}; nothing was changed", complaints=found)


def unknown(what: str, name: str, nearest: str) -> ControlError:
    """A 404 for a thing in the path; `nearest` ends the message, as `did_you_mean` gives it."""
    return ControlError(404, f"no {what} {name!r}; {nearest}")
