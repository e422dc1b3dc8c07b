"""Every promise of the two documents is in its API's catalogue, is served, and is held by a test that names it."""

from __future__ import annotations

import pytest

from emulator.cli.inspect import coverage_lines
from emulator.language.document.reader import read
from emulator.playbook.provenance import coverage
from tests.marks import TESTS, marked
from tests.running import loaded

ORACLE = {claim["id"]: claim for claim in read(TESTS / "oracle" / "claims.yaml").data["claims"]}
DOCUMENTS = {"AX": "aixplain", "AE": "aiexport"}
PLAYBOOK = loaded("default")


def test_the_catalogues_of_the_apis_are_the_promises_of_their_documents_word_for_word() -> None:
    catalogues = {
        name: {id: (claim.grade, claim.says) for id, claim in api.claims.items()} for name, api in PLAYBOOK.apis.items()
    }
    assert catalogues == {
        name: {id: (claim["class"], claim["says"]) for id, claim in ORACLE.items() if id.startswith(f"{prefix}-")}
        for prefix, name in DOCUMENTS.items()
    }


def test_there_are_92_promises_each_said_once() -> None:
    claims = read(TESTS / "oracle" / "claims.yaml").data["claims"]
    assert len(claims) == len(ORACLE) == 92
    assert {claim["class"] for claim in claims} == {"documented", "inferred", "invented"}


@pytest.mark.finding("E4")
@pytest.mark.parametrize(
    ("claim", "part"),
    [
        ("AX-EXEC-HISTORY", "the last user message"),
        ("AE-MODELS-FAMILY", "another word is refused"),
        ("AE-MODELS-LIMIT", "further pages"),
        ("AE-OAUTH", "bearer token"),
    ],
)
def test_a_documented_promise_says_which_part_of_it_is_inferred(claim: str, part: str) -> None:
    plan = PLAYBOOK.apis[DOCUMENTS[claim[:2]]].claims[claim]
    assert plan.grade == "documented"
    assert part in str(plan.inferred)
    lines, _ = coverage_lines(PLAYBOOK)
    at = next(at for at, line in enumerate(lines) if line.split()[:1] == [claim])
    assert lines[at + 1].strip() == f"inferred:   {plan.inferred}"


def test_only_documented_promises_have_parts_that_are_inferred() -> None:
    claims = {id: claim for api in PLAYBOOK.apis.values() for id, claim in api.claims.items()}
    assert {claim.grade for claim in claims.values() if claim.inferred is not None} == {"documented"}


def test_every_promise_is_served() -> None:
    rows = [row for api in PLAYBOOK.apis.values() for row in coverage(api.claims, api.citations)]
    assert [row.claim for row in rows if not row.served] == []
    assert {row.claim for row in rows} == set(ORACLE)


def test_every_promise_is_held_by_a_test() -> None:
    assert sorted(set(ORACLE) - {claim for claim, _ in marked("claim")}) == []


def test_no_test_holds_a_promise_that_nobody_made() -> None:
    assert [f"{place}: {claim}" for claim, place in marked("claim") if claim not in ORACLE] == []
