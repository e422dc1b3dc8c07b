"""The benchmark measures what it says: its parts, and one small round against the smallest application."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

import emulator
from benchmarks import measure, process
from benchmarks.bare import steps
from benchmarks.client import fire, is_whole
from benchmarks.endurance import abort_streams, reload_often, send_mixed
from benchmarks.faults import use_up
from benchmarks.inspector import CHROMIUM, longest_task, pages, watch_frames
from benchmarks.load import Cost, Load, apply_load
from benchmarks.machine import cpu_seconds, evict, free_port, queued_seconds, resident
from benchmarks.measure import HELLO, LIMITED, PACED, Bench, Ratio, log, paced_rows, scale, worst_of
from benchmarks.pace import Pace, judge, listen, times
from benchmarks.process import ROOT
from benchmarks.request import Request, expect, message, repeated, stream_of
from benchmarks.rules import scenario
from benchmarks.scale import Scaled, Store, estimate, scaled, store, workers
from benchmarks.table import Row, at_least, at_most, lines
from benchmarks.walk import ROWS, Visit, Walk, traced, visits
from emulator.language.schema.scenario import ScenarioFile
from tests.redis_server import MISSING, installed

pytestmark = pytest.mark.slow

BODY = b"event: start\ndata: {}\n\n" + b"event: word\ndata: a\n\n" * 50 + b"event: end\ndata: {}\n\n"


def load(cost: float, used: float = 1.0, queued: float = 0.0) -> Load:
    """A second of load in which a request cost so many microseconds."""
    return Load(round(used * 1e6 / cost), 1.0, used, queued)


def test_files_that_are_dropped_from_memory_are_found_once_and_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    for name in ("a", "inner/b"):
        (tmp_path / name).write_bytes(b"kept")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert evict([tmp_path, tmp_path / "inner", tmp_path / "missing"]) == (2 if hasattr(os, "posix_fadvise") else 0)
    assert [(tmp_path / name).read_bytes() for name in ("a", "inner/b")] == [b"kept", b"kept"]


def test_a_start_is_measured_with_files_in_memory_and_without(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    class Started(Bench):
        """A bench whose servers take 0.6 s, or 0.7 s when files were dropped from memory just before."""

        def emulator(self, scenario: Path | None = None, *options: str) -> AbstractContextManager[process.Server]:
            order.append("start")
            return nullcontext(process.Server(1, 0, 0.7 if order[-2:-1] == ["drop"] else 0.6, 0.5))

    monkeypatch.setattr(measure, "evict", lambda folders: order.append("drop"))
    bench = Started(1.0, 1, 1, None, Path(), (), lambda line: None)
    again, first = measure.start(bench)
    assert (again.figure, again.good, first.figure, first.good) == ("0.6 s", False, "0.7 s", True)
    assert order.count("drop") == 5


def test_the_repeated_event_of_a_stream_is_found_and_counted() -> None:
    assert repeated(BODY) == (b"word", 50)


def test_a_paced_stream_begins_with_what_stands_before_its_first_event() -> None:
    writes = steps(BODY, b"word")
    assert len(writes) == 50
    assert b"".join(writes) == BODY
    assert writes[0].startswith(b"event: start")
    assert writes[-1].endswith(b"event: end\ndata: {}\n\n")


def test_an_event_is_there_when_its_last_byte_is() -> None:
    pieces = [
        (1.0, b"HTTP/1.1 200 OK\r\n\r\n15\r\nevent: word\ndata: 1\n"),
        (2.0, b"\n\r\n"),
        (3.0, b"event: word\n\n"),
    ]
    assert times(pieces, b"word") == [2.0, 3.0]


def test_lateness_is_measured_from_the_first_event_and_an_early_event_is_not_late() -> None:
    pace = judge([9.9], [[10.0, 10.02, 10.05, 10.05]], events=5, gap=0.02)
    assert (round(pace.first), round(pace.p50), round(pace.p99), pace.lost) == (100, 0, 10, 1)


def test_streams_without_any_event_are_never_on_time() -> None:
    assert judge([0.0], [[]], events=2, gap=0.02) == Pace(math.inf, math.inf, math.inf, math.inf, 2)


def test_rounds_are_compared_one_by_one_so_that_a_slow_one_counts_for_both() -> None:
    ratio = Ratio.of(16, [load(40), load(400), load(40)], [load(80), load(800), load(100)])
    assert ratio.value == pytest.approx(0.5, abs=1e-3)
    assert (ratio.first.microseconds, ratio.second.microseconds) == pytest.approx((40, 100), rel=1e-3)


@pytest.mark.finding("K3")
def test_the_worst_count_of_connections_is_held_against_the_bar() -> None:
    ratios = [Ratio.of(count, [load(40)], [load(cost)]) for count, cost in ((16, 70), (32, 100), (64, 60))]
    row = worst_of("speed", ratios, 0.5)
    assert (row.figure, row.verdict, row.met) == ("0.40", "MISSED", False)
    assert "32: 0.40 (40.0/100.0 µs, core used 100%/100%)" in row.detail


@pytest.mark.finding("K3")
@pytest.mark.parametrize(
    ("measured", "problem"),
    [
        (load(40, used=0.985), ""),
        (load(40, used=0.7), "the server was idle for 30% of the time: the client is too slow, or others use its core"),
        (load(40, used=0.7, queued=0.3), "other processes took 30% of the server's core"),
    ],
)
def test_a_server_that_does_not_use_its_core_gives_no_valid_figure(measured: Load, problem: str) -> None:
    row = worst_of("speed", [Ratio.of(16, [load(40)], [measured]), Ratio.of(32, [load(40)], [load(40)])], 0.5)
    assert row.problem == problem
    assert (row.verdict, row.met) == (("NOT VALID", False) if problem else ("met", True))


@pytest.mark.parametrize(("printing", "figure", "met"), [(50.0, "0.90", True), (80.0, "0.56", False)])
def test_the_request_log_is_held_against_the_same_server_without_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, printing: float, figure: str, met: bool
) -> None:
    started: list[tuple[str, ...]] = []
    streamed = message("A stream, please.")

    class Servers(Bench):
        """A bench whose servers only have ports: 1 is the first that is started, 2 the second."""

        def emulator(self, scenario: Path | None = None, *options: str) -> AbstractContextManager[process.Server]:
            started.append(options)
            return nullcontext(process.Server(len(started), 0, 0.0, 0.0))

    def measured(server: process.Server, request: Request, seconds: float, connections: int, distinct: bool) -> Load:
        if request is HELLO:
            return load(45.0 if server.port == 1 else printing)
        return load(95.0 if server.port == 1 else 100.0)

    monkeypatch.setattr(measure, "apply_load", measured)
    monkeypatch.setattr(measure, "stream_of", lambda port: streamed)
    messages, streams = log(Servers(1.0, 3, 0, None, tmp_path, (), lambda line: None))
    assert started == [("--quiet",), ()]
    assert (messages.figure, messages.bar, messages.met) == (figure, ">= 0.90", met)
    assert (streams.figure, streams.met) == ("0.95", True)
    assert f"32: {figure} (45.0/{printing:.1f} µs" in messages.detail


def test_the_cpu_time_of_another_process_is_what_it_says_itself() -> None:
    program = (
        "from time import process_time as cpu\nwhile cpu() < 0.1: pass\nprint(cpu(), flush=True); input(); print(cpu())"
    )
    begin = time.perf_counter()
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as busy:
        assert busy.stdin is not None
        assert busy.stdout is not None
        first = float(busy.stdout.readline())
        measured, queued = cpu_seconds(busy.pid), queued_seconds(busy.pid)
        wall = time.perf_counter() - begin
        busy.stdin.write(b"\n")
        busy.stdin.flush()
        assert 0.1 <= first <= measured <= float(busy.stdout.readline())
        assert 0 <= queued <= wall


def test_a_bar_that_is_missed_says_so() -> None:
    rows = [at_least("speed", 0.4, 0.5, ""), at_most("start", 0.4, 0.5, "s", ""), at_least("text", 0.1, None, "")]
    assert [row.verdict for row in rows] == ["MISSED", "met", "-"]


def test_one_lost_event_is_a_missed_bar() -> None:
    late, lost = paced_rows(500, 15, [Pace(1, 1, 2, 3, 0), Pace(1, 1, 2, 3, 1)], [Pace(1, 1, 2, 3, 0)])
    assert (late.good, lost.good) == (True, False)


def test_the_columns_of_the_table_are_aligned() -> None:
    shown = lines([Row("a", "1", "2", True), Row("longer", "1", "2", False, "x")])
    assert [line.find("1 ") for line in shown[2:]] == [8, 8]


@pytest.mark.parametrize("kind", ["equality", "contains", "matches"])
def test_the_generated_rules_are_a_scenario(kind: str, tmp_path: Path) -> None:
    written = ScenarioFile.model_validate(yaml.safe_load(scenario(tmp_path, kind, 10).read_text()))
    assert len(written.rules) == 10


def test_the_paced_scenario_has_an_event_each_20_ms() -> None:
    paced = ScenarioFile.model_validate(yaml.safe_load(PACED.read_text()))
    assert paced.latency is not None
    assert paced.latency.token == "20ms"


def test_the_key_of_the_load_has_limits_in_the_scenario_that_says_so() -> None:
    with emulator.Emulator(scenario=str(LIMITED)) as limited:
        expect(urlsplit(limited.url).port or 0, message("Hello!"))
        headers = limited.requests().first.reply_headers
    assert (headers["X-RateLimit-Limit"], headers["X-RateLimit-Remaining"]) == ("1000000000", "999999999")


@pytest.mark.parametrize(
    ("answer", "whole"),
    [
        (b"HTTP/1.1 200 OK\r\n", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", True),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n", False),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", True),
    ],
)
def test_an_answer_is_whole_by_its_length_or_its_last_chunk(answer: bytes, whole: bool) -> None:
    assert is_whole(answer) is whole


def test_one_round_of_load_and_of_pace_on_the_smallest_application(tmp_path: Path) -> None:
    body, hello = tmp_path / "body", message("Hello!")
    body.write_bytes(BODY)
    options = ("--body", str(body), "--content-type", "text/event-stream")
    with process.bare(None, hello, *options) as server:
        assert expect(server.port, hello).body == BODY
        assert stream_of(server.port).path == "/v2/messages/stream"
        assert resident(server.pid) > 1
        answered, failed = fire(server.port, hello, 0.2, 4, distinct=True)
        assert (answered > 0, failed) == (True, 0)
        measured = apply_load(server, hello, 1, 4)
        assert 0 < measured.cost < measured.seconds / measured.requests * 1.05e6
    with process.bare(None, hello, *options, "--paced", "word", "--gap", "0.001") as server:
        pace = listen(server.port, hello, 5, b"word", 50, 0.001)
        assert pace.lost == 0
        assert 0 < pace.blind < math.inf


def test_a_server_that_ends_before_it_answers_is_told_with_its_last_words() -> None:
    command = [sys.executable, "-c", "raise SystemExit('no such scenario')"]
    with (
        pytest.raises(RuntimeError, match="ended with status 1") as caught,
        process.running(command, free_port(), None, message("Hello!")),
    ):
        pytest.fail("it never answered")
    assert "no such scenario" in caught.value.__notes__[0]


def test_a_visit_begins_where_a_call_enters_another_file() -> None:
    calls = [("a.py", "f"), ("a.py", "g"), ("b.py", "h"), ("b.py", "h"), ("a.py", "g")]
    walk = Walk("flow", visits(calls))
    assert walk.visits == (Visit("a.py", "f"), Visit("b.py", "h"), Visit("a.py", "g"))
    assert (walk.files, walk.returns) == (2, 1)


def test_calls_are_traced_through_the_files_of_a_package_and_generated_code_counts_as_its_maker(tmp_path: Path) -> None:
    package = tmp_path / "walked"
    package.mkdir()
    package.joinpath("__init__.py").write_text("from walked import made, outer")
    package.joinpath("made.py").write_text("names = {}\nexec('def generated(): return 1', names)\n")
    package.joinpath("outer.py").write_text(
        "import json\nfrom walked import made\n\n"
        "def outer():\n    return json.dumps(helper()), made.names['generated'](), helper()\n\n"
        "def helper():\n    return 1\n"
    )
    program = tmp_path / "program.py"
    program.write_text(
        "import sys, threading\nfrom pathlib import Path\nfrom benchmarks.walk import Tracer\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        f"tracer = Tracer(Path({str(package)!r}))\nimport walked\n"
        "with tracer.installed(), tracer.recording():\n"
        "    thread = threading.Thread(target=walked.outer.outer)\n    thread.start()\n    thread.join()\n"
        "    print([(visit.file, visit.function) for visit in tracer.take()], tracer.take())\n"
    )
    command = [sys.executable, str(program)]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == (
        "[('outer.py', 'outer'), ('made.py', 'generated'), ('outer.py', 'helper')] ()\n",
        "",
    )


def test_the_walks_of_the_four_flows_are_through_files_of_the_package_and_always_the_same() -> None:
    walks = traced()
    assert walks == traced()
    assert [walk.flow.split()[-1] for walk in walks] == ["/messages", "events", "3", "rows"]
    package = Path(emulator.__file__).parent
    assert {visit.file for walk in walks for visit in walk.visits if not (package / visit.file).is_file()} == set()
    plain, streamed, cut, batch = walks
    assert 5 < plain.files <= len(plain.visits)
    assert {visit.file for visit in cut.visits} - {visit.file for visit in streamed.visits}  # those of the fault
    assert len(batch.visits) > len(plain.visits) + ROWS


def test_a_long_life_is_made_of_what_the_emulator_answers() -> None:
    with process.emulator(None, HELLO, "default") as server:
        reload_often(server.port, 2)
        use_up(server.port, 2, HELLO)
        assert send_mixed(server.port, 16 * 20) == 16 * 20
        assert abort_streams(server.port, 20) == 20


@pytest.mark.finding("K1")
def test_open_pages_read_the_feed_and_frames_are_watched_where_a_browser_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.inspector.RATE", 50)  # the figures are no matter here
    with process.emulator(None, HELLO, "default") as server:
        with pages(server.port, 2):
            assert fire(server.port, HELLO, 0.2, 2, distinct=False)[1] == 0
        if CHROMIUM is None:
            with pytest.raises(RuntimeError, match="scripts/clients installs it"):
                watch_frames(server.port, "watched", HELLO, 10)
        else:
            frames = watch_frames(server.port, "watched", HELLO, 60)
            assert frames.rows == 60
            assert frames.longest > 0
            assert frames.work > 0


def test_the_longest_task_is_that_of_the_pages_own_thread_in_cpu_time() -> None:
    events = [
        {"name": "inspector", "cat": "blink.user_timing", "pid": 1, "tid": 1},
        {"name": "RunTask", "pid": 2, "tid": 1, "dur": 99_000, "tdur": 88_600},
        {"name": "RunTask", "pid": 1, "tid": 1, "dur": 90_000, "tdur": 12_500},
        {"name": "RunTask", "pid": 1, "tid": 1, "dur": 3_000, "tdur": 2_900},
        {"name": "RunTask", "pid": 1, "tid": 2, "dur": 80_000, "tdur": 70_000},
        {"name": "Instant", "pid": 1, "tid": 1},
    ]
    assert longest_task(json.dumps({"traceEvents": events}).encode()) == 12.5
    assert longest_task(b'{"traceEvents": []}') == 0


def test_eight_cores_are_seven_workers_and_a_store_whichever_is_full_first() -> None:
    assert estimate(worker=100.0, kept=10.0) == pytest.approx(70_000)
    assert estimate(worker=100.0, kept=50.0) == pytest.approx(20_000)


def test_a_core_is_not_idle_while_a_store_on_it_works_for_the_server() -> None:
    apart, beside = Load(1_000, 1.0, 0.86, 0.13), Load(1_000, 1.0, 0.86, 0.13, store=0.12)
    assert Cost.of([apart]).problem == "other processes took 13% of the server's core"
    cost = Cost.of([beside])
    assert (cost.microseconds, cost.used, cost.queued) == pytest.approx((860, 0.98, 0.01))
    assert cost.problem == ""
    assert "idle for 10%" in Cost.of([replace(beside, cpu=0.77)]).problem


@pytest.mark.parametrize("core", [None, 0])
def test_state_in_redis_is_held_against_memory_at_the_count_of_connections_that_is_worst(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, core: int | None
) -> None:
    costs = {32: 100.0, 64: 125.0, 128: 80.0}  # µs

    class Servers(Bench):
        """A bench whose servers only have ports: 1 keeps its state in memory, the others do not."""

        def emulator(self, scenario: Path | None = None, *options: str) -> AbstractContextManager[process.Server]:
            return nullcontext(process.Server(2 if "--store" in options else 1, 0, 0.0, 0.0))

    def on_store(
        kept: object, server: object, request: Request, seconds: float, connections: int, one_core: bool = False
    ) -> Scaled:
        used = 0.9 if one_core else 1.0
        return Scaled(replace(load(costs[connections], used), store=1 - used), 10.0, 2 * costs[connections], 0.05)

    @contextmanager
    def nowhere(where: int | None) -> Iterator[Store]:
        cores.append(where)
        yield Store("unix://nowhere", 0, None)  # type: ignore[arg-type] # nobody asks it

    cores: list[int | None] = []
    monkeypatch.setattr(measure, "store", nowhere)
    monkeypatch.setattr(measure, "apply_load", lambda *args: load(45.0))
    monkeypatch.setattr(measure, "scaled", on_store)
    ratio, scripts, _, both, _ = scale(Servers(1.0, 3, 0, core, tmp_path, (), lambda line: None))
    assert cores == [core, None]  # one has the server's core, so that it is never idle; two workers have all
    assert (ratio.figure, ratio.verdict) == ("0.36", "met")
    assert "128: 0.56" in ratio.detail
    assert (scripts.detail[:14], both.figure) == ("64 connections", "250.0 µs")


@pytest.mark.skipif(not installed(), reason=MISSING)
def test_a_load_on_a_store_is_counted_in_scripts_and_in_the_time_of_both() -> None:
    with store(None) as kept, process.emulator(None, HELLO, "default", process.EMULATOR, "--store", kept.url) as server:
        assert workers(server) == [server.pid]
        found = scaled(kept, server, HELLO, 0.3, 4)
        beside = scaled(kept, server, HELLO, 0.3, 4, one_core=True).load
    assert found.load.requests > 0
    assert 0 == found.load.store < beside.store < beside.seconds
    assert 0 < found.scripts <= 3
    assert found.store_cost > 0
    assert found.workers_cost == pytest.approx(found.load.cost, rel=0.5)
