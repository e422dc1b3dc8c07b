"""Annotations of GitHub Actions: one line each, whatever the message holds."""

from __future__ import annotations

from emulator.errors import Diagnostic, Location
from emulator.reports.annotations import annotation, diagnostic_annotation, run_annotations, wanted
from tests.reports.records import MET, UNMET, expecting, record


def test_a_message_stays_on_one_line() -> None:
    assert annotation("error", "50%\nof it", title="a: b, c", line=0) == "::error title=a%3A b%2C c::50%25%0Aof it"


def test_an_error_in_a_file_is_shown_at_its_place() -> None:
    found = diagnostic_annotation(Diagnostic(Location("a.yaml", 3, 7), "unknown key"))
    assert found == "::error file=a.yaml,line=3,col=7::a.yaml:3:7: unknown key"
    assert diagnostic_annotation(Diagnostic(Location("a.yaml"), "empty")) == "::error file=a.yaml::a.yaml: empty"


def test_findings_are_errors_only_where_they_fail_the_run() -> None:
    strict, mild = list(run_annotations(record(), True)), list(run_annotations(record(), False))
    assert [line.split(" ")[0] for line in strict] == ["::error"] * 4
    assert [line.split(" ")[0] for line in mild] == ["::warning"] * 2 + ["::error"] * 2


def test_only_jobs_of_github_actions_are_annotated() -> None:
    assert wanted({"GITHUB_ACTIONS": "true"})
    assert not wanted({})


def test_an_expectation_that_is_not_met_is_shown_at_its_line() -> None:
    *_, last = run_annotations(expecting(UNMET, MET), strict=False)
    assert last == (
        "::error file=mine.yaml,line=7,title=emulator%3A not as expected::"
        "expected things.create exactly once; found 3 (#1, #2, #3)%0Awhat came: <all> 3 x"
    )
