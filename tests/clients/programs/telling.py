"""How the programs tell what they saw: one JSON object, with a member for each thing that was tried."""

import json
import sys
from collections.abc import Callable
from time import monotonic
from typing import Any


def timed(ask: Callable[[], Any]) -> dict[str, Any]:
    """What `ask()` gives, and the seconds that it took."""
    begun = monotonic()
    return {"found": ask(), "seconds": monotonic() - begun}


def status_of(result: Any) -> str:
    """An SDK's status, which is a text or one of an enumeration."""
    return str(getattr(result.status, "value", result.status))


class Told:
    """What was seen so far. `told(name, ask)` keeps what `ask()` gives, or what it raises."""

    def __init__(self) -> None:
        self._members: dict[str, Any] = {}

    def __call__(self, name: str, ask: Callable[[], Any]) -> Any:
        try:
            found = ask()
        except Exception as error:
            self._members[name] = {
                "raised": type(error).__name__,
                "says": str(error),
                "status_code": getattr(error, "status_code", None),
                "error": getattr(error, "error", None),
            }
            return None
        self._members[name] = found
        return found

    def end(self) -> None:
        """Print it as the last line, whatever the client has printed before."""
        print(file=sys.stdout)
        print(json.dumps(self._members, default=str))
