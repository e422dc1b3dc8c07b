"""Date formats: HTTP dates and ISO 8601, always in UTC."""

from __future__ import annotations

from calendar import timegm
from functools import lru_cache
from time import gmtime

LATEST = 253_402_300_799.0  # the last second of the year 9999, the last that these formats have

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def http_date(epoch: float) -> bytes:
    """`Thu, 01 Jan 2026 00:00:00 GMT` (IMF-fixdate, RFC 9110 section 5.6.7), rounded down to seconds."""
    return _http_date(int(epoch))


@lru_cache(maxsize=64)
def date_line(second: float) -> str:
    """The header line `date` of a whole second, as it is sent; each reply has one, so the last are remembered."""
    return f"date: {http_date(second).decode()}\r\n"


def iso(epoch: float, milliseconds: bool = False) -> str:
    """`2026-01-01T00:00:00Z` or `2026-01-01T00:00:00.000Z`; rounded down."""
    if not milliseconds:
        return iso_second(int(epoch))
    # Floats fall slightly short of most milliseconds; the small addend keeps 0.123 from becoming 0.122.
    second, thousandth = divmod(int(epoch * 1000 + 0.001), 1000)
    return f"{_iso(second)}.{thousandth:03}Z"


def month_end(epoch: float) -> float:
    """The first second of the next month, in UTC."""
    year, month, *_ = gmtime(epoch)
    return float(timegm((year + month // 12, month % 12 + 1, 1, 0, 0, 0)))


@lru_cache(maxsize=64)
def _http_date(second: int) -> bytes:
    year, month, day, hour, minute, at, weekday, *_ = gmtime(second)
    return f"{DAYS[weekday]}, {day:02} {MONTHS[month - 1]} {year:04} {hour:02}:{minute:02}:{at:02} GMT".encode()


@lru_cache(maxsize=64)
def iso_second(second: int) -> str:
    """`2026-01-01T00:00:00Z` of a whole second; most responses have one, so the last are remembered."""
    return _iso(second) + "Z"


@lru_cache(maxsize=64)
def _iso(second: int) -> str:
    year, month, day, hour, minute, at, *_ = gmtime(second)
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{at:02}"
