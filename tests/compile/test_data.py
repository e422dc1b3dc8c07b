"""What an API knows from the start comes from fixtures, its own records, and those that scenarios add."""

from __future__ import annotations

import pytest

from tests.library import Library, api

FROM = "collections: {models: {from: demo/models.yaml, records: [{id: own}, {id: b, more: 2}]}}\n"


def test_records_come_from_the_fixture_the_file_and_the_scenario_the_later_replacing_the_earlier(
    library: Library,
) -> None:
    library.write("fixtures/demo/models.yaml", "- {id: a}\n- {id: b, more: 1}\n- {id: 5}\n")
    story = "scenario: story\nabout: x\napis: {demo: {collections: {models: [{id: a, new: 1}, {id: late}]}}}\n"
    models = library.demo(api(FROM), story).collections["models"]
    assert dict(models.records) == {
        "a": {"id": "a", "new": 1},
        "b": {"id": "b", "more": 2},
        "5": {"id": 5},
        "own": {"id": "own"},
        "late": {"id": "late"},
    }


def test_a_collection_may_be_known_by_another_field(library: Library) -> None:
    models = library.demo(api("collections: {models: {key: name, records: [{name: x}]}}\n")).collections["models"]
    assert list(models.records) == ["x"]


def test_a_fixture_may_lie_beside_the_api(library: Library) -> None:
    library.write("apis/near.yaml", "- {id: a}\n")
    assert list(library.demo(api("collections: {m: {from: near.yaml}}\n")).collections["m"].records) == ["a"]


@pytest.mark.parametrize("source", ["../secret.yaml", "demo/../../secret.yaml", "/etc/passwd"])
def test_a_fixture_outside_the_folders_is_not_read(library: Library, source: str) -> None:
    library.write("secret.yaml", "- {id: a}\n")
    (message,) = library.refused(api=api(f"collections: {{m: {{from: «{source}}}}}\n"))
    assert message == f"no fixture {source!r} below fixtures/ or beside this file; there are none"


def test_a_link_out_of_the_folder_is_not_followed(library: Library) -> None:
    secret = library.write("secret.yaml", "- {id: a}\n")
    (library.fixtures / "link.yaml").symlink_to(secret)
    (message,) = library.refused(api=api("collections: {m: {from: «link.yaml}}\n"))
    assert message.startswith("no fixture 'link.yaml'")


def test_a_fixture_that_is_not_there_is_named_with_one_that_is(library: Library) -> None:
    library.write("fixtures/demo/models.yaml", "[]\n")
    (message,) = library.refused(api=api("collections: {m: {from: «demo/modles.yaml}}\n"))
    assert message.endswith("expected one of: demo/models.yaml; did you mean 'demo/models.yaml'?")


def test_a_record_without_its_id_is_refused_in_the_file_where_it_stands(library: Library) -> None:
    fixture = "- {id: a}\n- «{name: b}\n- «just text\n- «{id: null}\n"
    text = api("collections: {m: {from: demo.yaml, records: [{id: c}, «{name: d}]}}\n")
    assert library.refused(**{"fixtures/demo.yaml": fixture}, api=text) == [
        "a record of 'm' has no field 'id': {'name': 'd'}",
        "a record of 'm' has no field 'id': {'name': 'b'}",
        "a record of 'm' has no field 'id': just text",
        "a record of 'm' has no field 'id': {'id': None}",
    ]


@pytest.mark.parametrize("text", ["«models: [{id: a}]\n", "«5\n", "«''\n"])
def test_a_fixture_is_a_list(library: Library, text: str) -> None:
    assert library.refused(**{"fixtures/demo.yaml": text}, api=api("collections: {m: {from: demo.yaml}}\n")) == [
        "a fixture is a list of records"
    ]


def test_a_fixture_that_is_no_yaml_is_refused_where_it_breaks(library: Library) -> None:
    fixture = {"fixtures/demo.yaml": "- {id: a}\n- {id: b\n- x\n«"}
    (message,) = library.refused(**fixture, api=api("collections: {m: {from: demo.yaml}}\n"))
    assert message.startswith(
        "expected ',' or '}' here; text with ',', ':', braces or brackets in it needs quotes here"
    )


def test_keys_are_records_too(library: Library) -> None:
    text = api("tiers: {free: {}}\nkeys: {k: {workspace: w, tier: free, data: {a: 1}}}\n")
    assert dict(library.demo(text).collections["keys"].records) == {
        "k": {
            "id": "k",
            "workspace": "w",
            "tier": "free",
            "name": None,
            "status": "active",
            "data": {"a": 1},
            "budget": {},
        }
    }


def test_an_answer_knows_its_templates_and_its_canned_replies(library: Library) -> None:
    library.write("fixtures/replies.yaml", "- {match: [hi], reply: Hello}\n")
    text = api("answers: {chat: {messages: '{{ body.messages }}', json: '{{ body.json }}', canned: [replies.yaml]}}\n")
    answer = library.demo(text).answers["chat"]
    assert answer.messages.value({"body": {"messages": 5}}) == 5
    assert not answer.json_object.true({"body": {}})
    assert answer.system is None
    assert [reply.fixed and reply.fixed.text for reply in answer.texts.canned.replies] == ["Hello"]


def test_a_wrong_answer_is_refused_part_by_part(library: Library) -> None:
    text = api("answers: {chat: {messages: «'{{ 1 + }}', system: «'{{ no() }}', canned: [«a.yaml, «b.yaml]}}\n")
    assert len(library.refused(api=text)) == 4
