"""Addresses to listen on: how they are written, and which ones only this machine reaches."""

from __future__ import annotations

import pytest

from emulator.settings.listen import Listen, parse_listen


@pytest.mark.parametrize(
    ("text", "host", "port", "shown", "loopback"),
    [
        ("127.0.0.1:8484", "127.0.0.1", 8484, "127.0.0.1:8484", True),
        ("0.0.0.0:80", "0.0.0.0", 80, "0.0.0.0:80", False),
        ("localhost:0", "localhost", 0, "localhost:0", True),
        ("[::1]:9000", "::1", 9000, "[::1]:9000", True),
        ("[::]:9000", "::", 9000, "[::]:9000", False),
        ("9000", "127.0.0.1", 9000, "127.0.0.1:9000", True),
        (" emulator.test:65535 ", "emulator.test", 65535, "emulator.test:65535", False),
    ],
)
def test_an_address_is_read_and_shown(text: str, host: str, port: int, shown: str, loopback: bool) -> None:
    listen = parse_listen(text)
    assert listen == Listen(host, port)
    assert (str(listen), listen.is_loopback) == (shown, loopback)


@pytest.mark.parametrize(
    "text", ["", ":8484", "127.0.0.1:", "127.0.0.1", "::1:80", "[::1]", "a b:80", "h:65536", "h:-1", "http://h:80"]
)
def test_an_invalid_address_is_refused(text: str) -> None:
    with pytest.raises(
        ValueError, match=r"^HOST:PORT such as 127\.0\.0\.1:8484, \[::1\]:8484 or 8484, with a port from"
    ):
        parse_listen(text)
