"""Opening a request: the Host header, the path and the query as they came, whatever is in them."""

from __future__ import annotations

import pytest
from starlette.types import Scope

from emulator.engine.body import open_request
from tests.small import KEY, Small
from tests.wire import Wire

SEEN = """
seen:
  route: GET /seen/{rest:path}
  rules:
    - reply:
        headers: {Location: "{{ absolute('/back') }}"}
        body: {origin: "{{ request.origin }}", path: "{{ request.path }}", method: "{{ request.method }}",
          rest: "{{ path.rest }}", at: "{{ request.at }}", agent: "{{ header['user-agent'] | default(none) }}",
          HEADER: "{{ header['User-Agent'] is defined }}"}
"""


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        (b"example.org", "http://example.org"),
        (b"EXAMPLE.org:8484", "http://EXAMPLE.org:8484"),
        (b"[::1]:8484", "http://[::1]:8484"),
        (b"", "http://127.0.0.1:"),
    ],
)
def test_the_origin_is_what_the_client_used(small: Small, host: bytes, origin: str) -> None:
    with Wire(small(SEEN).running.port) as wire:
        wire.send(b"GET /seen/x HTTP/1.1\r\nHost: " + host + b"\r\nX-Key: key-of-ann\r\n\r\n")
        answer = wire.answer()
    assert answer.status == 200
    assert answer.json()["origin"].startswith(origin)
    location = answer.header("location")
    assert location is not None
    assert location.startswith(origin)


def test_a_template_sees_the_request_as_it_came(small: Small) -> None:
    with Wire(small(SEEN).running.port) as wire:
        said = wire.ask("GET", "/seen/a%2Fb/%E2%82%AC", [*KEY.items(), ("User-Agent", b"caf\xe9")]).json()
    assert said == {
        "origin": "http://emulator.test",
        "path": "/seen/a%2Fb/€",
        "method": "GET",
        "rest": "a/b/€",
        "at": 1_767_225_600.0,
        "agent": "café",
        "HEADER": False,
    }


def test_without_a_server_or_a_host_there_is_an_origin_all_the_same() -> None:
    connection: Scope = {
        "method": "GET",
        "path": "/",
        "query_string": b"\xff",
        "headers": [],
        "scheme": "http",
        "server": None,
    }
    incoming = open_request(connection)
    assert (incoming.origin, incoming.host, incoming.query) == ("http://127.0.0.1:80", "127.0.0.1", "ÿ")
