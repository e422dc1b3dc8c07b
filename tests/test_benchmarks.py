"""The benchmark measures what it says: its parts, and one small round against the smallest application."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import pytest
import yaml

from benchmarks import process
from benchmarks.bare import steps
from benchmarks.client import fire, is_whole
from benchmarks.machine import free_port, resident
from benchmarks.measure import PACED, Bench, compare, paced_rows
from benchmarks.pace import Pace, judge, listen, times
from benchmarks.request import expect, message, repeated, stream_of
from benchmarks.rules import scenario
from benchmarks.table import Row, at_least, at_most, lines
from emulator.scenario.model import ScenarioFile

BODY = b"event: start\ndata: {}\n\n" + b"event: word\ndata: a\n\n" * 50 + b"event: end\ndata: {}\n\n"


def bench(folder: Path, rounds: int = 3) -> Bench:
    return Bench(1, rounds, 10, None, folder, (sys.executable,), lambda text: None)


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


def test_rounds_are_compared_one_by_one_so_that_a_slow_one_counts_for_both(tmp_path: Path) -> None:
    first, second = iter([0, 100, 10, 100]), iter([0, 60, 6, 70])
    ratio = compare(bench(tmp_path), lambda seconds: next(first), lambda seconds: next(second))
    assert ratio.value == pytest.approx(0.6)


def test_a_bar_that_is_missed_says_so() -> None:
    rows = [at_least("speed", 0.4, 0.5, ""), at_most("start", 0.4, 0.5, "s", ""), at_least("text", 0.1, None, "")]
    assert [row.verdict for row in rows] == ["MISSED", "met", "-"]


def test_one_lost_event_is_a_missed_bar() -> None:
    late, lost = paced_rows(500, 15, [Pace(1, 1, 2, 3, 0), Pace(1, 1, 2, 3, 1)], [Pace(1, 1, 2, 3, 0)])
    assert (late.good, lost.good) == (True, False)


def test_the_columns_of_the_table_are_aligned() -> None:
    shown = lines([Row("a", "1", "2", True), Row("longer", "1", "2", False, "x")])
    assert [line.find("1 ") for line in shown[2:]] == [8, 8]


@pytest.mark.parametrize("kind", ["equality", "text"])
def test_the_generated_rules_are_a_scenario(kind: str, tmp_path: Path) -> None:
    written = ScenarioFile.model_validate(yaml.safe_load(scenario(tmp_path, kind, 10).read_text()))
    assert len(written.rules) == 10


def test_the_paced_scenario_has_an_event_each_20_ms() -> None:
    paced = ScenarioFile.model_validate(yaml.safe_load(PACED.read_text()))
    assert paced.latency is not None
    assert paced.latency.token == "20ms"


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
