"""Refusing: every error in the API's own shape, with what it knows, and hints beside it."""

from __future__ import annotations

import logging

import pytest

from tests.apis.aiexport_calls import caller as aiexport
from tests.apis.aixplain_calls import caller as aixplain
from tests.running import Emulated
from tests.small import HEAD, KEY, Small

OPERATIONS = """
fine:
  route: GET /fine/{id}
  rules: [{reply: {body: {}}}]
conflict:
  route: GET /conflict
  rules:
    - when: {query.bare: {present: true}}
      reply: {error: conflict}
    - reply: {error: conflict, message: "{{ query.said | default('no') }}", param: "{{ query.of }}", data: {more: [1]}}
renamed:
  route: POST /renamed
  errors: {invalid: conflict, media_type: conflict}
  request: {type: object, required: [a]}
  rules: [{reply: {body: {}}}]
failing:
  route: GET /failing
  rules: [{reply: {error: failing}}]
"""
ERRORS = HEAD[HEAD.index("errors:") :].replace(
    "    conflict: {status: 409}\n",
    """\
    conflict:
      status: 409
      type: busy
      headers: {X-Kind: "{{ error.type }}", X-None: "{{ error.nothing | default(none) }}"}
      data: {more: [], extra: 7}
      body:
        kind: "{{ error.kind }}"
        said: "{{ error.message }}"
        about: "{{ error.param }}"
        more: "{{ error.more }}"
        extra: "{{ error.extra }}"
        status: "{{ error.status }}"
    failing: {status: 418, message: "{{ 1 // (query.zero | default(0)) }}"}
""",
)


@pytest.fixture
def emulated(small: Small) -> Emulated:
    return small(OPERATIONS, ERRORS)


def test_a_kind_has_its_own_status_headers_body_and_data(emulated: Emulated) -> None:
    answer = emulated.client("small", headers=KEY).get("/conflict?said=later&of=time")
    assert (answer.status_code, answer.headers["x-kind"]) == (409, "busy")
    assert "x-none" not in answer.headers
    assert answer.json() == {
        "kind": "conflict",
        "said": "later",
        "about": "time",
        "more": [1],
        "extra": 7,
        "status": 409,
    }


def test_without_words_of_its_own_an_error_says_what_http_calls_its_status(emulated: Emulated) -> None:
    said = emulated.client("small", headers=KEY).get("/conflict?bare=1").json()
    assert (said["said"], said["about"], said["more"]) == ("Conflict", None, [])


def test_an_operation_says_some_errors_in_another_kinds_words(emulated: Emulated) -> None:
    client = emulated.client("small", headers=KEY)
    for answer in (
        client.post("/renamed", json={}),
        client.post("/renamed", content="a", headers={"content-type": "x/y"}),
    ):
        assert (answer.status_code, answer.json()["kind"]) == (409, "conflict")
    assert client.post("/renamed").json()["kind"] == "conflict"


def test_an_error_whose_words_fail_is_an_internal_one_in_the_apis_shape(
    emulated: Emulated, caplog: pytest.LogCaptureFixture
) -> None:
    answer = emulated.client("small", headers=KEY).get("/failing")
    assert (answer.status_code, answer.json()["kind"]) == (500, "internal")
    assert "zero" in answer.headers["x-emulator-error"]
    assert any(record.levelno == logging.ERROR for record in caplog.records)


def test_an_unknown_path_hints_at_those_it_looks_like(emulated: Emulated) -> None:
    answer = emulated.client("small", headers=KEY).get("/conflct")
    assert (answer.status_code, answer.json()["kind"]) == (404, "not_found")
    assert answer.headers["x-emulator-hint"] == "unknown path; did you mean GET /conflict?"


def test_a_wrong_method_tells_the_right_ones(emulated: Emulated) -> None:
    answer = emulated.client("small", headers=KEY).delete("/fine/7")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert "DELETE is not allowed for /fine/7; expected GET" in answer.json()["said"]


@pytest.mark.parametrize("path", ["/%0d%0aX-Evil:%20yes", "/\u00e9\u2028", "/%00", "/" + "x" * 10_000, "/%1b[31mred"])
def test_what_the_path_holds_does_not_get_out_of_its_header_nor_of_the_log(
    emulated: Emulated, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = emulated.client("small", headers=KEY).get(path)
    assert (answer.status_code, answer.json()["kind"]) == (404, "not_found")
    assert "x-evil" not in answer.headers
    assert answer.headers.get("x-emulator-hint", "").isprintable()
    assert len(answer.json()["said"]) < 1_000
    emulated.client("small", headers=KEY).get("/failing?a=" + path[1:])
    logged = [record.getMessage() for record in caplog.records if record.name == "emulator"]
    assert logged
    assert all(line.isprintable() for line in logged)


RENAMED_AND_LIMITED = """
busy:
  route: GET /busy
  errors: {conflict: other}
  rules:
    - when: {query.plain: {present: true}}
      reply: {error: conflict}
    - reply: {error: conflict, status: 423, headers: {X-Own: "{{ query.own }}", x-kind: null}}
slow:
  route: GET /slow
  rules: [{when: {caller.tier: tight}, reply: {error: rate_limited, message: "Too fast for {{ caller.tier }}."}}]
"""


@pytest.mark.finding("F4")
def test_a_reply_may_give_an_error_headers_and_a_status_of_its_own(small: Small) -> None:
    errors = ERRORS + "    other: {status: 409, headers: {X-Kind: other, X-Also: 1}}\n"
    client = small(RENAMED_AND_LIMITED, errors).client("small", headers=KEY)
    plain, own = client.get("/busy?plain"), client.get("/busy?own=yes")
    assert (plain.status_code, plain.headers["x-kind"], plain.headers["x-also"]) == (409, "other", "1")
    assert (own.status_code, own.headers["x-own"], own.headers["x-also"]) == (423, "yes", "1")
    assert "x-kind" not in own.headers
    assert own.json()["kind"] == "other"


@pytest.mark.finding("F4")
def test_a_rule_that_answers_rate_limited_in_its_own_words_says_when_to_retry(small: Small) -> None:
    more = ERRORS + "    other: {status: 409}\nunknown_keys: {tier: tight, workspace: w}\n"
    emulated = small(RENAMED_AND_LIMITED, more)
    answer = emulated.client("small", headers={"X-Key": "somebody"}).get("/slow")
    assert (answer.status_code, answer.json()["said"]) == (429, "Too fast for tight.")
    assert answer.headers["retry-after"] == "60"


@pytest.mark.finding("F4")
def test_an_error_whose_status_has_no_name_is_called_by_its_kind(small: Small) -> None:
    errors = ERRORS + "    other: {status: 499}\n"
    client = small("nameless: {route: GET /nameless, rules: [{reply: {error: other}}]}\n", errors).client("small")
    assert client.get("/nameless", headers=KEY).json()["said"] == "other"


@pytest.mark.finding("G8")
def test_a_hint_is_in_the_body_in_the_header_and_in_the_log(
    emulator: Emulated, caplog: pytest.LogCaptureFixture
) -> None:
    for client, field in ((aiexport(emulator), "/v2/mesages"), (aixplain(emulator), "/v2/modls")):
        answer = client.post(f"{emulator.origin}{field}", json={})
        hint = answer.headers["x-emulator-hint"]
        assert hint.startswith("unknown path; did you mean ")
        body = answer.json()
        assert (body["error"]["hint"] if "type" in body else body["hint"]) == hint
        assert f"POST {field}: {hint}" in caplog.messages


@pytest.mark.finding("G8")
@pytest.mark.scenario("strict")
def test_a_strict_body_has_no_hint(emulator: Emulated) -> None:
    answer = aiexport(emulator).post("/mesages", json={})
    assert "x-emulator-hint" in answer.headers
    assert set(answer.json()["error"]) == {"type", "message"}
    answer = aixplain(emulator).post(f"{emulator.origin}/v2/modls", json={})
    assert "x-emulator-hint" in answer.headers
    assert "hint" not in answer.json()
