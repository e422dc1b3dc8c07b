"""Which tests carry a mark with an id, such as `@pytest.mark.claim("AX-ENVELOPE")`; the files are read, not run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

TESTS = Path(__file__).resolve().parent


@cache
def marked(mark: str) -> list[tuple[str, str]]:
    """The ids that `pytest.mark.MARK(…)` names in the test files, each with its `file:line`."""
    return [each for path in sorted(TESTS.rglob("test_*.py")) for each in _in_file(mark, path)]


def _in_file(mark: str, path: Path) -> Iterator[tuple[str, str]]:
    text = path.read_text()
    if f"mark.{mark}(" not in text:  # parsing takes long, and most files have no such mark
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and _is_mark(node.func, mark):
            for id in node.args:
                yield ast.literal_eval(id), f"{path.relative_to(TESTS)}:{node.lineno}"


def _is_mark(called: ast.expr, mark: str) -> bool:
    """Whether this is `pytest.mark.MARK`."""
    return isinstance(called, ast.Attribute) and ast.unparse(called).endswith(f"mark.{mark}")
