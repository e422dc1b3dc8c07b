"""Dotted paths: `body.messages.last.content` becomes the look-up of a field, or the test of one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from emulator.language.expressions.runtime import MISSING, lookup
from emulator.language.expressions.writer import Writer
from emulator.playbook.operators import Test

if TYPE_CHECKING:
    from jsonpath import JSONPath


# Queries of the usual kinds, which are valid for sure: names, indices, wildcards, and a filter that compares a field.
_FIELD = r"@(\.[A-Za-z_]\w*)+"
_LITERAL = r"""('[^'\\\x00-\x1f]*'|"[^"\\\x00-\x1f]*"|-?(0|[1-9]\d{0,14})|true|false|null)"""
_FILTER = rf"\?{_FIELD}( ?(==|!=|<=?|>=?) ?{_LITERAL})?"
_STEP = rf"(\.{{1,2}}([A-Za-z_]\w*|\*)|\[(\*|0|-?[1-9]\d{{0,14}}|'[^'\\\x00-\x1f]*'|{_FILTER})\])"
_VALID_QUERY = rf"\$({_STEP})*"
Values = Mapping[str, Any]
Holds = Callable[[Values], bool]


def steps(path: str) -> list[str]:
    """The names of a dotted path; those of headers in lower case."""
    return (path.lower() if path.startswith("header.") else path).split(".")


def step_into(value: Any, key: str) -> Any:
    """One step of a dotted path: a key of a mapping, or an index of a list."""
    if isinstance(value, list):
        if key == "last":
            return value[-1] if value else MISSING
        return value[int(key)] if key.isdecimal() and len(key) < 10 and int(key) < len(value) else MISSING
    return lookup(value, key)


def finder(path: str) -> Callable[[Values], Any]:
    """Compile a dotted path such as `body.messages.0.role` (`last` is the last item of a list).

    Names of headers may be written in any case.
    """
    root, *keys = steps(path)

    def find(context: Values) -> Any:
        try:
            found = context[root]
        except KeyError:
            return MISSING
        for key in keys:
            found = found.get(key, MISSING) if found.__class__ is dict else step_into(found, key)
        return found

    return find


def write_path(path: str, writer: Writer) -> str:
    """The source of what `finder` finds."""
    root, *keys = steps(path)
    return writer.path(root, keys, step_into).source


def holder(path: str, test: Test, values: tuple[Any, ...] = ()) -> Holds:
    """Compile the test of a dotted path; that of one field of one name, the commonest, is a single function."""
    root, *keys = steps(path)
    if len(keys) == 1 and len(values) == 1 and isinstance(values[0], bool):
        return _truth_holder(root, keys[0], values[0])
    if len(keys) != 1:
        find = finder(path)
        return lambda context: test(find(context))
    key = keys[0]

    def holds(context: Values) -> bool:
        try:
            value = context[root]
        except KeyError:
            return test(MISSING)
        return test(value.get(key, MISSING) if value.__class__ is dict else step_into(value, key))

    return holds


def _truth_holder(root: str, key: str, wanted: bool) -> Holds:
    def holds(context: Values) -> bool:
        try:
            value = context[root]
        except KeyError:
            return False
        return (value.get(key) if value.__class__ is dict else step_into(value, key)) is wanted

    return holds


class Query:
    """What a query finds in the body: nothing is MISSING, one thing is itself, several are a list.

    The library is large and few rules need it, so it is imported when a request first comes to one that does.
    """

    def __init__(self, query: str) -> None:
        self._query = query
        self._compiled: JSONPath | None = None

    def require(self) -> None:
        """Raises ValueError when this is not a JSONPath. Most are recognised without the library."""
        if re.fullmatch(_VALID_QUERY, self._query, re.ASCII) is None:
            self._compile()

    def _compile(self) -> None:
        from jsonpath import JSONPathError
        from jsonpath import compile as compile_path

        try:
            self._compiled = compile_path(self._query)  # type: ignore[assignment]
        except JSONPathError as error:
            said = str(error).partition("\n")[0]
            raise ValueError(f"{self._query!r} is not a JSONPath: {said}") from error

    def __call__(self, context: Mapping[str, Any]) -> Any:
        from jsonpath import JSONPathError

        body = context.get("body")
        if not isinstance(body, (dict, list)):
            return MISSING
        if self._compiled is None:
            self._compile()
        assert self._compiled is not None
        try:
            found = self._compiled.findall(body)
        except JSONPathError:  # the body is nested too deeply for it, or of types that a filter can't compare
            return MISSING
        return MISSING if not found else found[0] if len(found) == 1 else found
