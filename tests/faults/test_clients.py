"""What httpx, requests, curl and Node's fetch make of each fault: the page says it, and here they are asked."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from emulator.faults import FAULTS
from emulator.faults.base import ON
from tests.faults.clients import Case, Seen, with_curl, with_fetch, with_httpx, with_requests
from tests.faults.conftest import OPERATIONS
from tests.pages import ROOT, tables
from tests.running import Running
from tests.small import KEY, play

pytestmark = pytest.mark.slow

READ = ("responses", "streams", "responses and streams")  # what a client reads
PAGE = ROOT / "docs" / "faults.md"
Client = Callable[[str, Mapping[str, str], list[Case]], Seen]
CLIENTS: Mapping[str, tuple[Client, str | None]] = {
    "httpx": (with_httpx, None),
    "requests": (with_requests, None),
    "curl": (with_curl, "curl"),
    "fetch": (with_fetch, "node"),
}
CASES: list[Case] = [
    *(
        ("plain", "/one", fault)
        for fault in (
            "status=503",
            "timeout",
            "reset_peer",
            "empty_response",
            "garbage",
            "malformed_chunk",
            "truncate_body",
            "truncate_body; by=reset",
            "malformed_json",
            "idle_close",
            "slow_close=60s",
            "latency=60s",
            "bandwidth=1B/s",
            "split; where=byte",
        )
    ),
    *(
        ("stream", "/hello", fault)
        for fault in (
            "cut_after=3",
            "cut_after; events=3; by=reset",
            "stall_after=3",
            "error_event=2",
            "malformed_event=2",
            "duplicate_event=2",
            "drop_event=2",
            "split; where=character",
            "split; where=data",
            "split; where=crlf",
            "split; where=together",
            "sse_line_ends",
            "sse_line_ends=cr",
            "sse_bom",
            "sse_comments",
            "sse_retry",
            "sse_no_space",
        )
    ),
]


@pytest.fixture(scope="module")
def seen(running: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Future[Seen]]]:
    """What each client sees: all ask at once, because they wait most of the time."""
    emulated = play(running, tmp_path_factory.mktemp("small"), OPERATIONS.replace("POST /one", "GET /one"))
    there = {name: ask for name, (ask, tool) in CLIENTS.items() if tool is None or shutil.which(tool)}
    with ThreadPoolExecutor(len(there)) as threads:
        yield {name: threads.submit(ask, emulated.origin, KEY, CASES) for name, ask in there.items()}
    emulated.close()


@pytest.mark.parametrize("name", CLIENTS)
def test_each_client_sees_what_the_page_says(seen: Mapping[str, Future[Seen]], name: str) -> None:
    if name not in seen:
        pytest.skip(f"{name} is not installed")
    (table,) = (each for each in tables(PAGE) if each.heading == "What clients see")
    column = table.rows[0].index(f"`{name}`")
    assert {row[0].strip("`"): row[column] for row in table.rows[1:]} == seen[name].result()


def test_every_fault_that_a_request_can_ask_for_is_shown_to_the_clients() -> None:
    shown = {fault.partition(";")[0].partition("=")[0] for _, _, fault in CASES}
    known = {name for name, fault in FAULTS.items() if ON[fault.family] in READ}
    assert shown == known - {"refuse"}  # which would refuse the others too
