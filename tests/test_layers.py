"""How the package is built: imports point down, nothing is large, and each module has its test."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "emulator"
MODULES = sorted(path.relative_to(ROOT) for path in PACKAGE.rglob("*.py"))
FILES = sorted(path.relative_to(ROOT) for path in PACKAGE.rglob("*") if path.is_file() and path.suffix != ".pyc")

# A folder, or a file at the top, imports only what stands to its right, types included. `emulator/__init__` is exempt:
# it tells type checkers what its public names are, which lie above it.
LAYERS = (
    "__main__",
    "cli",
    "run",
    "demo",
    "testing",
    "importer",
    "check",
    "reports",
    "verify",
    "record",
    "supervisor",
    "server",
    "app",
    "sharing",
    "state_file",
    "control",
    "log",
    "environment",
    "https",
    "metrics",
    "worlds",
    "verdict",
    "openapi",
    "engine",
    "compile",
    "faults",
    "webhooks",
    "jobs",
    "store",
    "generate",
    "playbook",
    "project",
    "language",
    "http",
    "paths",
    "atomic",
    "clock",
    "settings",
    "dates",
    "errors",
)
PUBLIC = Path("emulator/__init__.py")
# Only these may ask the system for the time, or wait for it.
CLOCKS = {Path("emulator/clock/system_time.py"), Path("emulator/clock/idle.py")}
TIMES = {
    "time": {"time", "time_ns", "sleep", "monotonic", "monotonic_ns"},
    "asyncio": {"sleep"},
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
}
MAX_LINES, MAX_FUNCTION_LINES, MAX_MODULES, MAX_UNTESTED = 400, 45, 20, 30
FOREIGN = ("aixplain", "aiexport", "ai-export", "ai export", "ai_export", "apex")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text())


def named(path: Path) -> str:
    """`emulator.playbook.matching`, or for an `__init__` the package."""
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


@cache
def known() -> frozenset[str]:
    """The modules of ours."""
    return frozenset(map(named, MODULES))


@cache
def imports(path: Path) -> frozenset[str]:
    """The modules of ours that a module imports, in functions and for types too."""
    return frozenset(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known())
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                if whole in known() or node.module in known():
                    yield whole if whole in known() else str(node.module)


def layer(module: str) -> str:
    """The folder, or the file at the top, that a module belongs to."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def test_imports_point_down_types_included() -> None:
    upward = [
        f"{path} imports {name}, which is in a layer above it"
        for path in MODULES
        if path != PUBLIC
        for name in imports(path)
        if name != "emulator" and LAYERS.index(layer(name)) < LAYERS.index(layer(named(path)))
    ]
    assert upward == []


def test_no_folder_is_too_full_to_overlook() -> None:
    folders = Counter(path.parent for path in MODULES)
    assert {str(folder): count for folder, count in folders.items() if count > MAX_MODULES} == {}


def test_imports_run_in_no_circle_types_included() -> None:
    graph = {named(path): imports(path) - {named(path)} for path in MODULES if path != PUBLIC}
    assert len(list(TopologicalSorter(graph).static_order())) >= len(MODULES) - 1


def test_the_package_names_no_api() -> None:
    texts = {path: f"{path}\n{(ROOT / path).read_text()}".lower() for path in FILES}
    assert [f"{path} says {word!r}" for path, text in texts.items() for word in FOREIGN if word in text] == []


def test_time_comes_from_the_clock() -> None:
    assert [asked for path in MODULES if path not in CLOCKS for asked in times(path)] == []


def times(path: Path) -> Iterator[str]:
    """Where a module asks the system for the time, or waits for it."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute):
            owner = ast.unparse(node.value).rpartition(".")[2]
            if node.attr in TIMES.get(owner, ()):
                yield f"{path}:{node.lineno}: {owner}.{node.attr}"
        elif isinstance(node, ast.ImportFrom) and node.module in ("time", "asyncio"):
            taken = [alias.name for alias in node.names if alias.name in TIMES[node.module]]
            yield from (f"{path}:{node.lineno}: {node.module}.{name}" for name in taken)


def test_no_file_and_no_function_is_too_long_to_read() -> None:
    files = {str(path): len((ROOT / path).read_text().splitlines()) for path in MODULES}
    functions = {
        f"{path}:{node.lineno} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in MODULES
        for node in ast.walk(tree(path))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    assert {name: lines for name, lines in files.items() if lines > MAX_LINES} == {}
    assert {name: lines for name, lines in functions.items() if lines > MAX_FUNCTION_LINES} == {}


def test_a_module_opens_with_a_sentence_that_says_what_it_is() -> None:
    assert [str(path) for path in MODULES if not (ast.get_docstring(tree(path)) or "").strip()] == []


def test_most_modules_have_a_test_file_of_their_name() -> None:
    tests = {path.stem.removeprefix("test_") for path in (ROOT / "tests").rglob("test_*.py")}
    untested = [str(path) for path in MODULES if not path.stem.startswith("__") and path.stem not in tests]
    assert len(untested) <= MAX_UNTESTED, untested
