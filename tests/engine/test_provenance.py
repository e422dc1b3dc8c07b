"""Provenance: on request, an answer says which promises it rests on, and of what class they are."""

from __future__ import annotations

import pytest

from tests.apis.aiexport_calls import asking, caller
from tests.running import Emulated
from tests.small import KEY, Small

MORE = """
claims:
  S-A: {class: documented, says: "a"}
  S-B: {class: invented, says: "b"}
  S-C: {class: documented, says: "c"}
"""
OPERATIONS = """
one:
  route: GET /one
  claims: [S-A]
  rules:
    - {when: {query.more: {present: true}}, claims: [S-B, S-C, S-A], reply: {body: {}}}
    - {reply: {body: {}}}
none:
  route: GET /none
  rules: [{reply: {body: {}}}]
ours:
  route: GET /ours
  class: invented
  claims: [S-A]
  rules: [{claims: [S-B], reply: {body: {}}}]
seen:
  route: GET /seen
  class: inferred
  claims: [S-A]
  rules: [{claims: [S-B], reply: {body: {}}}]
"""


@pytest.mark.parametrize(("target", "line"), [("/ours", "invented S-A S-B"), ("/seen", "inferred S-A; invented S-B")])
def test_no_claim_is_of_a_better_class_than_the_operation_that_serves_it(small: Small, target: str, line: str) -> None:
    client = small(OPERATIONS, MORE).client("small", headers=KEY)
    assert client.get(target, headers={"X-Emulator-Provenance": "yes"}).headers["x-emulator-provenance"] == line


@pytest.mark.parametrize("path", ["/keys", "/status", "/messages"])
def test_a_route_of_our_own_is_not_called_documented(emulator: Emulated, path: str) -> None:
    answer = caller(emulator).get(path, headers={"X-Emulator-Provenance": "1"})
    assert answer.headers["x-emulator-provenance"].startswith("invented AE-")


@pytest.mark.parametrize(
    ("target", "line"),
    [("/one", "documented S-A"), ("/one?more=1", "documented S-A S-C; invented S-B"), ("/none", "invented")],
)
def test_the_claims_of_the_operation_and_of_the_rule_are_told_by_class(small: Small, target: str, line: str) -> None:
    client = small(OPERATIONS, MORE).client("small", headers=KEY)
    assert client.get(target, headers={"X-Emulator-Provenance": "yes"}).headers["x-emulator-provenance"] == line
    assert "x-emulator-provenance" not in client.get(target).headers


def test_a_refused_request_is_told_the_operations_claims(small: Small) -> None:
    client = small(OPERATIONS, MORE).client("small")
    assert (
        client.get("/one", headers={"X-Emulator-Provenance": ""}).headers["x-emulator-provenance"] == "documented S-A"
    )


def test_a_real_answer_tells_documented_and_invented_apart(emulator: Emulated) -> None:
    answer = caller(emulator).post("/messages", json=asking(), headers={"X-Emulator-Provenance": "1"})
    documented, invented = answer.headers["x-emulator-provenance"].split("; ")
    assert documented.startswith("documented ")
    assert "AE-MSG-ROUTE" in documented.split()
    assert invented == "invented AE-MSG-SHAPE"
