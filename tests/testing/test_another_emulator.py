"""A project with an `emulator` of its own: its tests run, and the plugin says that it stands aside."""

from __future__ import annotations

from collections.abc import Callable

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.finding("G1")]

pytest_plugins = ["pytester"]
Run = Callable[..., pytest.RunResult]
SENTENCE = "*the pytest plugin of ai-api-emulator stands aside, because `import emulator` finds *emulator*"
THEIR_TEST = """
    from emulator.cpu import STEP

    def test_their_own():
        assert STEP == 4
"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the tests of the folder in a process of their own, the plugin found as it is in every project."""
    for name in ("EMULATOR_URL", "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return lambda *options: pytester.runpytest_subprocess("-p", "emulator", *options, timeout=120)


def package(pytester: pytest.Pytester, folder: str = "emulator") -> None:
    pytester.path.joinpath(folder).mkdir(parents=True)
    pytester.path.joinpath(folder, "__init__.py").write_text("")
    pytester.path.joinpath(folder, "cpu.py").write_text("STEP = 4\n")


def test_its_package_is_imported_and_one_sentence_says_so(pytester: pytest.Pytester, run: Run) -> None:
    package(pytester)
    pytester.makepyfile(THEIR_TEST)
    done = run()
    done.assert_outcomes(passed=1, warnings=1)
    done.stdout.fnmatch_lines([SENTENCE])


def test_it_may_turn_warnings_into_errors(pytester: pytest.Pytester, run: Run) -> None:
    package(pytester)
    pytester.makepyfile(THEIR_TEST)
    done = run("-W", "error")
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines([SENTENCE])


def test_its_package_may_come_into_sight_by_a_setting(pytester: pytest.Pytester, run: Run) -> None:
    package(pytester, "src/emulator")
    pytester.makeini("[pytest]\npythonpath = src\n")
    pytester.makepyfile(THEIR_TEST)
    done = run()
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines([SENTENCE])


def test_its_emulator_may_be_a_module_and_its_tests_run_on_several_workers(pytester: pytest.Pytester, run: Run) -> None:
    pytester.path.joinpath("emulator.py").write_text("STEP = 4\n")
    pytester.makepyfile(THEIR_TEST.replace("emulator.cpu", "emulator"))
    done = run("-p", "xdist", "-n", "2")
    done.assert_outcomes(passed=1, warnings=1)


def test_its_tests_may_lie_in_a_package_that_is_called_so(pytester: pytest.Pytester, run: Run) -> None:
    """Which is seen only when the tests are collected."""
    package(pytester, "tests/emulator")
    pytester.path.joinpath("tests/emulator/test_cpu.py").write_text("from .cpu import STEP\ndef test_it(): assert STEP")
    run().assert_outcomes(passed=1)


def test_a_test_that_asks_for_the_fixture_nevertheless_is_told_why_it_is_not_there(
    pytester: pytest.Pytester, run: Run
) -> None:
    package(pytester, "tests/emulator")
    pytester.path.joinpath("tests/emulator/test_cpu.py").write_text("def test_it(emulator): ...")
    done = run()
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines([SENTENCE])


def test_its_own_fixture_of_this_name_goes_before_ours(pytester: pytest.Pytester, run: Run) -> None:
    package(pytester)
    pytester.makeconftest("import pytest\n@pytest.fixture\ndef emulator():\n    return 8086\n")
    pytester.makepyfile("def test_it(emulator): assert emulator == 8086")
    run().assert_outcomes(passed=1, warnings=1)


def test_turned_off_it_says_nothing(pytester: pytest.Pytester, run: Run) -> None:
    package(pytester)
    pytester.makepyfile(THEIR_TEST)
    done = run("-p", "no:emulator")
    done.assert_outcomes(passed=1)
    done.stdout.no_fnmatch_line(SENTENCE)


def test_a_project_that_has_none_is_not_warned(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile("import emulator\ndef test_it(): assert emulator.__version__")
    run().assert_outcomes(passed=1, warnings=0)


def test_the_plugin_is_found_in_the_package_too(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile("def test_it(emulator): assert emulator.name")
    pytester.runpytest_subprocess("-p", "emulator.testing.plugin", timeout=120).assert_outcomes(passed=1)
