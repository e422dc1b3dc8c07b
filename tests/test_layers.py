"""How the package is built: imports point down, nothing is large, and each module has its test."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "emulator"
MODULES = sorted(path.relative_to(ROOT) for path in PACKAGE.rglob("*.py"))
FILES = sorted(path.relative_to(ROOT) for path in PACKAGE.rglob("*") if path.is_file() and path.suffix != ".pyc")

# From the lowest to the highest: a module imports what stands before it, or beside it in its own folder.
LAYERS = (
    "errors",
    "told",
    "resources",
    "settings",
    "date",
    "work",
    "timer",
    "clock",
    "exchange",
    "storage",
    "scenario",
    "serving",
    "verdict",
    "control",
    "intercept",
    "compiled",
    "kept",
    "app",
    "line",
    "tunnel",
    "proxying",
    "connection",
    "server",
    "testing",
    "run",
    "record",
    "verify",
    "banner",
    "report",
    "cli",
    "__main__",
)
PUBLIC = Path("emulator/__init__.py")  # it tells type checkers what its public names are, which lie above it
# Only these may ask the system for the time, or wait for it.
CLOCKS = {Path("emulator/clock.py"), Path("emulator/work.py")}
TIMES = {
    "time": {"time", "time_ns", "sleep", "monotonic", "monotonic_ns"},
    "asyncio": {"sleep"},
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
}
MOST_LINES, MOST_OF_A_FUNCTION = 250, 45
FOREIGN = ("aixplain", "aiexport", "ai-export", "ai export", "ai_export", "apex")

# Modules that have no test file of their own name, and the one that holds them to their word.
COVERED_BY = {
    "__init__": "test_distribution",
    "__main__": "test_cli",
    "compiled": "test_app",
    "connection": "serving/test_pipeline",
    "control/__init__": "control/test_health",
    "control/asked": "control/test_answer",
    "control/departures": "intercept/test_front",
    "control/entry": "control/test_openapi",
    "control/failure": "control/test_answer",
    "control/page": "control/test_greeting",
    "control/routes": "control/test_start",
    "control/sample": "test_banner",
    "control/written": "control/test_scenarios",
    "date": "test_clock",
    "errors": "scenario/test_reading",
    "exchange": "serving/test_pipeline",
    "intercept/__init__": "intercept/test_front",
    "intercept/certificates": "intercept/test_authority",
    "line": "serving/fault/test_wire",
    "proxying": "intercept/test_proxying",
    "record/__init__": "record/test_recorder",
    "record/failure": "record/test_passing_on",
    "record/keep": "record/test_passing_on",
    "record/listen": "record/test_recorder",
    "record/recorded": "record/test_recorder",
    "record/script": "record/test_tape",
    "record/worth": "record/test_passing_on",
    "resources": "test_distribution",
    "run/__init__": "run/test_session",
    "run/commands": "run/test_session",
    "scenario/__init__": "scenario/test_loading",
    "scenario/absent": "scenario/test_expression",
    "scenario/access": "scenario/test_loading",
    "scenario/assemble": "scenario/test_template",
    "scenario/build": "scenario/test_reading",
    "scenario/combine": "scenario/test_expression",
    "scenario/compile/__init__": "scenario/test_loading",
    "scenario/dotted": "scenario/test_match",
    "scenario/encode": "scenario/test_template",
    "scenario/filters": "scenario/test_expression",
    "scenario/forms": "scenario/test_template",
    "scenario/grades": "scenario/test_claims",
    "scenario/node": "scenario/test_reading",
    "scenario/occasion": "serving/fault/test_play",
    "scenario/operate": "scenario/test_expression",
    "scenario/plans": "scenario/compile/test_rule",
    "scenario/playbook": "scenario/test_loading",
    "scenario/program": "scenario/test_expression",
    "scenario/query": "scenario/test_match",
    "scenario/quick": "scenario/test_expression",
    "scenario/reference": "scenario/test_expression",
    "scenario/scalar": "scenario/test_reading",
    "scenario/shape": "scenario/test_validate",
    "scenario/syntax": "scenario/test_expression",
    "scenario/tree": "scenario/test_template",
    "scenario/tree_builder": "scenario/test_template",
    "scenario/vocabulary": "scenario/test_expression",
    "serving/__init__": "serving/test_pipeline",
    "serving/account": "test_accounts",
    "serving/astray": "serving/test_worlds",
    "serving/authenticate": "apis/test_aiexport_access",
    "serving/batch": "apis/test_aiexport_batches",
    "serving/choose": "serving/test_pipeline",
    "serving/compose": "serving/test_pipeline",
    "serving/cue": "serving/test_replies",
    "serving/deliver": "serving/test_stream",
    "serving/delivery": "serving/test_webhook",
    "serving/expiry": "serving/fault/test_token",
    "serving/fault/__init__": "serving/fault/test_table",
    "serving/fault/fault": "serving/fault/test_table",
    "serving/fault/parameter": "serving/fault/test_table",
    "serving/fault/places": "serving/fault/test_pace",
    "serving/fault/script": "serving/fault/test_wire",
    "serving/fault/synonyms": "serving/fault/test_table",
    "serving/functions": "apis/test_third_api",
    "serving/incoming": "serving/test_pipeline",
    "serving/journal": "serving/test_pipeline",
    "serving/lead": "serving/test_replies",
    "serving/perform": "serving/fault/test_wire",
    "serving/post": "serving/test_webhook",
    "serving/provenance": "scenario/test_promised",
    "serving/records": "serving/test_steps",
    "serving/refuse": "serving/test_pipeline",
    "serving/render": "serving/test_pipeline",
    "serving/repertoire": "serving/test_canned",
    "serving/route": "apis/test_whose_error",
    "serving/rows": "serving/test_job",
    "serving/scope": "serving/test_pipeline",
    "serving/seed": "serving/test_usage",
    "serving/served": "scenario/test_loading",
    "serving/site": "serving/test_pipeline",
    "serving/timeline": "serving/test_job",
    "serving/world": "serving/test_pipeline",
    "storage/__init__": "storage/test_memory",
    "storage/window": "storage/test_memory",
    "testing/__init__": "testing/test_plugin",
    "testing/listing": "testing/test_exchanges",
    "timer": "test_clock",
    "told": "test_cli",
    "tunnel": "intercept/test_tunnel",
    "verdict/__init__": "verdict/test_judge",
    "verdict/bounds": "verdict/test_judge",
    "verdict/evidence": "verdict/test_judge",
    "verdict/finding": "verdict/test_judge",
    "verdict/roles": "verdict/test_retries",
    "verify/__init__": "verify/test_command",
    "verify/answer": "verify/test_command",
    "verify/examples": "verify/test_command",
    "verify/play": "verify/test_command",
    "verify/tell": "verify/test_command",
    "work": "test_clock",
}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text())


def named(path: Path) -> str:
    """`emulator.scenario.match`, or for an `__init__` the package."""
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path, types: bool = True) -> Iterator[str]:
    """The modules of ours that a module imports, in functions too; without `types` not those only types are for."""
    skipped = (
        set()
        if types
        else {
            id(node)
            for block in ast.walk(tree(path))
            if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
            for node in ast.walk(block)
        }
    )
    known = {named(each) for each in MODULES}
    for node in ast.walk(tree(path)):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                if whole in known or node.module in known:
                    yield whole if whole in known else str(node.module)


def layer(module: str) -> int:
    """The rank of a module; the package itself, which only knows its version, is lowest."""
    parts = module.split(".")
    return LAYERS.index(parts[1]) if len(parts) > 1 else -1


def test_imports_point_down() -> None:
    upward = [
        f"{path} imports {name}, which lies above it"
        for path in MODULES
        for name in imports(path, types=path != PUBLIC)
        if layer(name) > layer(named(path))
    ]
    assert upward == []


def test_imports_run_in_no_circle() -> None:
    graph = {named(path): set(imports(path, types=False)) - {named(path)} for path in MODULES}
    assert len(list(TopologicalSorter(graph).static_order())) == len(MODULES)


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
    assert {name: lines for name, lines in files.items() if lines > MOST_LINES} == {}
    assert {name: lines for name, lines in functions.items() if lines > MOST_OF_A_FUNCTION} == {}


def test_a_module_opens_with_a_sentence_that_says_what_it_is() -> None:
    assert [str(path) for path in MODULES if not (ast.get_docstring(tree(path)) or "").strip()] == []


def test_a_module_is_tested_under_its_own_name_or_under_one_that_is_told() -> None:
    untested = []
    for path in MODULES:
        inside = path.relative_to("emulator")
        own = ROOT / "tests" / inside.parent / f"test_{inside.name}"
        told = COVERED_BY.get(inside.with_suffix("").as_posix())
        if not own.is_file() and (told is None or not (ROOT / "tests" / f"{told}.py").is_file()):
            untested.append(f"{path}: write {own.relative_to(ROOT)}, or say in COVERED_BY which test covers it")
    assert untested == []


def test_only_modules_that_are_there_are_said_to_be_covered() -> None:
    modules = {path.relative_to("emulator").with_suffix("").as_posix() for path in MODULES}
    assert sorted(set(COVERED_BY) - modules) == []
