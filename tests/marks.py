"""Which tests carry a mark with an id, such as `@pytest.mark.claim("AX-ENVELOPE")`; the files are read, not run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).resolve().parent


def marked(mark: str) -> list[tuple[str, str]]:
    """The ids that `pytest.mark.MARK(…)` names in the test files, each with its `file:line`."""
    return [each for path in sorted(TESTS.rglob("test_*.py")) for each in _in_file(mark, path)]


def _in_file(mark: str, path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(f"mark.{mark}"):
            for id in node.args:
                yield ast.literal_eval(id), f"{path.relative_to(TESTS)}:{node.lineno}"
