"""Upstreams: which URL a request is passed on to."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from emulator.record.upstream import client, parse_upstreams
from tests.loopback import count_bundles


@pytest.mark.parametrize(
    "given", ["https://a.example", "https://a.example/", "https://a.example/v2", "https://a.example/v2/"]
)
def test_the_base_may_be_written_or_left_out(given: str) -> None:
    upstreams = parse_upstreams("--upstream", [given], "/v2")
    assert str(upstreams.url(None, b"/v2/a%2Fb", b"q=1%202")) == "https://a.example/v2/a%2Fb?q=1%202"


def test_a_path_before_the_base_stays() -> None:
    upstreams = parse_upstreams("--upstream", ["https://a.example/gate/v2"], "/v2")
    assert str(upstreams.url(None, b"/v2/x", b"")) == "https://a.example/gate/v2/x"


def test_a_route_of_one_host_goes_to_that_host_if_it_is_named() -> None:
    upstreams = parse_upstreams("--upstream", ["https://a.example", "https://b.example"], "")
    assert [upstreams.url(host, b"/x", b"").host for host in ("b.example", "c.example", None)] == [
        "b.example",
        "a.example",
        "a.example",
    ]


@pytest.mark.parametrize(
    ("given", "bundles"),
    [(["http://a.example"], 0), (["https://a.example"], 1), (["http://a.example", "https://b.example"], 1)],
)
def test_the_ca_bundle_is_loaded_only_for_https(
    monkeypatch: pytest.MonkeyPatch, given: list[str], bundles: int
) -> None:
    loaded = count_bundles(monkeypatch)
    asyncio.run(client(parse_upstreams("--upstream", given, ""), httpx.Timeout(1)).aclose())
    assert len(loaded) == bundles
