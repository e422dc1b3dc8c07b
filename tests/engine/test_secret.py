"""Keeping secrets: what a client hides in a request is not told by what is said of it."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from emulator.store.masking import mask_key
from tests.small import KEY, Small

BASIC = base64.b64encode(b"ann:p4ssw0rd-of-ann").decode()
TOKEN = "token-0123456789abcdef"


def found(small: Small, when: str, headers: dict[str, str] = KEY, query: str = "", **body: Any) -> list[str]:
    """What is said to be found by a rule that wants something else."""
    emulated = small(
        f"""
        one:
          route: POST /one
          request: {{type: object}}
          redact: [secret, pin]
          let: {{basic: "{{{{ (header.authorization or '') }}}}"}}
          rules: [{{when: {when}, reply: {{body: 1}}}}]
        """
    )
    answer = emulated.client("small", headers={**KEY, **headers}).post(f"/one{query}", json=body)
    assert answer.status_code == 501
    (exchange,) = emulated.exchanges(1)
    everything = answer.text + answer.headers["x-emulator-hint"] + repr(exchange.near_misses) + exchange.error
    for secret in ("key-of-ann", "p4ssw0rd-of-ann", BASIC, TOKEN, "s3cr3t-of-ann", "4711"):
        assert secret not in everything
    return [each.found for each in exchange.near_misses[0].differences]


@pytest.mark.parametrize(
    ("when", "shown"),
    [
        ("{caller.key: x}", f"'{mask_key('key-of-ann')}'"),
        ("{caller: x}", None),
        ("{header.x-key: x}", "'********'"),
        ("{header.authorization: x}", "'Basic ********'"),
        ("{header.cookie: x}", "'********'"),
        ("{header.x-auth-token: x}", "'toke********cdef'"),
        ("{header.x-more: x}", "'see toke********cdef'"),
        ("{header: x}", None),
        ("{body.secret: x}", "'********'"),
        ("{body.pin: 1}", "'********'"),
        ("{body.deep.secret: x}", "'********'"),
        ("{body.deep: x}", "{'secret': '********', 'open': 'a'}"),
        ("{body.list: x}", "[{'pin': '********'}, 'it is ********!']"),
        ("{body.copy: x}", "'it is ********!'"),
        ("{body.fine: x}", "'open'"),
        ("{body.flag.secret: x}", "True"),
        ("{query.secret: x}", "'********'"),
        ("{jsonpath: {$.secret: x}}", "'********'"),
        ("{jsonpath: {$..pin: x}}", "'********'"),
        ("{basic: x}", "'Basic ********'"),
        ("{expr: '{{ body.secret == 1 }}'}", "False"),
        ("{expr: '{{ 1 // (0 * (body.copy | length)) }}'}", None),
        ("""{body.fine: "{{ body.copy }}"}""", "'open'"),
    ],
)
def test_what_is_secret_is_masked_wherever_a_rule_looks(small: Small, when: str, shown: str | None) -> None:
    if "//" in when:
        when = f"{{body.nothing: 1, {when[1:]}"
    headers = {
        "Authorization": f"Basic {BASIC}",
        "Cookie": f"a=1; session={TOKEN}; b",
        "X-Auth-Token": TOKEN,
        "X-More": f"see {TOKEN}",
    }
    said = found(
        small,
        when,
        headers,
        "?secret=s3cr3t-of-ann",
        secret="s3cr3t-of-ann",
        pin=4711,
        copy="it is s3cr3t-of-ann!",
        deep={"secret": "s3cr3t-of-ann", "open": "a"},
        list=[{"pin": 4711}, "it is s3cr3t-of-ann!"],
        fine="open",
        flag={"secret": True},
    )
    assert shown is None or said == [shown]


def test_a_line_that_is_no_credential_but_looks_encoded_harms_nothing(small: Small) -> None:
    assert found(small, "{body.a: 1}", {"Authorization": "Basic ???", "Cookie": ""}, a=2) == ["2"]
