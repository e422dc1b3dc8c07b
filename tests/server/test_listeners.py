"""Where the server listens: `localhost` is every loopback address of the machine, with one port."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from errno import EADDRINUSE, EADDRNOTAVAIL
from pathlib import Path

import pytest

from emulator.errors import ConfigError
from emulator.server import listeners
from emulator.settings.listen import Listen
from emulator.settings.options import Settings
from tests import loopback
from tests.process import Serving


def missing(host: str) -> bool:
    try:
        socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError:
        return True
    return False


def bound(stack: ExitStack, listen: Listen) -> list[tuple[str, int]]:
    sockets = [stack.enter_context(each) for each in listeners.bind(Settings(listen=listen))]
    return [each.getsockname()[:2] for each in sockets]


PRESENT = [host for host in listeners.LOOPBACKS if not missing(host)]


@pytest.mark.finding("A11")
def test_localhost_is_every_loopback_address_with_one_port() -> None:
    with ExitStack() as stack:
        addresses = bound(stack, Listen("localhost", 0))
        assert [host for host, _ in addresses] == PRESENT
        assert len({port for _, port in addresses}) == 1
        for address in addresses:
            socket.create_connection(address).close()


@pytest.mark.finding("A11")
def test_an_address_is_that_address_alone() -> None:
    with ExitStack() as stack:
        for host in PRESENT:
            assert [each for each, _ in bound(stack, Listen(host, 0))] == [host]


@pytest.mark.finding("A11")
@pytest.mark.parametrize("absent", listeners.LOOPBACKS)
def test_a_machine_without_one_of_them_is_served_on_the_other(monkeypatch: pytest.MonkeyPatch, absent: str) -> None:
    tried: list[str] = []

    def listen(host: str, port: int) -> socket.socket:
        tried.append(host)
        if host == absent:
            raise OSError(EADDRNOTAVAIL, "Cannot assign requested address")
        return socket.create_server(("127.0.0.1", port))

    monkeypatch.setattr(listeners, "_listen", listen)
    with ExitStack() as stack:
        assert len(bound(stack, Listen("localhost", 0))) == 1
    assert tried == list(listeners.LOOPBACKS)


@pytest.mark.finding("A11")
def test_a_machine_without_any_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def listen(host: str, port: int) -> socket.socket:
        raise OSError(EADDRNOTAVAIL, "Cannot assign requested address")

    monkeypatch.setattr(listeners, "_listen", listen)
    with pytest.raises(ConfigError, match="can't listen on localhost:0: Cannot assign requested address; choose"):
        listeners.bind(Settings(listen=Listen("localhost", 0)))


@pytest.mark.finding("A11")
def test_a_port_that_is_taken_on_one_of_them_is_refused_unless_any_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[socket.socket] = []

    def listen(host: str, port: int) -> socket.socket:
        if host == "::1" and len(made) < 3:
            raise OSError(EADDRINUSE, "Address already in use")
        made.append(socket.create_server(("127.0.0.1", port if host == "127.0.0.1" else 0)))
        return made[-1]

    monkeypatch.setattr(listeners, "_listen", listen)
    with pytest.raises(ConfigError, match="--listen HOST:PORT"):
        listeners.bind(Settings(listen=Listen("localhost", loopback_port())))
    assert [each.fileno() for each in made] == [-1]
    with ExitStack() as stack:
        assert len(bound(stack, Listen("localhost", 0))) == 2
    assert all(each.fileno() == -1 for each in made)


def loopback_port() -> int:
    """A port that is free."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.mark.finding("A11")
@pytest.mark.slow
def test_serve_answers_on_all_of_them(tmp_path: Path) -> None:
    with Serving(tmp_path, "--listen", "localhost:0") as process:
        port = process.client.base_url.port
        for host in PRESENT:
            assert loopback.get(f"http://{Listen(host, port or 80)}/_emulator/health").status_code == 200


def test_a_socket_listens_as_soon_as_it_is_bound_so_that_the_next_one_is_refused() -> None:
    (sock,) = listeners.bind(Settings(listen=Listen(port=0)))
    with sock as first:
        taken = Settings(listen=Listen(port=first.getsockname()[1]))
        with pytest.raises(ConfigError, match="Address already in use"):
            listeners.bind(taken)


@pytest.mark.slow
@pytest.mark.parametrize("host", ["no-such-host.invalid", "203.0.113.1"])
def test_an_address_that_is_not_ours_is_refused(host: str) -> None:
    with pytest.raises(ConfigError, match=f"can't listen on {host}:0: .+; choose another with --listen HOST:PORT"):
        listeners.bind(Settings(listen=Listen(host, 0)))
