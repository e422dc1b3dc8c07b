"""The pytest plugin: the fixture `emulator`, a world of its own for each test on one server for all of them.

pytest loads this module wherever the package is installed, so it imports next to nothing until a test asks. It has a
name that no project has, and doesn't import `emulator` before a fixture is used: a project may have an `emulator` of
its own, which its tests must find.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import warnings
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from emulator.reports.files import ReportFile
    from emulator.testing.emulator import Emulator, ServerThread


MARKER = "emulator"
KEYWORDS = ("scenario", "scenarios", "frozen", "seed", "webhook_time", "env", "expect")
NOT_OF_WORLDS = ("env", "expect")
MARKER_HELP = (
    "emulator(scenario=NAME|PATH, scenarios=[…], frozen=True|TIME, seed=N, webhook_time='real', env=True|'https',"
    " expect=False): what the world of the fixture `emulator` plays, whether its clock stands still, what its chance"
    " begins with, whose time signs webhooks, whether the variables of each API's client are set, and whether what is"
    " expected of the test's requests is checked at its end"
)
WORKER_URL = "emulator_url"  # in what the controller of pytest-xdist tells its workers
FINDING = "emulator_finding"  # the JUnit property of each
EXCHANGES = "emulator_exchanges"  # the JUnit property of a failed test

PACKAGE = Path(__file__).parent / "emulator" / "__init__.py"

_SERVER: pytest.StashKey[LazyServer] = pytest.StashKey()
_WORLD: pytest.StashKey[Emulator] = pytest.StashKey()
_BEGAN: pytest.StashKey[int] = pytest.StashKey()
_PROJECT: pytest.StashKey[tuple[dict[str, Any], dict[str, Any] | None]] = pytest.StashKey()
_HEADER: pytest.StashKey[str] = pytest.StashKey()
_SECTIONS: pytest.StashKey[list[tuple[str, str]]] = pytest.StashKey()
_REPORTS: pytest.StashKey[list[ReportFile]] = pytest.StashKey()
_FAILED: pytest.StashKey[bool] = pytest.StashKey()
_COVERAGE: pytest.StashKey[dict[str, Any]] = pytest.StashKey()
_UNCOVERED: pytest.StashKey[list[str]] = pytest.StashKey()
NOTHING_COVERED: dict[str, Any] = {"counted": True, "worlds": 0, "operations": [], "rules": []}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("emulator", "a local emulator of hosted APIs")
    group.addoption(
        "--emulator-url", metavar="URL", help="use the emulator that runs there, instead of starting one [EMULATOR_URL]"
    )
    group.addoption(
        "--emulator-scenario",
        action="append",
        metavar="NAME|PATH",
        help="what worlds play when their test does not say; may be repeated, the first one's rules stand first",
    )
    group.addoption(
        "--emulator-verdict",
        action="store_true",
        help="judge what each test's client did, and tell the findings at the end and as JUnit properties",
    )
    group.addoption(
        "--emulator-report",
        action="append",
        metavar="FORMAT=FILE",
        help="write the exchanges of each failed test to a file of its own beside FILE: har or jsonl; may be repeated",
    )
    group.addoption(
        "--emulator-coverage",
        action="store_true",
        help="tell at the end which rules of scenarios never answered, and how the operations that were called ended",
    )
    group.addoption(
        "--emulator-coverage-fail",
        action="append",
        default=[],
        metavar="unused-rules|PATTERN:OUTCOME",
        help="fail the session if a rule was never used, or a called operation never met that; may be repeated",
    )
    group.addoption(
        "--emulator-coverage-report",
        action="append",
        default=[],
        metavar="FILE",
        help="write that to a file, as Markdown if its name ends in .md, else as JSON; may be repeated",
    )
    parser.addini(
        "emulator_env", "set the variables of each API's client in tests: true, false or https", default="false"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER_HELP)
    if requirements := config.getoption("--emulator-coverage-fail"):
        _check_requirements(requirements)
    if _given_url(config) is None and (project := _project_file(config.rootpath)):
        config.stash[_HEADER] = f"emulator: set up by {project}"
    if (other := _other_emulator()) and not hasattr(config, "workerinput"):
        try:
            config.issue_config_time_warning(pytest.PytestWarning(_hidden(other)), stacklevel=2)
        except pytest.PytestWarning:  # warnings are errors in this project, which must not end its tests
            config.stash[_HEADER] = _hidden(other)
    if (reports := config.getoption("--emulator-report")) and not other:
        config.stash[_REPORTS] = _report_files(reports)


def pytest_report_header(config: pytest.Config) -> str | None:
    return config.stash.get(_HEADER, None)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist where the one server is; it starts when the first of them asks."""
    config: pytest.Config = node.config
    if _given_url(config) is None and not _other_emulator():
        if _SERVER not in config.stash:
            config.stash[_SERVER] = LazyServer(lambda: _project(config)[0])
        node.workerinput[WORKER_URL] = config.stash[_SERVER].url


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object | None) -> None:
    """Delete the worlds of a worker that did not end by itself, on a server that goes on."""
    url = _given_url(node.config)
    if error and url is not None:
        from emulator.errors import EmulatorError
        from emulator.testing.emulator import Emulator

        with suppress(EmulatorError), Emulator.attach(url, world="default") as server:
            for world in server.client.get("/worlds")["worlds"]:
                if world.get("owner") == _owner(node.workerinput):
                    server.client.delete(f"/worlds/{world['name']}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the session if it lacks what `--emulator-coverage-fail` says, and write the reports on coverage."""
    config = session.config
    if not _counts_coverage(config) or hasattr(config, "workerinput") or _other_emulator():
        return
    from emulator.errors import EmulatorError
    from emulator.reports.coverage import unmet_requirements, write_coverage

    try:
        view = _coverage(config)
        for name in config.getoption("--emulator-coverage-report"):
            write_coverage(Path(name), view)
        unmet = list(unmet_requirements(view, config.getoption("--emulator-coverage-fail")))
    except EmulatorError as error:
        unmet = [str(error)]
    config.stash[_UNCOVERED] = unmet
    if unmet and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_unconfigure(config: pytest.Config) -> None:
    if _SERVER in config.stash:
        config.stash[_SERVER].close()
        del config.stash[_SERVER]


@pytest.fixture(scope="session")
def emulator_server(request: pytest.FixtureRequest) -> Iterator[Emulator]:
    """The server of this session, seen from its default world, which tests should leave alone."""
    if other := _other_emulator():
        pytest.fail(_hidden(other), pytrace=False)
    from emulator.testing.emulator import Emulator

    config = request.config
    given = _given_url(config)
    project = {} if given else _project(config)[0]
    url = given or getattr(config, "workerinput", {}).get(WORKER_URL)
    with Emulator.attach(url, world="default") if url else Emulator(**project) as server:
        if counts := _counts_coverage(config):
            server.client.post("/coverage")
        yield server
        if counts:
            config.stash[_COVERAGE] = server.client.get("/coverage")


@pytest.fixture
def emulator(emulator_server: Emulator, request: pytest.FixtureRequest) -> Iterator[Emulator]:
    """An emulator as new, seen by nobody but this test; `@pytest.mark.emulator(…)` says what it plays."""
    node: pytest.Item = request.node
    from emulator.testing.report import place

    with _world(emulator_server, node) as world, pytest.MonkeyPatch.context() as patch:
        node.stash[_WORLD], node.stash[_BEGAN] = world, place(world)
        if env := _env(node):
            _set_environment(world, env, patch)
        yield world
        if unmet := _unmet(world, node):
            node.stash[_SECTIONS] = _sections(node)
        del node.stash[_WORLD]
        if node.config.getoption("--emulator-verdict"):
            from emulator.testing.report import unplayed_lines

            verdict = world.verdict
            node.user_properties += [(FINDING, str(each)) for each in verdict.findings]
            node.user_properties += [(FINDING, line) for line in unplayed_lines(world)]
            if verdict.dropped:
                lost = f"{verdict.dropped} older exchanges were not judged: the journal has dropped them"
                node.user_properties.append((FINDING, lost))
    if unmet:
        pytest.fail(unmet, pytrace=False)


@pytest.fixture
def emulator_environment(emulator: Emulator, request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """The variables of each API's client, set for this test, with a key of its world."""
    with pytest.MonkeyPatch.context() as patch:
        yield _set_environment(emulator, _env(request.node) or "true", patch)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show with a failed test what came to its world."""
    report = yield
    if call.when == "call":
        item.stash[_FAILED] = not report.passed
    if report.failed:
        sections = _sections(item) if _WORLD in item.stash else item.stash.get(_SECTIONS, [])
        report.sections += sections
    return report


def _sections(item: pytest.Item) -> list[tuple[str, str]]:
    """What the report of a failed test shows of its world, which is there still; written to files as well, if that is
    asked for."""
    from emulator.testing.report import report_lines

    world = item.stash[_WORLD]
    text = "\n".join(report_lines(world, item.stash[_BEGAN]))
    item.user_properties.append((EXCHANGES, text))
    sections = [("emulator exchanges", text)]
    if files := item.config.stash.get(_REPORTS, []):
        from emulator.testing.failure_report import write_failure

        sections.append(("emulator report", "\n".join(write_failure(files, world))))
    return sections


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Tell the verdict on each test's client, and what the tests never touched."""
    if _UNCOVERED in config.stash:
        from emulator.reports.coverage import coverage_lines

        terminalreporter.section("emulator coverage")
        view: dict[str, Any] = config.stash.get(_COVERAGE, NOTHING_COVERED)
        for line in coverage_lines(view):
            terminalreporter.line(line)
        for line in config.stash[_UNCOVERED]:
            terminalreporter.line(f"FAILED: {line}", red=True)
    if not config.getoption("--emulator-verdict"):
        return
    terminalreporter.section("emulator verdict")
    reports = [each for kind in ("passed", "failed", "error", "") for each in terminalreporter.stats.get(kind, ())]
    found = [
        (report.nodeid, value)
        for report in reports
        if getattr(report, "when", "") == "teardown"
        for name, value in report.user_properties
        if name == FINDING
    ]
    for nodeid, value in found:
        terminalreporter.line(f"{nodeid}: {value}")
    if not found:
        terminalreporter.line("no findings")


def _counts_coverage(config: pytest.Config) -> bool:
    options = ("--emulator-coverage", "--emulator-coverage-fail", "--emulator-coverage-report")
    return any(config.getoption(option) for option in options)


def _coverage(config: pytest.Config) -> dict[str, Any]:
    """What was counted: by the server that has ended already, or that all workers have used. Raises EmulatorError."""
    server = config.stash.get(_SERVER, None)
    url = _given_url(config) or (server.url if server is not None and server.started else None)
    if _COVERAGE not in config.stash and url is not None:
        from emulator.testing.client import Client

        config.stash[_COVERAGE] = Client(url, token=os.environ.get("EMULATOR_CONTROL_TOKEN")).get("/coverage")
    return config.stash.get(_COVERAGE, NOTHING_COVERED)


def _check_requirements(requirements: list[str]) -> None:
    from emulator.errors import ConfigError
    from emulator.reports.coverage import check_requirements

    try:
        check_requirements(requirements)
    except ConfigError as error:
        raise pytest.UsageError(f"--emulator-coverage-fail: {error}") from None


def _other_emulator() -> str | None:
    """Where another `emulator` is that hides the package of this plugin, None when there is none."""
    if "emulator" in sys.modules:
        spec = sys.modules["emulator"].__spec__
        origin = (spec and spec.origin) or getattr(sys.modules["emulator"], "__file__", None)
    else:
        spec = find_spec("emulator")
        origin = spec and spec.origin
    return None if origin and PACKAGE.samefile(origin) else origin or "something without a file"


def _report_files(texts: list[str]) -> list[ReportFile]:
    """The files that failed tests are written to. Raises UsageError, before any test runs, for one that can't be."""
    from emulator.errors import ConfigError
    from emulator.testing.failure_report import failure_files

    try:
        return failure_files(texts)
    except ConfigError as error:
        raise pytest.UsageError(str(error)) from None


def _hidden(other: str) -> str:
    return (
        f"the pytest plugin of ai-api-emulator stands aside, because `import emulator` finds {other} instead of its"
        " package; `-p no:emulator` turns the plugin off"
    )


def _given_url(config: pytest.Config) -> str | None:
    return config.getoption("--emulator-url") or os.environ.get("EMULATOR_URL") or None


def _world(server: Emulator, node: pytest.Item) -> Emulator:
    """The world of a test. It has the same name in each run and on each worker, as all chance is drawn from that."""
    from hashlib import sha256

    from emulator.testing.client import ControlError

    plain = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in node.name)
    name = f"{plain[:60].strip('-') or 'test'}-{sha256(node.nodeid.encode()).hexdigest()[:8]}"
    options = _options(node)
    try:
        world = server.world(name, **options)
    except ControlError as error:
        if error.status != 409:
            raise
        # The same test runs in another session on this server, or was interrupted there.
        other = f"{name}-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}-{os.urandom(4).hex()}"
        world = server.world(other, **options)
    if _PROJECT in node.config.stash and (state := node.config.stash[_PROJECT][1]) is not None:
        _begin_with(world, state, options, node.config.stash[_PROJECT][0])
    return world


def _begin_with(world: Emulator, state: dict[str, Any], options: dict[str, Any], project: dict[str, Any]) -> None:
    """Lets a test's world begin with the project's state; what the markers and the project say takes precedence."""
    from emulator.settings.clock_start import ClockStart
    from emulator.state_file import starting

    said = {"scenario", "scenarios"} & {name for name, value in options.items() if value} or "scenarios" in project
    clock = project.get("clock", ClockStart())
    if "frozen" in options:
        clock = ClockStart(world.clock.now, 0.0 if options["frozen"] else 1.0, False)
    world.restore(starting(state, tuple(world.scenarios) if said else (), clock))


def _project_file(folder: Path) -> str | None:
    """What the project file of a folder is called; whether it is right, only a fixture says."""
    found = [name for name in ("emulator.yaml", "emulator.yml") if (folder / name).is_file()]
    with suppress(OSError, ValueError):
        if not found and "[tool.emulator]" in (folder / "pyproject.toml").read_text(encoding="utf-8"):
            return "[tool.emulator] in pyproject.toml"
    return found[0] if found else None


def _project(config: pytest.Config) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """What the project file says of servers, and the state that each test's world begins with."""
    if _PROJECT not in config.stash:
        from emulator.errors import EmulatorError
        from emulator.project import read_project
        from emulator.state_file import read_state

        try:
            values = dict(read_project(config.rootpath).values)
            file = values.pop("state", None)
            config.stash[_PROJECT] = values, read_state(file) if file else None
        except EmulatorError as error:
            pytest.fail(str(error), pytrace=False)
    return config.stash[_PROJECT]


def _owner(worker: dict[str, Any]) -> str | None:
    """The name of a worker of pytest-xdist that no other one has, in whichever run."""
    return f"pytest-xdist {worker['testrunuid']} {worker['workerid']}" if worker else None


def _options(node: pytest.Item) -> dict[str, Any]:
    """What the markers of a test say, the nearest one's word last; and whose world it is."""
    options: dict[str, Any] = {"owner": _owner(getattr(node.config, "workerinput", {}))}
    for mark in reversed(list(node.iter_markers(MARKER))):
        unknown = [name for name in mark.kwargs if name not in KEYWORDS]
        if mark.args or unknown:
            found = repr(unknown[0] if unknown else mark.args[0])
            raise pytest.UsageError(f"@pytest.mark.{MARKER} takes {', '.join(KEYWORDS)}; found {found}")
        if {"scenario", "scenarios"} & set(mark.kwargs):
            options = {name: value for name, value in options.items() if name not in ("scenario", "scenarios")}
        options |= {name: value for name, value in mark.kwargs.items() if name not in NOT_OF_WORLDS}
    for word in ("scenario", "scenarios"):
        if word in options:
            options[word] = _beside(node.path.parent, options[word])
    if not {"scenario", "scenarios"} & set(options):
        options["scenarios"] = node.config.getoption("--emulator-scenario")
    return options


def _unmet(world: Emulator, node: pytest.Item) -> str:
    """What is not met of the world's expectations; nothing of a test that has failed already."""
    mark = next((mark for mark in node.iter_markers(MARKER) if "expect" in mark.kwargs), None)
    if node.stash.get(_FAILED, False) or (mark is not None and not mark.kwargs["expect"]) or not world.running:
        return ""
    found = world.expectations
    return "" if found.ok else found.text


def _env(node: pytest.Item) -> str:
    """What is to be set for a test: `true`, `https`, or nothing."""
    mark = next((mark for mark in node.iter_markers(MARKER) if "env" in mark.kwargs), None)
    value = node.config.getini("emulator_env") if mark is None else mark.kwargs["env"]
    text = str(value).strip().lower()
    if text not in ("true", "false", "https", "none"):
        where = "emulator_env" if mark is None else f"@pytest.mark.{MARKER}: env"
        raise pytest.UsageError(f"{where} is {value!r}; expected true, false or https")
    return text if text in ("true", "https") else ""


def _set_environment(world: Emulator, env: str, patch: pytest.MonkeyPatch) -> dict[str, str]:
    from emulator.testing.environment import read_before

    try:
        variables = world.environment(https=env == "https")
    except ValueError as error:
        pytest.fail(str(error), pytrace=False)
    for sentence in read_before(world, variables):
        warnings.warn(pytest.PytestWarning(sentence), stacklevel=2)
    for name, value in variables.items():
        patch.setenv(name, value)
    return variables


def _beside(folder: Path, names: Any) -> Any:
    """The names with those of files taken from the test's folder, if they are there."""
    if isinstance(names, (list, tuple)):
        return [_beside(folder, name) for name in names]
    beside = folder / names
    return beside if beside.is_file() else names


class LazyServer:
    """A listening socket of the loopback, whose server is started by the first connection to it.

    Whoever runs tests in worker processes holds the door, so the server lives as long as all of them; and when nobody
    comes, nothing but a socket was ever made.
    """

    def __init__(self, options: Callable[[], dict[str, Any]] = dict) -> None:
        self._options = options
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=2_048)
        self._socket.set_inheritable(False)
        self._closing = False
        self._server: ServerThread | None = None
        self._listener = threading.Thread(target=self._wait, name="emulator's door", daemon=True)
        self._listener.start()

    @property
    def url(self) -> str:
        """Passes the shared server on to the workers."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    @property
    def started(self) -> bool:
        """Whether somebody has connected."""
        return self._server is not None

    def close(self) -> None:
        """Stop the server, if there is one."""
        self._closing = True
        if self._listener.is_alive():
            self._wake()
            self._listener.join()
        if self._server is not None:
            self._server.stop()
        self._socket.close()

    def _wake(self) -> None:
        with socket.create_connection(self._socket.getsockname()[:2]):
            pass

    def _wait(self) -> None:
        """Until somebody connects; the connection is left to the server."""
        import select

        select.select([self._socket], [], [])
        if self._closing:
            return
        from emulator.settings.options import load_settings
        from emulator.testing.emulator import ServerThread

        server = ServerThread(load_settings(self._options(), {}), self._socket)
        server.start()
        self._server = server
