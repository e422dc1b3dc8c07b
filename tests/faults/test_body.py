"""A body that arrives whole and is no JSON."""

from __future__ import annotations

import json

import pytest

from tests.faults.conftest import BODY, HELLO, Faulty, content, unchunked
from tests.small import KEY, Small


def test_malformed_json_has_the_right_length_and_is_no_json(faulty: Faulty) -> None:
    received, end = faulty.everything("malformed_json")
    assert (content(received), end) == (BODY[:-1], "closed")
    assert b"content-length: %d\r\n" % (len(BODY) - 1) in received
    assert faulty.emulated.exchanges(1)[0].outcome == "complete"


@pytest.mark.parametrize("body", ["{}", "[1]", "null", "12", '"text"', "true"])
def test_no_json_is_left_of_any_body(small: Small, body: str) -> None:
    emulated = small(f"one:\n  route: GET /one\n  rules: [{{reply: {{body: {body}}}}}]\n")
    answer = emulated.client("small", headers={**KEY, "X-Emulator-Fault": "malformed_json"}).get("/one")
    with pytest.raises(json.JSONDecodeError):
        answer.json()


def test_an_answer_without_a_body_stays_without(small: Small) -> None:
    emulated = small("one:\n  route: GET /one\n  rules: [{reply: {status: 204}}]\n")
    answer = emulated.client("small", headers={**KEY, "X-Emulator-Fault": "malformed_json"}).get("/one")
    assert (answer.status_code, answer.content) == (204, b"")


def test_a_stream_has_no_json_of_its_own(faulty: Faulty) -> None:
    assert b"".join(unchunked(content(faulty.everything("malformed_json", "GET /hello")[0]))) == HELLO
