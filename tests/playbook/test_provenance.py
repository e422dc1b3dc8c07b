"""Which part of a document serves which claim, and what is served by nothing."""

from __future__ import annotations

import pytest

from emulator.language.document.reader import Document, parse
from emulator.language.schema.provenance import Provenance
from emulator.language.schema.scenario import OperationModel, ScenarioFile
from emulator.playbook.model import ClaimPlan
from emulator.playbook.provenance import ClaimReference, cited, coverage, grade_of_route, unknown_claims

API = """\
api: demo
claims:
  D-BASE: {class: documented, says: The base is /v1.}
  D-ECHO: {class: inferred, says: It echoes.}
  D-LIMIT: {class: invented, says: It limits.}
serves: [D-BASE]
tiers:
  free: {claims: [D-LIMIT]}
errors:
  claims: [D-SHAPE]
  shape: {claims: [not-a-citation]}
  kinds:
    invalid: {status: 400, claims: [D-ECHOO]}
operations:
  echo.create:
    route: POST /echo
    claims:
      - D-ECHO
      - 5
    request: {properties: {claims: [no]}}
    checks:
      - {when: "{{ true }}", error: invalid, claims: [D-BASE]}
    rules:
      - claims: [D-ECHO]
        reply: {body: {claims: [no], serves: [no]}}
"""

CATALOGUE = {
    "D-BASE": ClaimPlan("documented", "The base is /v1."),
    "D-ECHO": ClaimPlan("inferred", "It echoes."),
    "D-LIMIT": ClaimPlan("invented", "It limits."),
    "D-NONE": ClaimPlan("documented", "Nothing serves it."),
}


@pytest.fixture
def document() -> Document:
    return parse(API, "demo.yaml")


@pytest.fixture
def citations(document: Document) -> list[ClaimReference]:
    return cited(document)


def test_every_list_of_claims_is_found_with_the_part_and_the_operation_it_stands_in(
    citations: list[ClaimReference],
) -> None:
    assert [(each.claim, str(each.place), each.operation, each.part) for each in citations] == [
        ("D-BASE", "demo.yaml:6:10", None, "serves"),
        ("D-LIMIT", "demo.yaml:8:19", None, "tiers.free"),
        ("D-SHAPE", "demo.yaml:10:12", None, "errors"),
        ("D-ECHOO", "demo.yaml:13:37", None, "errors.kinds.invalid"),
        ("D-ECHO", "demo.yaml:18:9", "echo.create", "operations.echo.create"),
        ("D-BASE", "demo.yaml:22:55", "echo.create", "operations.echo.create.checks[0]"),
        ("D-ECHO", "demo.yaml:24:18", "echo.create", "operations.echo.create.rules[0]"),
    ]


def test_the_schemas_of_parameters_cite_for_every_operation_that_refers_to_them() -> None:
    text = """\
schemas:
  Word: {properties: {claims: {claims: [D-ECHO]}, of: {$ref: "#/schemas/Letter"}}}
  Letter: {items: {claims: [D-LIMIT]}, properties: {again: {$ref: "#/schemas/Word"}}}
operations:
  one: {request: {allOf: [{$ref: "#/schemas/Word"}]}}
  two: {query: {properties: {of: {claims: [D-BASE]}}}}
"""
    found = {(each.operation, each.claim) for each in cited(parse(text, "x.yaml"))}
    assert found == {
        (None, "D-ECHO"),
        (None, "D-LIMIT"),
        ("one", "D-ECHO"),
        ("one", "D-LIMIT"),
        ("two", "D-BASE"),
    }


def test_the_rules_of_a_scenario_may_cite_too() -> None:
    document = parse("scenario: s\nrules:\n  - {on: '*', claims: [D-LIMIT]}\n", "s.yaml")
    (citation,) = cited(document, ScenarioFile)
    assert (citation.claim, citation.operation, citation.part) == ("D-LIMIT", None, "rules[0]")


@pytest.mark.parametrize(
    "text", ["", "5", "[a]", "operations: 5", "operations: {a: [b]}", "claims: [a]", "errors: {claims: a}"]
)
def test_a_document_of_another_shape_is_no_error(text: str) -> None:
    document = parse(text, "x.yaml")
    assert [each.claim for each in cited(document)] == (["a"] if text == "claims: [a]" else [])


def test_coverage_has_a_row_for_every_claim_in_the_order_of_the_catalogue(citations: list[ClaimReference]) -> None:
    rows = coverage(CATALOGUE, citations)
    assert [(row.claim, row.grade, len(row.citations), row.served) for row in rows] == [
        ("D-BASE", "documented", 2, True),
        ("D-ECHO", "inferred", 2, True),
        ("D-LIMIT", "invented", 1, True),
        ("D-NONE", "documented", 0, False),
    ]
    assert rows[3].says == "Nothing serves it."


def test_citing_an_unknown_claim_is_reported_with_what_may_be_meant(document: Document) -> None:
    expected = "expected one of: D-BASE, D-ECHO, D-LIMIT, D-NONE; did you mean"
    assert [str(diagnostic) for diagnostic in unknown_claims(document, CATALOGUE)] == [
        f"demo.yaml:10:12: unknown claim 'D-SHAPE'; {expected} 'D-BASE'?",
        f"demo.yaml:13:37: unknown claim 'D-ECHOO'; {expected} 'D-ECHO'?",
    ]


def test_a_list_called_claims_that_is_not_one_of_citations_is_not_reported() -> None:
    document = parse("errors: {shape: {claims: [anything, {serves: [any]}]}}\n", "demo.yaml")
    assert unknown_claims(document, CATALOGUE) == []


PART = OperationModel.model_validate(
    {
        "route": "GET /one",
        "aliases": [{"route": "GET /two", "claims": ["D-ECHO"]}, {"route": "GET /three"}],
        "claims": ["D-LIMIT", "D-BASE", "D-UNKNOWN"],
        "rules": [],
    }
)


@pytest.mark.parametrize(
    ("route", "own", "grade"),
    [
        ("GET /one", None, "documented"),
        ("GET /two", None, "inferred"),
        ("GET /three", None, "invented"),
        ("GET /one", "inferred", "inferred"),
        ("GET /two", "invented", "invented"),
        ("GET /two", "documented", "inferred"),
        ("GET /three", "inferred", "inferred"),
    ],
)
def test_a_route_is_of_the_best_class_that_it_cites_but_no_better_than_its_operation(
    route: str, own: Provenance | None, grade: Provenance
) -> None:
    assert grade_of_route(CATALOGUE, PART.model_copy(update={"grade": own}), route) == grade
