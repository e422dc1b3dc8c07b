"""JUnit XML holds what its readers take: counts that add up, one failure a case, nothing that XML can't say."""

from __future__ import annotations

from xml.etree import ElementTree

from emulator.reports.junit import junit
from tests.reports.records import MET, UNMET, expecting, record

CLEAN = {"status": 0, "departures": [], "missing": "", "verdict": {"findings": [], "checked": {"retry_storm": 1}}}


def test_counts_are_those_of_the_cases() -> None:
    root = ElementTree.fromstring(junit(record()))
    (suite,) = root
    cases = suite.findall("testcase")
    failed = [case.get("name") for case in cases if case.find("failure") is not None]
    skipped = [case.get("name") for case in cases if case.find("skipped") is not None]
    assert failed == ["no blocked calls", "no_back_off", "calls arrive"]
    assert skipped == ["retry_storm"]
    for element in (root, suite):
        counts = [element.get(name) for name in ("tests", "failures", "errors", "skipped", "time")]
        assert counts == [str(len(cases)), "3", "0", "1", "0.500"]
    assert all(case.get("classname") and case.get("name") and case.get("time") for case in cases)


def test_a_finding_is_a_failure_with_its_exchanges() -> None:
    case = ElementTree.fromstring(junit(record())).find(".//testcase[@name='no_back_off']")
    assert case is not None
    (failure,) = case
    assert failure.get("type") == "no_back_off"
    assert failure.get("message") == "3 retries\\x00 <at once> (and 1 more)"
    assert failure.text is not None
    assert failure.text.count("#1 POST /things -> 201") == 2


def test_spend_is_in_the_properties() -> None:
    spent = ElementTree.fromstring(junit(record())).find(".//property")
    assert spent is not None
    assert spent.attrib == {"name": "spent.demo.USD", "value": "0.0000105"}


def test_a_run_without_findings_has_no_failure_but_that_of_its_command() -> None:
    assert ElementTree.fromstring(junit(record(**CLEAN))).get("failures") == "0"
    failed = ElementTree.fromstring(junit(record(**CLEAN, command_status=7))).find(".//failure")
    assert failed is not None
    assert failed.get("message") == "the command ended with 7"


def test_each_expectation_is_a_case_that_fails_at_its_place_when_it_is_not_met() -> None:
    root = ElementTree.fromstring(junit(expecting(UNMET, MET)))
    cases = [each for each in root.iter("testcase") if each.get("classname") == "emulator.expect"]
    assert [each.get("name") for each in cases] == [
        "things.create exactly once (mine.yaml:7)",
        "things.create exactly once (expectation_1)",
    ]
    failure = cases[0].find("failure")
    assert failure is not None
    assert failure.get("message") == "mine.yaml:7: found 3 (#1, #2, #3)"
    assert "what came: <all> 3 x" in (failure.text or "")
    assert cases[1].find("failure") is None
