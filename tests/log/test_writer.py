"""The writer: a reader that is slow, gone or full holds up nobody."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from emulator.log.writer import LineWriter
from tests.waiting import until

FULL = Path("/dev/full")


def test_what_is_written_arrives_in_order() -> None:
    source, sink = os.pipe()
    writer = LineWriter(sink)
    for number in range(100):
        assert writer.write(f"{number}\n")
    writer.close()
    os.close(sink)
    with open(source) as read:
        assert read.read() == "".join(f"{number}\n" for number in range(100))


def test_lone_surrogates_are_written_as_escapes() -> None:
    source, sink = os.pipe()
    writer = LineWriter(sink)
    writer.write("\udcff\n")
    writer.close()
    os.close(sink)
    with open(source, "rb") as read:
        assert read.read() == b"\\udcff\n"


@pytest.mark.bound("request log")
def test_a_reader_that_takes_nothing_blocks_nobody_and_what_is_too_much_is_refused() -> None:
    source, sink = os.pipe()
    writer = LineWriter(sink, max_pending=200_000)
    taken = [writer.write("x" * 50_000) for _ in range(20)]
    assert taken[:4] == [True] * 4
    assert not all(taken)
    writer.close(timeout=0)
    drain = threading.Thread(target=_drain, args=(source,))
    drain.start()
    until(lambda: writer.write("again"))
    writer.close()
    os.close(sink)
    drain.join()


def _drain(source: int) -> None:
    while os.read(source, 65_536):
        pass
    os.close(source)


@pytest.mark.parametrize("how", ["gone", "full"])
def test_a_write_that_fails_is_reported_once_and_the_last(how: str, caplog: pytest.LogCaptureFixture) -> None:
    if how == "gone":
        source, sink = os.pipe()
        os.close(source)
    else:
        sink = os.open(FULL, os.O_WRONLY)
    writer = LineWriter(sink)
    assert writer.write("a\n")
    until(lambda: writer.failed)
    assert not writer.write("b\n")
    writer.close()
    os.close(sink)
    (record,) = caplog.records
    assert record.getMessage().startswith("the request log can't be written and ends: ")


def test_a_descriptor_that_does_not_block_is_written_to_when_it_can() -> None:
    source, sink = os.pipe()
    os.set_blocking(sink, False)
    writer = LineWriter(sink)
    assert writer.write("x" * 500_000)
    received = b""
    while len(received) < 500_000:
        received += os.read(source, 65_536)
    writer.close()
    os.close(sink)
    os.close(source)
    assert received == b"x" * 500_000


def test_without_a_word_there_is_no_thread() -> None:
    before = threading.active_count()
    LineWriter(1).close()
    assert threading.active_count() == before
