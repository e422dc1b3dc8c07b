"""The client of the control API: what it refuses, and how that is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import quote

import pytest

from emulator import ControlError, Emulator
from emulator.errors import EmulatorError
from emulator.testing.client import Client
from tests.loopback import count_bundles


class Page(BaseHTTPRequestHandler):
    """Something else that listens."""

    def do_GET(self) -> None:
        self.send_response(404)
        self.end_headers()
        self.wfile.write(b"<h1>Not here</h1>")

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def page() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_what_the_server_refuses_is_told_in_its_words(emulator: Emulator) -> None:
    with pytest.raises(ControlError, match="did you mean 'cut_after'") as caught:
        emulator.arm("cut_aftr")
    assert caught.value.status == 400
    assert isinstance(caught.value, EmulatorError)


def test_what_is_wrong_is_called_as_the_argument_is(emulator: Emulator) -> None:
    with pytest.raises(ControlError) as caught:
        emulator.arm("status", on="modles.list")
    assert caught.value.message.startswith("on: no operation is called 'modles.list'; did you mean ")
    with pytest.raises(ControlError) as caught:
        emulator.expect(on="models.list", times="nevr")
    assert caught.value.message.startswith("times: expected a whole number, 'never' or a mapping")


def test_a_hint_follows_the_message(emulator: Emulator) -> None:
    with pytest.raises(ControlError) as caught:
        emulator.client.of("nowhere").get("/clock")
    assert caught.value.status == 404
    assert str(caught.value) == f"{caught.value.message}\n{caught.value.hint}"
    assert "nowhere" in caught.value.message


def test_complaints_about_a_scenario_have_their_places(emulator: Emulator) -> None:
    with pytest.raises(ControlError) as caught:
        emulator.put_scenario("wrong", "scenario: wrong\nabout: Wrong.\nextends: default\nrulez: []\n")
    assert caught.value.status == 422
    (complaint,) = caught.value.complaints
    assert (complaint["line"], complaint["column"]) == (4, 1)
    assert f"{complaint['file']}:4:1: {complaint['message']}" in str(caught.value)


def test_nobody_at_the_address_is_told_with_the_cure() -> None:
    client = Client("http://127.0.0.1:9")
    with pytest.raises(ControlError, match=r"no emulator answers at http://127.0.0.1:9.*\n.*emulator serve") as caught:
        client.get("/health")
    assert caught.value.status == 0
    client.close()


def test_somebody_else_at_the_address_is_quoted(page: str) -> None:
    client = Client(page)
    with pytest.raises(ControlError, match="GET /_emulator/clock answered 404: <h1>Not here"):
        client.get("/clock")
    client.close()


def test_what_is_no_url_is_refused() -> None:
    for url in ("127.0.0.1:8484", "ftp://127.0.0.1", "http://", "http://127.0.0.1:port"):
        with pytest.raises(ControlError, match=f"'{url}' is no URL of an emulator: "):
            Client(url)


def test_another_world_is_asked_over_the_same_connection(emulator: Emulator) -> None:
    client = Client(emulator.url, emulator.name)
    assert client.of("default").world == "default"
    assert client.of("default").get("/health") == client.get("/health")
    client.close()


def test_paths_and_parameters_may_hold_any_text(emulator: Emulator) -> None:
    with pytest.raises(ControlError, match="there is no world 'ä b/c\\?d%'"):
        emulator.client.get("/worlds/" + quote("ä b/c?d%", safe=""))
    with pytest.raises(ControlError, match="no world 'a b'"):
        emulator.client.get("/worlds/a b")
    with pytest.raises(ControlError, match=r"unknown (parameter|key) 'a&b'"):
        emulator.client.get("/exchanges", **{"a&b": True})


def test_no_ca_bundle_is_loaded_for_http_and_one_is_for_https(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = count_bundles(monkeypatch)
    Client("http://127.0.0.1:1").close()
    Client("HTTP://localhost:1").close()
    assert loaded == []
    Client("https://127.0.0.1:1").close()
    assert len(loaded) == 1
