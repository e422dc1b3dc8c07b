"""What all tests share: a running emulator; and with REQUIRE_ALL=1 a skipped test is a failed one."""

from __future__ import annotations

import builtins
import gc
import os
import signal
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import settings

from emulator.settings.options import Settings
from emulator.worlds import registry
from tests import documents
from tests.library import Library
from tests.repeating import RepeatingBackend
from tests.running import Emulated, Running
from tests.small import Small, play
from tests.waiting import CLIENT_TIMEOUT, PATIENCE

# A worker that is not gone after 10 s is killed, and what it has measured is lost; a busy machine needs longer.
with suppress(ImportError):
    from xdist.workermanage import NodeManager  # type: ignore[import-untyped]

    NodeManager.EXIT_TIMEOUT = 120

# The same examples each time, however slow the machine; `--hypothesis-profile default` looks for others.
# `scripts/test --quick` tries the first quarter of them.
settings.register_profile("fixed", deadline=None, derandomize=True, database=None)
settings.register_profile("quick", settings.get_profile("fixed"), max_examples=25)
settings.load_profile("fixed")

REQUIRE_ALL = os.environ.get("REQUIRE_ALL") == "1"
WORKERS = pytest.StashKey[int]()  # how many answer in turn while a test runs
IMPORT = builtins.__import__
for name in [each for each in os.environ if each.startswith("GITHUB_")]:
    del os.environ[name]  # commands that are run in these tests would write annotations instead of plain text
os.environ[CLIENT_TIMEOUT] = str(PATIENCE)


# A shell starts `scripts/test &` with SIGINT ignored; processes of tests would inherit that and ignore Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skips what is true in memory only; `scripts/test` leaves it out where it is not true."""
    if config.getoption("--store") == "memory":
        return
    for item in items:
        if (marker := item.get_closest_marker("in_memory")) is not None:
            item.add_marker(pytest.mark.skip(reason=f"true in memory only: {marker.args[0]}"))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Next to nothing of what collecting makes is garbage: looking for some took a fifth of its time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """What was collected stays until the end: the garbage collector need not look at it, nor come by so often.

    pact, which a guide imports, has put functions in Python in the place of what each `import` calls.
    """
    builtins.__import__ = IMPORT
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 10, 20)  # more than a playbook has, so that one may go without having been looked at


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--twice", action="store_true", help="run each unit of work twice, the first time undone")
    parser.addoption("--store", choices=("memory", "redis"), default="memory", help="where worlds keep their state")
    parser.addoption("--workers", type=int, choices=(1, 2), default=1, help="how many answer in turn, on one store")


def pytest_configure(config: pytest.Config) -> None:
    documents.share()
    if config.getoption("--twice"):
        setattr(registry, "MemoryBackend", RepeatingBackend)  # noqa: B010 - types say it is constant
    if config.getoption("--workers") > 1 and config.getoption("--store") == "memory":
        raise pytest.UsageError("--workers 2 needs --store redis: two workers have no state in common without a store")
    if config.getoption("--store") == "redis":
        from tests.redis_server import MISSING, in_redis, installed

        if not installed():
            raise pytest.UsageError(MISSING)
        setattr(registry, "MemoryBackend", in_redis)  # noqa: B010
        # Tests leave worlds open that only have memory; here they have connections too.
        config.addinivalue_line("filterwarnings", "ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """One worker answers where `one_worker` says why, else as many as the run has."""
    one = item.get_closest_marker("one_worker") is not None
    item.config.stash[WORKERS] = 1 if one else item.config.getoption("--workers")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if REQUIRE_ALL and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"REQUIRE_ALL=1 allows no skipped test: {reason(report)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if REQUIRE_ALL and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"REQUIRE_ALL=1 allows no skipped module: {reason(report)}"
    return report


def reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Why it was skipped: pytest keeps (file, line, reason)."""
    return str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)


@pytest.fixture(scope="session")
def running(pytestconfig: pytest.Config) -> Iterator[Running]:
    """One server for all tests of a process."""
    server = Running(workers=lambda: pytestconfig.stash[WORKERS])
    yield server
    server.stop()


@pytest.fixture
def emulator(running: Running, request: pytest.FixtureRequest) -> Iterator[Emulated]:
    """An emulator as new, frozen at 2026-01-01T00:00:00Z; `@pytest.mark.scenario("strict")` chooses what it plays."""
    marker = request.node.get_closest_marker("scenario")
    emulated = Emulated(running, marker.args if marker else ("default",))
    yield emulated
    emulated.close()


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """An empty folder for scenarios, APIs and fixtures that the test writes."""
    (tmp_path / "fixtures").mkdir()
    return Library(tmp_path)


@pytest.fixture
def small(running: Running, tmp_path: Path) -> Iterator[Small]:
    """`small(operations, more="", scenario="", settings=None)` plays a small API; the last one played answers."""
    played: list[Emulated] = []

    def start(operations: str, more: str = "", scenario: str = "", settings: Settings | None = None) -> Emulated:
        folder = tmp_path / str(len(played))
        folder.mkdir()
        played.append(play(running, folder, operations, more, scenario, settings))
        return played[-1]

    yield start
    for emulated in played:
        emulated.close()
