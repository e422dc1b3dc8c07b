"""Date formats: HTTP dates and ISO 8601."""

from __future__ import annotations

import pytest

from emulator.dates import http_date, iso

START = 1_767_225_600.0  # 2026-01-01T00:00:00Z


@pytest.mark.parametrize(
    ("epoch", "date", "short", "long"),
    [
        (0.0, b"Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"),
        (784_111_777.0, b"Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z", "1994-11-06T08:49:37.000Z"),
        (START + 59.9999, b"Thu, 01 Jan 2026 00:00:59 GMT", "2026-01-01T00:00:59Z", "2026-01-01T00:00:59.999Z"),
        (START + 0.123, b"Thu, 01 Jan 2026 00:00:00 GMT", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.123Z"),
        (253_402_300_799.0, b"Fri, 31 Dec 9999 23:59:59 GMT", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000Z"),
    ],
)
def test_a_time_is_written_as_an_http_date_and_in_iso_8601(epoch: float, date: bytes, short: str, long: str) -> None:
    assert (http_date(epoch), iso(epoch), iso(epoch, milliseconds=True)) == (date, short, long)
