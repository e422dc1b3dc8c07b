"""Expectations in tests: added by a call, checked at the end of a test that passed."""

from __future__ import annotations

import pytest

from emulator import ControlError, Emulator

pytest_plugins = ["pytester"]

FILES = """
scenario: mine
extends: default
expect: [{on: batch.create, times: 1}]
"""


def test_what_is_expected_can_be_looked_at_before_the_end(emulator: Emulator) -> None:
    emulator.expect("batch.create", times="never")
    emulator.expect(in_order=["batch.create", "batch.get"])
    results = emulator.expectations
    assert not results.ok
    assert [each.kind for each in results.failed] == ["in_order"]
    assert repr(results) == f"<{results.text}>"
    emulator.client.delete("/expectations/expectation_2")


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"on": "batch.crate"}, r"on: no operation is called 'batch\.crate'"),
        ({"on": "batch.create", "times": -1}, r"^times: -1 is not a whole number"),
        ({"spent": {"USD": {"about": 1}}}, r"^spent\.USD: (?!USD).* is no bound"),
        ({"in_order": ["batch.create", {"on": "batch.get", "wen": {}}]}, "wen"),
        ({"rules": "all"}, "no rule has a `name` here"),
        ({}, "nothing is expected"),
    ],
)
def test_what_can_not_be_expected_is_refused_and_nothing_kept(
    emulator: Emulator, given: dict[str, object], wrong: str
) -> None:
    with pytest.raises(ControlError, match=wrong) as caught:
        emulator.expect(**given)  # type: ignore[arg-type]
    assert caught.value.status == 400
    assert emulator.expectations.expectations == ()


@pytest.mark.slow
def test_a_test_fails_at_its_end_when_what_it_expects_is_not_met(pytester: pytest.Pytester) -> None:
    pytester.makefile(".yaml", mine=FILES)
    pytester.makepyfile(
        """
        import pytest

        def test_passes(emulator): emulator.expect("batch.create", times="never")

        @pytest.mark.emulator(scenario="mine.yaml")
        def test_forgets(emulator): pass

        @pytest.mark.emulator(scenario="mine.yaml", expect=False)
        def test_need_not(emulator): pass

        def test_fails_already(emulator):
            emulator.expect("batch.create")
            assert False

        def test_is_skipped(emulator):
            emulator.expect("batch.create")
            pytest.skip()
        """
    )
    ran = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    ran.assert_outcomes(passed=3, failed=1, errors=1, skipped=1)
    ran.stdout.fnmatch_lines(["*at teardown of test_forgets*", "*mine.yaml:3: expected batch.create exactly once*"])
