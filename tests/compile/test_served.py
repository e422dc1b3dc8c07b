"""An API made ready: what is wrong with its limits, jobs, usage and canned replies is told at load, with its place."""

from __future__ import annotations

import pytest

from emulator.errors import DocumentError
from tests.library import Library, api
from tests.running import loaded
from tests.small import Small

FINE = "fine: {route: GET /fine, rules: [{reply: {body: {}}}]}"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("tiers: {basic: {limits: {calls: often}}}", "limit 'often' of 'calls' is not like '60/minute'"),
        ("tiers: {basic: {limits: {calls: 5/fortnight}}}", "5/fortnight"),
        ("jobs: {work: {timeline: {late: 5s, early: 1s}}}", "early"),
        ("jobs: {work: {timeline: {}}}", "timeline"),
        ("statistics: usage.yaml", "usage.yaml"),
        ("answers: {a: {messages: '{{ body }}', canned: [nowhere.yaml]}}", "nowhere.yaml"),
    ],
)
def test_what_cannot_be_served_is_told_with_its_place(small: Small, more: str, words: str) -> None:
    with pytest.raises(DocumentError) as caught:
        small(FINE, more)
    assert any(words in complaint.message for complaint in caught.value.diagnostics), str(caught.value)
    assert all(complaint.place.line > 1 for complaint in caught.value.diagnostics)


def test_all_complaints_of_all_parts_come_at_once(small: Small) -> None:
    with pytest.raises(DocumentError) as caught:
        small(FINE, "tiers: {basic: {limits: {calls: often, words: seldom}}, tight: {limits: {calls: never}}}")
    assert len(caught.value.diagnostics) == 3


def test_the_two_apis_are_served_as_they_are_described() -> None:
    apis = loaded("default").apis
    assert set(apis) == {"aixplain", "aiexport"}
    assert [limit.name for limit in apis["aiexport"].tiers["free"].limits] == ["requests", "tokens"]
    assert apis["aiexport"].tiers["enterprise"].limits == ()
    assert [name for name, _, _ in apis["aiexport"].credential_headers] == [b"x-api-key", b"authorization"]
    assert apis["aixplain"].statistics


def test_everything_wrong_in_every_part_comes_in_one_pass(library: Library) -> None:
    text = """
    tiers: {free: {limits: {calls: «often}}}
    jobs: {work: «{timeline: {late: 5s, early: 1s}}}
    statistics: usage.yaml
    answers: {chat: {messages: x, canned: [replies.yaml]}}
    """
    messages = library.refused(
        api=api(text) + "    checks: [{when: {nobody: «1}, error: invalid}]\n",
        **{
            "fixtures/replies.yaml": "- «{reply: Hello}\n",
            "fixtures/usage.yaml": "- {asset: a, key: k, days_ago: 1, hour: «24, requests: 1, successful: 1}\n",
        },
    )
    assert len(messages) == 5
