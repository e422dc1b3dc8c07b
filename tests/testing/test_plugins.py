"""One project with the plugins that people have beside ours: each does its own work, and none disturbs the fixture."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

pytestmark = pytest.mark.slow

pytest_plugins = ["pytester"]
Run = Callable[..., pytest.RunResult]
INI = """
    [pytest]
    addopts = --strict-markers -p no:cacheprovider
    asyncio_mode = auto
    asyncio_default_fixture_loop_scope = function
    filterwarnings = error
"""
SENDING = """
    import httpx
    import pytest

    HELLO = {"model": "apex-haiku-4-20250401", "messages": [{"role": "user", "content": "Hello!"}]}

    def call(emulator):
        return emulator.base_url("aiexport") + "/messages", {"X-API-Key": emulator.key("pro")}

    def send(emulator):
        url, headers = call(emulator)
        # The CA bundle, which plain HTTP needs not, would be loaded for each.
        return httpx.post(url, json=HELLO, headers=headers, trust_env=False, verify=False)
"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a test file in a process of its own, with every plugin that is installed.

    All but one: schemathesis takes seconds to import, and this suite itself runs with it beside our plugin.
    """
    for name in os.environ:
        if name.startswith(("EMULATOR_", "PYTEST_")) and name != "PYTEST_CURRENT_TEST":
            monkeypatch.delenv(name)
    pytester.makeini(INI)

    def run(source: str, *options: str) -> pytest.RunResult:
        pytester.makepyfile(sending=SENDING, test_it=f"    from sending import *\n{source}")
        return pytester.runpytest_subprocess("-p", "no:schemathesis", *options, timeout=120)

    return run


RESPX = """
    import respx

    @respx.mock
    def test_decorated(emulator):
        respx.get("https://example.org/").respond(204)
        emulator.fail("messages.create", times=1)
        emulator.clock.advance("61s")
        assert httpx.get("https://example.org/").status_code == 204
        assert len(emulator.requests()) == 0

    def test_by_its_fixture(respx_mock, emulator):
        respx_mock.get("https://example.org/").respond(204)
        assert httpx.get("https://example.org/").status_code == 204
        assert emulator.snapshot()["format"]

    def test_passing_through(emulator):
        url, headers = call(emulator)
        with respx.mock(assert_all_called=False) as mock:
            mock.route(host="127.0.0.1").pass_through()
            assert httpx.post(url, json=HELLO, headers=headers).status_code == 200
            assert emulator.requests().last.status == 200

    @respx.mock(using="httpx")
    def test_by_the_other_way(emulator):
        emulator.reset()
"""
PYTEST_HTTPX = """
    def test_mocked(httpx_mock, emulator):
        httpx_mock.add_response(url="https://example.org/", status_code=204)
        emulator.fail("messages.create", times=1)
        assert httpx.get("https://example.org/").status_code == 204
        assert [str(each.url) for each in httpx_mock.get_requests()] == ["https://example.org/"]

    @pytest.mark.httpx_mock(should_mock=lambda request: request.url.host == "example.org")
    async def test_both(httpx_mock, emulator):
        httpx_mock.add_response(url="https://example.org/", status_code=204)
        url, headers = call(emulator)
        async with httpx.AsyncClient() as client:
            assert (await client.post(url, json=HELLO, headers=headers)).status_code == 200
            assert (await client.get("https://example.org/")).status_code == 204
        assert len(emulator.requests()) == 1
"""


@pytest.mark.finding("G4")
@pytest.mark.parametrize("source", [RESPX, PYTEST_HTTPX], ids=["respx", "pytest-httpx"])
def test_mocks_of_httpx_do_not_reach_the_fixture(run: Run, source: str) -> None:
    done = run(source)
    done.assert_outcomes(passed=source.count("def test_"))


def test_the_order_of_tests_and_the_seed_of_chance_change_nothing(run: Run, pytester: pytest.Pytester) -> None:
    source = """
    import random

    @pytest.mark.parametrize("number", range(4))
    def test_it(emulator, number):
        emulator.fail("messages.create", probability=0.5)
        answers = [send(emulator) for _ in range(8)]
        said = [(answer.status_code, answer.json().get("id")) for answer in answers]
        with open(f"said-{number}", "a") as file:
            file.write(f"{random.random()} {said}\\n")
    """
    for seed in (1, 2):
        run(source, f"--randomly-seed={seed}").assert_outcomes(passed=4)
    for number in range(4):
        first, second = (line.split(" ", 1) for line in (pytester.path / f"said-{number}").read_text().splitlines())
        assert first[0] != second[0]  # the plugin did its work
        assert first[1] == second[1]


def test_asynchronous_tests_receive_webhooks_on_their_own_loop(run: Run) -> None:
    source = """
    import asyncio
    from contextlib import asynccontextmanager

    @asynccontextmanager
    async def receiving():
        async def serve(reader, writer):
            await reader.readuntil(b"\\r\\n\\r\\n")
            writer.write(b"HTTP/1.1 204 No Content\\r\\nconnection: close\\r\\n\\r\\n")
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"

    @pytest.mark.emulator(frozen=True)
    async def test_it(emulator):
        async with receiving() as url, httpx.AsyncClient(trust_env=False) as client:
            headers = {"X-API-Key": emulator.key("pro")}
            body = {"requests": [HELLO], "webhook_url": url}
            (await client.post(emulator.base_url("aiexport") + "/batch", json=body, headers=headers)).raise_for_status()
            await emulator.clock.advance_async("1h")
            assert [each.status for each in await emulator.webhooks.wait_async()] == [204]
    """
    run(source).assert_outcomes(passed=1)


FREEZEGUN = """
    import datetime
    from freezegun import freeze_time

    @freeze_time("2020-02-29T12:00:00Z")
    def test_decorated(emulator):
        assert datetime.date.today().year == 2020
        assert send(emulator).status_code == 200
        assert emulator.clock.now > 1_700_000_000  # the emulator's time is its own
        emulator.clock.freeze("2026-01-01T00:00:00Z")
        assert emulator.clock.advance("61s").iso == "2026-01-01T00:01:01.000Z"
        assert len(emulator.requests().wait(1)) == 1

    @pytest.fixture
    def long_ago():
        with freeze_time("2020-02-29T12:00:00Z"):
            yield

    def test_frozen_before(long_ago, emulator):
        assert emulator.clock.now > 1_700_000_000
        emulator.reset()
        assert emulator.clock.now > 1_700_000_000
        assert send(emulator).status_code == 200

    @pytest.mark.emulator(frozen="2026-01-01T00:00:00Z")
    def test_ticking(emulator):
        with freeze_time("2030-01-01", tick=True, auto_tick_seconds=60):
            assert send(emulator).status_code == 200
        assert emulator.requests().last.at == 1767225600
"""


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["alone", "on two workers"])
def test_a_frozen_time_of_the_test_is_not_that_of_the_emulator(run: Run, options: tuple[str, ...]) -> None:
    run(FREEZEGUN, *options).assert_outcomes(passed=3)
