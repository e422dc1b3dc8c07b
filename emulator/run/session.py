"""`emulator run`: starts an emulator, redirects the command's calls to it, and reports them afterwards."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import click
from msgspec import Struct, convert
from msgspec.structs import replace

from emulator.environment.trust import TrustFiles, trusting, write
from emulator.environment.variables import allowed_hosts, authority, lines, variables
from emulator.errors import ConfigError, EmulatorError
from emulator.faults.header import armed_order
from emulator.project import read_project
from emulator.reports.annotations import run_annotations
from emulator.reports.annotations import wanted as annotations_wanted
from emulator.reports.coverage import check_requirements, coverage_lines, unmet_requirements
from emulator.reports.files import report_files, write_reports
from emulator.reports.record import RunRecord
from emulator.run.process import CannotRun
from emulator.run.process import run as run_command
from emulator.run.summary import expectation_lines, missing_calls, summary_lines
from emulator.server.listeners import bind
from emulator.settings.listen import Listen
from emulator.settings.options import Settings, load_settings
from emulator.testing.client import DEFAULT, Client, ControlError
from emulator.testing.emulator import ServerThread
from emulator.testing.failure_report import all_exchanges, event_times
from emulator.testing.verdict import Verdict
from emulator.testing.world import World
from emulator.worlds.credentials import ALL_ELSE

# Exit statuses: a call was blocked; the verdict has findings; not as expected; what should have been met was not.
BLOCKED, FINDINGS, UNMET, UNCOVERED = 3, 4, 5, 6
EXCHANGES_IN = {"junit", "har", "jsonl"}  # formats that show exchanges
UNKNOWN = 125  # the run failed and not the command, as `timeout` and `env` have it
ReportLine = Callable[[str], None]


class RunOptions(Struct, frozen=True):
    """Options of a run besides the settings of its emulator."""

    world: str = DEFAULT
    allowed: tuple[str, ...] = ()
    verdict: bool = False
    expected: int = 0  # calls, at least
    reports: tuple[str, ...] = ()  # FORMAT=FILE
    coverage: bool = False
    coverage_fail: tuple[str, ...] = ()  # `unused-rules`, or PATTERN:OUTCOME
    project: str = ""  # what the project file is called

    @property
    def counts(self) -> bool:
        """Whether it is counted which rules and operations are used."""
        return self.coverage or bool(self.coverage_fail)


def run(
    words: Sequence[str], settings: Settings, run_options: RunOptions, env: Mapping[str, str], report: ReportLine
) -> int:
    """Runs a command against a private emulator, and returns the exit status of the run.

    That is the command's own, unless a call was blocked, the calls are not as expected, the requested verdict has
    findings, or something was not covered that should be. Raises ConfigError or ControlError when the emulator can't be
    set up, CannotRun when the command can't be started.
    """
    if not settings.listen.is_loopback:
        raise ConfigError(
            f"--listen is {settings.listen}; a run listens on this machine only, for example on 127.0.0.1:0"
        )
    if settings.state and run_options.world != DEFAULT:
        raise ConfigError(
            f"--state is that of the default world, and --world redirects to {run_options.world!r}; give one of them"
        )
    reports = report_files(run_options.reports)
    check_requirements(run_options.coverage_fail)
    with ExitStack() as stack:
        server = stack.enter_context(_serving(settings))
        client = stack.enter_context(closing(Client(server.url, token=settings.control_token or None)))
        apis = client.get("/apis")["apis"]
        emulated = {*settings.intercept_hosts, *(host.lower() for api in apis for host in api["hosts"])}
        allowed = allowed_hosts(run_options.allowed, emulated)
        world = _world(client, run_options)
        if run_options.world != DEFAULT:  # what is armed at the start is armed in the default world
            for text in settings.faults:
                world.client.post("/faults", armed_order(text))
        trust = stack.enter_context(trusting(authority(settings, emulated, env), bool(allowed), env))
        environment = variables(apis, client.url, trust, allowed, env)
        environment["EMULATOR_WORLD"] = run_options.world
        if settings.control_token:
            environment["EMULATOR_CONTROL_TOKEN"] = settings.control_token
        status = run_command(words, {**env, **environment})
        server.settle()
        try:
            record = _record(world, words, run_options, status, {each.format for each in reports})
            for line in _outcome(record, run_options, emulated, env):
                report(line)
            write_reports(reports, record, env)
            return _end(server, status, record.status, report)
        except (ControlError, ConfigError) as error:
            report(f"emulator run: the command ended with {status}, but its calls can't be reported: {error}")
            return UNKNOWN


def _end(server: ServerThread, command_status: int, status: int, report: ReportLine) -> int:
    """Stops the emulator, which may keep its state; returns the exit status of the run."""
    try:
        server.stop()
    except EmulatorError as error:
        report(f"emulator run: the command ended with {command_status}, but {error}")
        return UNKNOWN
    return status


@contextmanager
def _serving(settings: Settings) -> Iterator[ServerThread]:
    """Yields an emulator that runs meanwhile."""
    thread = ServerThread(settings, *bind(settings))
    thread.start()
    try:
        yield thread
    finally:
        thread.stop()


def _world(client: Client, run_options: RunOptions) -> World:
    """Returns the world of the calls that are not routed to another one."""
    name = run_options.world
    if run_options.counts:
        client.post("/coverage")
    if name == DEFAULT:
        return World(client)
    client.make(f"/worlds/{quote(name, '')}", {"keys": [ALL_ELSE]})
    return World(client.of(name))


def _record(
    world: World, words: Sequence[str], run_options: RunOptions, status: int, formats: AbstractSet[str]
) -> RunRecord:
    """Returns what the run was, with as much of its exchanges as these reports need. Raises ControlError."""
    client = world.client
    proxy, summary, verdict = client.get("/departures"), client.get("/summary"), client.get("/verdict")
    missing = missing_calls(summary, run_options.expected).strip()
    expectations = client.get("/expectations")
    coverage = client.get("/coverage") if run_options.counts else {}
    uncovered = list(unmet_requirements(coverage, run_options.coverage_fail))
    exchanges = list(all_exchanges(client)) if formats & EXCHANGES_IN else []
    return RunRecord(
        command=words,
        command_status=status,
        status=_status(
            status,
            (proxy["departures"], BLOCKED),
            (missing or not expectations["ok"], UNMET),
            (run_options.verdict and not verdict["ok"], FINDINGS),
            (uncovered, UNCOVERED),
        ),
        summary=summary,
        verdict=verdict,
        departures=proxy["departures"],
        untrusted=proxy["untrusted"],
        missing=missing,
        expectations=expectations,
        coverage=coverage,
        uncovered=uncovered,
        url=client.url,
        exchanges=exchanges,
        sent=event_times(client, exchanges) if "har" in formats else {},
    )


def _status(status: int, *failed: tuple[object, int]) -> int:
    """Returns the exit status of the run: that of the first thing that failed, in order of weight. A command that
    failed by itself keeps its own, unless a call was blocked."""
    found = next((each for failure, each in failed if failure), status)
    return found if status == 0 or found == BLOCKED else status


def _outcome(
    record: RunRecord, run_options: RunOptions, emulated: Collection[str], env: Mapping[str, str]
) -> Iterator[str]:
    """Yields the lines that are printed at the end."""
    verdict = convert(record.verdict, Verdict)
    yield from summary_lines(
        record.summary, verdict, record.departures, emulated, run_options.verdict, record.untrusted
    )
    if run_options.project:
        yield f"  set up by {run_options.project}"
    if record.missing:
        yield f"  {record.missing}"
    yield from (f"  {line}" for line in expectation_lines(record.expectations))
    if record.coverage:
        yield from (f"  {line}" for line in coverage_lines(record.coverage))
        yield from (f"  FAILED: {line}" for line in record.uncovered)
    if annotations_wanted(env):
        yield from run_annotations(record, run_options.verdict)


# The calls are reported at the end, so the journal should hold all of them.
JOURNAL_LIMITS = {"journal_entries": 20_000, "journal_bytes": "128MiB"}


def run_program(command: Sequence[str], options: Mapping[str, Any], run_options: Mapping[str, Any]) -> int:
    """Runs a command against a private emulator; returns the exit status. Raises EmulatorError."""
    _hold_streams()
    logging.basicConfig(level=logging.WARNING, format="emulator: %(message)s")
    limits = {name: value for name, value in JOURNAL_LIMITS.items() if not os.environ.get(f"EMULATOR_{name.upper()}")}
    # The command is on this machine, whatever others call the servers that the environment is for, and its emulator is
    # its own.
    project = read_project(Path.cwd())
    loaded = load_settings({**limits, **options}, os.environ, project.values)
    chosen = replace(loaded, public_url="", store="", workers=1)
    try:
        return run(command, chosen, RunOptions(**run_options, project=project.source), os.environ, _report)
    except CannotRun as error:
        _report(f"emulator run: {error}")
        return error.status


def print_environment(url: str, shell: str, folder: str | None) -> int:
    """Prints the variables that redirect a program to a running emulator, with its CA in `folder` (None: the default).

    Raises ConfigError when no emulator responds at `url`.
    """
    client = Client(url, token=os.environ.get("EMULATOR_CONTROL_TOKEN"))
    try:
        apis = client.get("/apis")["apis"]
    except ControlError as error:
        raise ConfigError(f"{error.message}; start one with `emulator serve`, or set its address with --url") from error
    finally:
        client.close()
    trust: TrustFiles | None = None
    if Listen(urlsplit(url).hostname or "").is_loopback:
        chosen = load_settings({"authority": folder, "keep": False}, os.environ)
        certificate = authority(chosen, {host for api in apis for host in api["hosts"]}, os.environ)
        trust = write(certificate, certificate.parent, os.environ)
    else:
        _report(
            f"{url} has its own certificate authority: export it there with `emulator certs`, and name the file in"
            " SSL_CERT_FILE, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE and NODE_EXTRA_CA_CERTS"
        )
    for line in lines(variables(apis, client.url, trust, (), os.environ), shell):
        print(line)
    return 0


def _hold_streams() -> None:
    """Opens closed standard streams, so that no socket gets their numbers: the command would write to it."""
    for stream in range(3):
        try:
            os.fstat(stream)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number


def _report(line: str) -> None:
    """Prints a line to stderr, beside the output of the command; ignores a closed stderr."""
    with contextlib.suppress(OSError):
        click.echo(line, err=True)
