"""Header lines: as bytes, and as the text that is sent."""

from __future__ import annotations

from emulator.http.headers import read_lines, size_of_lines, write_lines

LINES = [(b"X-Name", b"caf\xe9"), (b"X-Empty", b""), (b"Location", b"http://a.test: 80")]


def test_lines_that_are_written_are_read_again_as_they_were() -> None:
    text = write_lines(LINES)
    assert text == "X-Name: café\r\nX-Empty: \r\nLocation: http://a.test: 80\r\n"
    assert read_lines(text) == LINES
    assert read_lines("") == []


def test_their_size_is_that_of_names_and_values() -> None:
    assert size_of_lines(LINES) == len("X-Name" + "cafe" + "X-Empty" + "Location" + "http://a.test: 80")
