"""The pytest plugin, as those use it who have installed the package: pytest inside pytest."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from xml.etree import ElementTree

import pytest

from emulator import Emulator

pytestmark = pytest.mark.slow

pytest_plugins = ["pytester"]
Run = Callable[..., pytest.RunResult]
HEAVY = ("httpx", "uvicorn", "starlette", "jinja2", "pydantic", "msgspec", "yaml", "faker", "asyncio.runners")
SENDING = """
    import httpx
    import pytest

    HELLO = {"model": "apex-haiku-4-20250401", "messages": [{"role": "user", "content": "Hello!"}]}

    def send(emulator, path="/messages"):
        headers = {"X-API-Key": emulator.key("pro")}
        url = emulator.base_url("aiexport") + path
        # The CA bundle, which plain HTTP needs not, would be loaded for each.
        return httpx.post(url, json=HELLO, headers=headers, trust_env=False, verify=False)
"""


@pytest.fixture
def alone(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder for tests that have no plugin but those that are asked for."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("EMULATOR_URL", raising=False)
    for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_XDIST_TESTRUNUID"):
        monkeypatch.delenv(name, raising=False)
    pytester.makeini("[pytest]\naddopts = -p emulator -p no:cacheprovider --strict-markers\n")
    return pytester


@pytest.fixture
def run(alone: pytest.Pytester, emulator_server: Emulator) -> Run:
    """Runs a test file, against the server of these tests."""

    def run(source: str, *options: str) -> pytest.RunResult:
        alone.makepyfile(sending=SENDING, test_it=f"    from sending import *\n{source}")
        return alone.runpytest_inprocess("--emulator-url", emulator_server.url, *options)

    return run


def worlds(server: Emulator) -> list[str]:
    return [each["name"] for each in server.client.get("/worlds")["worlds"]]


def test_it_is_found_by_pytest_wherever_the_package_is_installed() -> None:
    (found,) = entry_points(group="pytest11", name="emulator")
    assert found.value == "pytest_ai_api_emulator"


def test_each_test_has_a_world_of_its_own_that_ends_with_it(run: Run, emulator_server: Emulator) -> None:
    done = run("""
    def test_one(emulator):
        emulator.fail("messages.create")
        emulator.clock.freeze()
        assert send(emulator).status_code == 503

    def test_two(emulator):
        assert not emulator.clock.state.frozen
        assert send(emulator).status_code == 200
        assert len(emulator.requests()) == 1
        assert emulator.name.startswith("test-two-")
    """)
    done.assert_outcomes(passed=2)
    assert [name for name in worlds(emulator_server) if name.startswith(("test-one-", "test-two-"))] == []


def test_the_marker_says_what_the_world_plays(run: Run) -> None:
    done = run("""
    pytestmark = pytest.mark.emulator(scenario="free-tier", frozen="2026-01-01T00:00:00Z")

    def test_of_the_module(emulator):
        assert emulator.scenarios == ["free-tier"]
        assert emulator.clock.now == 1767225600

    @pytest.mark.emulator(scenarios=["outage", "default"], seed=7)
    def test_its_own(emulator):
        assert emulator.scenarios == ["outage", "default"]
        assert emulator.clock.state.frozen
        assert send(emulator).status_code == 503
    """)
    done.assert_outcomes(passed=2)


def test_a_test_is_answered_the_same_in_each_run(run: Run, alone: pytest.Pytester) -> None:
    source = """
    def test_it(emulator):
        emulator.fail("messages.create", probability=0.5)
        answers = [send(emulator) for _ in range(10)]
        said = [(answer.status_code, answer.json().get("id"), answer.json().get("content")) for answer in answers]
        with open("said", "a") as file:
            file.write(f"{emulator.name} {said}\\n")
    """
    for _ in range(2):
        run(source).assert_outcomes(passed=1)
    first, second = alone.path.joinpath("said").read_text().splitlines()
    assert first == second
    assert "503" in first
    assert "200" in first


def test_a_test_that_runs_twice_at_once_has_two_worlds(run: Run, emulator_server: Emulator) -> None:
    source = """
    def test_it(emulator):
        with open("name", "w") as file:
            file.write(emulator.name)
    """
    run(source).assert_outcomes(passed=1)
    with open("name") as file:
        name = file.read()
    with emulator_server.world(name):
        run(source).assert_outcomes(passed=1)
    with open("name") as file:
        assert file.read().startswith(f"{name}-main-")


def test_a_scenario_may_lie_beside_its_test(run: Run, alone: pytest.Pytester) -> None:
    rules = "rules:\n  - on: messages.create\n    reply: {status: 418, body: tea}\n"
    alone.path.joinpath("tea.yaml").write_text(f"scenario: tea\nabout: Tea.\nextends: default\n{rules}")
    source = """
    @pytest.mark.emulator(scenario="tea.yaml")
    def test_it(emulator):
        assert send(emulator).status_code == 418
    """
    run(source).assert_outcomes(passed=1)


@pytest.mark.parametrize("wrong", ["scenaro='strict'", "'strict'"])
def test_a_marker_that_means_nothing_is_refused(run: Run, wrong: str) -> None:
    done = run(f"""
    @pytest.mark.emulator({wrong})
    def test_it(emulator): ...
    """)
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(
        ["*@pytest.mark.emulator takes scenario, scenarios, frozen, seed, webhook_time, env, expect; found *"]
    )


def test_a_scenario_that_there_is_not_is_an_error_with_the_nearest(run: Run) -> None:
    done = run("""
    @pytest.mark.emulator(scenario="strikt")
    def test_it(emulator): ...
    """)
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*did you mean 'strict'*"])


def test_an_option_says_what_is_played_where_no_marker_does(run: Run) -> None:
    source = """
    def test_it(emulator):
        assert emulator.scenarios == ["strict", "free-tier"]

    @pytest.mark.emulator(scenario="outage")
    def test_its_own(emulator):
        assert emulator.scenarios == ["outage"]
    """
    run(source, "--emulator-scenario", "strict", "--emulator-scenario", "free-tier").assert_outcomes(passed=2)


def test_a_failed_test_shows_what_came_to_its_world_and_a_passed_one_does_not(run: Run) -> None:
    done = run("""
    def test_fails(emulator):
        emulator.fail("messages.create", times=1)
        send(emulator)
        send(emulator, "/mesages")
        assert False

    def test_passes(emulator):
        send(emulator, "/passes")
    """)
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(
        ["*emulator exchanges*", "  1  POST /v2/messages → 503 in *faults: status)", "  2  POST /v2/mesages → 404 in *"]
    )
    done.stdout.no_fnmatch_line("*/passes*")


def test_a_report_is_written_for_each_failed_test_and_for_no_other(run: Run, alone: pytest.Pytester) -> None:
    done = run(
        """
    def test_passes(emulator):
        send(emulator)

    @pytest.mark.parametrize("number", [1, 2])
    def test_fails(emulator, number):
        send(emulator)
        assert not number

    def test_has_no_world():
        assert False
    """,
        "--emulator-report=har=failed.har",
    )
    done.assert_outcomes(passed=1, failed=3)
    done.stdout.fnmatch_lines(["*emulator report*", "har: failed-test-fails-1-*.har"])
    assert len(list(alone.path.glob("failed-test-fails-*.har"))) == len(list(alone.path.glob("*.har"))) == 2


def test_a_test_whose_expectations_are_not_met_shows_and_writes_what_came(run: Run, alone: pytest.Pytester) -> None:
    done = run(
        """
    def test_expects(emulator):
        emulator.expect("messages.create", times=2)
        send(emulator)
    """,
        "--emulator-report=har=failed.har",
    )
    done.assert_outcomes(passed=1, errors=1)
    done.stdout.fnmatch_lines(
        ["*emulator exchanges*", "  1  POST /v2/messages → 200 *", "har: failed-test-expects-*.har"]
    )
    assert len(list(alone.path.glob("failed-test-expects-*.har"))) == 1


def test_a_report_that_can_t_be_written_ends_the_run_before_the_first_test(run: Run) -> None:
    done = run("\n    def test_passes():\n        pass\n", "--emulator-report=har=nowhere/failed.har")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["*--emulator-report: nowhere/failed.har can't be written: No such file or directory"])


@pytest.mark.finding("G6")
def test_a_failed_test_says_in_junit_what_came_and_what_did_not(run: Run, alone: pytest.Pytester) -> None:
    done = run(
        """
    def test_fails(emulator):
        emulator.arm("cut_after", on="messages.stream", events=3)
        httpx.get(emulator.base_url("aiexport") + "/models", headers={"X-API-Key": "axp_mine_0001"}, trust_env=False)
        assert False
    """,
        "--emulator-verdict",
        "--junit-xml=junit.xml",
    )
    done.assert_outcomes(failed=1)
    for line in ("no request came to the world test-fails-*", "*with the key axp_********0001", "never played: cut_*"):
        done.stdout.fnmatch_lines([line])
    done.stdout.fnmatch_lines(["*emulator verdict*", "test_it.py::test_fails: never played: cut_after *"])
    (case,) = ElementTree.parse(alone.path / "junit.xml").iter("testcase")
    told = {each.get("name"): each.get("value") or "" for each in case.iter("property")}
    assert told["emulator_finding"].startswith("never played: cut_after")
    assert "with the key axp_********0001" in told["emulator_exchanges"]


HASTY = """
    def test_hasty(emulator):
        emulator.fail("messages.create", status=503, times=1, retry_after="30s")
        headers = {"X-API-Key": emulator.key("pro")}
        with httpx.Client(base_url=emulator.base_url("aiexport"), headers=headers, trust_env=False) as client:
            for _ in range(2):
                client.post("/messages", json=HELLO)

    def test_patient(emulator):
        send(emulator)
"""


def test_the_verdict_is_told_at_the_end_and_as_junit_properties(run: Run, alone: pytest.Pytester) -> None:
    done = run(HASTY, "--emulator-verdict", "--junit-xml=junit.xml")
    done.assert_outcomes(passed=2)
    done.stdout.fnmatch_lines(["*emulator verdict*", "test_it.py::test_hasty: retried_too_early: *"])
    done.stdout.no_fnmatch_line("test_it.py::test_patient: *")
    cases = ElementTree.parse(alone.path / "junit.xml").iter("testcase")
    told = {case.get("name"): [each.get("name") for each in case.iter("property")] for case in cases}
    assert set(told["test_hasty"]) == {"emulator_finding"}
    assert told["test_patient"] == []


def test_no_verdict_is_told_unless_it_is_asked_for(run: Run) -> None:
    run(HASTY).stdout.no_fnmatch_line("*emulator verdict*")


def test_a_verdict_without_findings_says_so(run: Run) -> None:
    done = run("    def test_it(emulator): ...\n", "--emulator-verdict")
    done.stdout.fnmatch_lines(["*no findings*"])


def test_an_asynchronous_test_uses_it_as_any_other_does(run: Run) -> None:
    done = run(
        """
    @pytest.fixture
    def anyio_backend():
        return "asyncio"

    @pytest.mark.anyio
    async def test_it(emulator):
        emulator.fail("messages.create", times=1)
        async with httpx.AsyncClient(base_url=emulator.base_url("aiexport"), trust_env=False) as client:
            headers = {"X-API-Key": emulator.key("pro")}
            statuses = [(await client.post("/messages", json=HELLO, headers=headers)).status_code for _ in range(2)]
        assert statuses == [503, 200]
        assert len(emulator.requests("messages.create")) == 2
    """,
        "-p",
        "anyio",
    )
    done.assert_outcomes(passed=1)


def test_an_address_where_nobody_is_is_told_with_the_cure(alone: pytest.Pytester) -> None:
    alone.makepyfile("def test_it(emulator): ...")
    done = alone.runpytest_inprocess("--emulator-url", "http://127.0.0.1:9")
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*no emulator answers at http://127.0.0.1:9*"])


def test_the_address_may_stand_in_the_environment(
    alone: pytest.Pytester, emulator_server: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMULATOR_URL", emulator_server.url)
    alone.makepyfile(f"def test_it(emulator): assert emulator.url == {emulator_server.url!r}")
    alone.runpytest_inprocess().assert_outcomes(passed=1)


def test_it_costs_nothing_where_no_test_asks_for_it(alone: pytest.Pytester) -> None:
    alone.makepyfile(f"""
    import sys

    def test_nothing_is_imported():
        assert "pytest_ai_api_emulator" in sys.modules
        assert [name for name in {HEAVY!r} if name in sys.modules] == []
    """)
    alone.runpytest_subprocess().assert_outcomes(passed=1)


def test_importing_it_imports_nothing_else() -> None:
    measure = "import pytest, sys; before = set(sys.modules); import pytest_ai_api_emulator"
    said = subprocess.check_output([sys.executable, "-c", f"{measure}; print(*sorted(set(sys.modules) - before))"])
    assert said.decode().split() == ["pytest_ai_api_emulator"]


MANY = """
    import json, os, pathlib

    NOTES = pathlib.Path(__file__).parent / "notes"

    @pytest.mark.parametrize("number", range(24))
    @pytest.mark.emulator(frozen="2026-01-01T00:00:00Z")
    def test_it(emulator, number):
        emulator.fail("messages.create", times=1 + number % 3)
        emulator.clock.advance(number)
        statuses = [send(emulator).status_code for _ in range(4)]
        failed = 1 + number % 3
        assert statuses == [503] * failed + [200] * (4 - failed)
        assert [each.status for each in emulator.requests()] == statuses
        assert emulator.clock.now == 1767225600 + number
        assert emulator.limits(emulator.key("pro"))["limits"]["requests"]["used"] == 4 - failed
        note = {"url": emulator.url, "world": emulator.name, "worker": os.environ["PYTEST_XDIST_WORKER"]}
        (NOTES / f"{number}.json").write_text(json.dumps(note))
"""
# The server is asked what is left when all workers have gone, and before it goes itself.
AFTERWARDS = """
    import json, pathlib, urllib.request, pytest

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(session):
        notes = pathlib.Path(__file__).parent / "notes"
        if not hasattr(session.config, "workerinput"):
            url = json.loads((notes / "0.json").read_text())["url"]
            with urllib.request.urlopen(url + "/_emulator/worlds") as answer:
                (notes / "left").write_bytes(answer.read())
"""


def test_three_workers_share_one_server_without_a_leak(alone: pytest.Pytester) -> None:
    notes = alone.path / "notes"
    notes.mkdir()
    alone.makeconftest(AFTERWARDS)
    alone.makepyfile(sending=SENDING, test_it=f"    from sending import *\n{MANY}")
    done = alone.runpytest_subprocess("-p", "xdist", "-n", "3", timeout=300)
    done.assert_outcomes(passed=24)
    told = [json.loads(note.read_text()) for note in notes.glob("*.json")]
    assert len({each["url"] for each in told}) == 1
    assert len({each["worker"] for each in told}) == 3
    assert len({each["world"] for each in told}) == 24
    assert [each["name"] for each in json.loads((notes / "left").read_text())["worlds"]] == ["default"]
    assert not is_served(told[0]["url"])


@pytest.mark.finding("G7")
def test_the_worlds_of_a_killed_worker_are_swept(alone: pytest.Pytester, emulator_server: Emulator) -> None:
    source = """
    import os, signal

    def test_killed(emulator):
        os.kill(os.getpid(), signal.SIGKILL)

    def test_other(emulator):
        owners = {each["name"]: each["owner"] for each in emulator.client.get("/worlds")["worlds"] if "owner" in each}
        assert owners[emulator.name].startswith("pytest-xdist ")
    """
    alone.makepyfile(sending=SENDING, test_it=f"    from sending import *\n{source}")
    done = alone.runpytest_subprocess("-p", "xdist", "-n", "1", "--emulator-url", emulator_server.url, timeout=300)
    done.assert_outcomes(failed=1, passed=1)
    assert [name for name in worlds(emulator_server) if name.startswith(("test-killed-", "test-other-"))] == []


def is_served(url: str) -> bool:
    code = f"import urllib.request; urllib.request.urlopen('{url}/_emulator/health')"
    quiet = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    return subprocess.run([sys.executable, "-c", code], env=quiet, capture_output=True, check=False).returncode == 0


def test_without_an_address_the_session_has_a_server_of_its_own(alone: pytest.Pytester, tmp_path: Path) -> None:
    alone.makepyfile(
        sending=SENDING,
        test_it="""
    from sending import *

    @pytest.mark.parametrize("time", [1, 2])
    def test_it(emulator, emulator_server, time):
        assert send(emulator).status_code == 200
        print("at", emulator.url)
    """,
    )
    done = alone.runpytest_subprocess("-rP", timeout=120)
    done.assert_outcomes(passed=2)
    urls = {line for line in done.outlines if line.startswith("at http://127.0.0.1:")}
    assert len(urls) == 1
    assert not is_served(urls.pop().removeprefix("at "))


def test_a_setting_sets_the_variables_for_all_tests_but_those_that_do_not_want_it(run: Run) -> None:
    done = run(
        """
    import os

    def test_they_are_set(emulator):
        assert os.environ["API_KEY"] == emulator.key("pro", api="aiexport")

    @pytest.mark.emulator(env=False)
    def test_they_are_not(emulator):
        assert "API_KEY" not in os.environ

    def test_they_are_as_they_were():
        assert "API_KEY" not in os.environ
    """,
        "-o",
        "emulator_env=true",
    )
    done.assert_outcomes(passed=3)


def test_another_word_for_the_variables_is_refused(run: Run) -> None:
    done = run("""
    @pytest.mark.emulator(env="http")
    def test_it(emulator):
        pass
    """)
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*@pytest.mark.emulator: env is 'http'; expected true, false or https*"])
