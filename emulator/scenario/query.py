"""JSONPath (RFC 9535): a query of a rule becomes the look-up of what it finds in a request's body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from emulator.scenario.absent import ABSENT

if TYPE_CHECKING:
    from jsonpath import JSONPath


class Query:
    """What a query finds in the body: nothing is ABSENT, one thing is itself, several are a list.

    The library is large and few rules need it, so it is imported when a request first comes to one that does.
    """

    def __init__(self, query: str) -> None:
        self._query = query
        self._compiled: JSONPath | None = None

    def require(self) -> None:
        """Raises ValueError when this is not a JSONPath."""
        from jsonpath import JSONPathError
        from jsonpath import compile as compile_path

        try:
            self._compiled = compile_path(self._query)  # type: ignore[assignment]
        except JSONPathError as error:
            said = str(error).partition("\n")[0]
            raise ValueError(f"{self._query!r} is not a JSONPath: {said}") from error

    def __call__(self, scope: Mapping[str, Any]) -> Any:
        from jsonpath import JSONPathError

        body = scope.get("body")
        if not isinstance(body, (dict, list)):
            return ABSENT
        if self._compiled is None:
            self.require()
        assert self._compiled is not None
        try:
            found = self._compiled.findall(body)
        except JSONPathError:  # the body is nested too deeply for it, or of types that a filter can't compare
            return ABSENT
        return ABSENT if not found else found[0] if len(found) == 1 else found
