"""What a scenario changes of an API is laid over it field by field, and a slip in it is told where it stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emulator import app
from emulator.errors import DocumentError
from emulator.playbook.apis import Playbook
from emulator.playbook.limits import Limit
from emulator.playbook.model import AnswerPlan

MINUTE, DAY = 60.0, 86_400.0

HEAD = "scenario: mine\nabout: A test.\nextends: default\n"


def load(folder: Path, apis: str, name: str = "mine", extends: str = "default") -> Playbook:
    path = folder / f"{name}.yaml"
    path.write_text(f"scenario: {name}\nabout: A test.\nextends: {extends}\napis:\n{apis}")
    return app.load((str(path),))


def complaints(folder: Path, apis: str) -> list[str]:
    """What is wrong, each as line:column: message of the scenario's file."""
    with pytest.raises(DocumentError) as caught:
        load(folder, apis)
    told = []
    for complaint in caught.value.diagnostics:
        assert Path(complaint.place.file).name == "mine.yaml"
        told.append(f"{complaint.place.line}:{complaint.place.column}: {complaint.message}")
    return told


def test_a_tier_is_changed_limit_by_limit_and_its_data_key_by_key(tmp_path: Path) -> None:
    playbook = load(tmp_path, "  aiexport: {tiers: {free: {limits: {requests: 3/minute}, data: {batch_size: 7}}}}\n")
    tiers = playbook.apis["aiexport"].tiers
    assert tiers["free"].limits == (Limit("requests", 3, MINUTE), Limit("tokens", 100_000, DAY))
    assert tiers["free"].data == {"title": "Free", "batch_size": 7, "families": ["haiku"]}
    assert tiers["pro"].limits == (Limit("requests", 600, MINUTE), Limit("tokens", 10_000_000, DAY))


def test_changes_of_a_scenario_are_laid_over_those_of_the_one_it_extends(tmp_path: Path) -> None:
    load(tmp_path, "  aiexport: {tiers: {free: {limits: {requests: 3/minute, tokens: 9/day}}}}\n", "below")
    apis = "  aiexport: {tiers: {free: {limits: {tokens: 8/day}, data: {title: Mine}}}}\n"
    free = load(tmp_path, apis, "above", extends="below.yaml").apis["aiexport"].tiers["free"]
    assert free.limits == (Limit("requests", 3, MINUTE), Limit("tokens", 8, DAY))
    assert free.data["title"] == "Mine"
    assert free.data["batch_size"] == 100


def test_a_scenario_may_add_a_tier_for_keys_of_its_own(tmp_path: Path) -> None:
    apis = """
  aiexport:
    tiers: {tiny: {limits: {requests: 1/day}, data: {title: Tiny, batch_size: 1, families: []}}}
    keys: {axp_tiny: {workspace: tiny, tier: tiny}}
"""
    api = load(tmp_path, apis).apis["aiexport"]
    assert api.keys["axp_tiny"].tier == "tiny"
    assert api.tiers["tiny"].limits == (Limit("requests", 1, DAY),)


def canned(answer: AnswerPlan) -> list[str]:
    """The files of an answer's canned replies, in order."""
    return list(dict.fromkeys(Path(reply.place.file).name for reply in answer.texts.canned.replies))


def test_the_canned_replies_of_a_scenario_go_before_those_of_the_one_it_extends(tmp_path: Path) -> None:
    for name in "abcd":
        (tmp_path / f"{name}.yaml").write_text(f"- {{match: [hi], reply: {name}}}\n")
    load(tmp_path, "  aiexport: {canned: {chat: [c.yaml, d.yaml]}}\n", "below")
    apis = "  aiexport: {canned: {chat: [a.yaml, b.yaml]}}\n"
    playbook = load(tmp_path, apis, "above", extends="below.yaml")
    assert canned(playbook.apis["aiexport"].answers["chat"]) == ["a.yaml", "b.yaml", "c.yaml", "d.yaml", "replies.yaml"]
    assert canned(playbook.apis["aixplain"].answers["completion"]) == ["replies.yaml"]
    assert tmp_path / "a.yaml" in playbook.files


@pytest.mark.parametrize(
    ("apis", "told"),
    [
        ("  aixplain: {switches: {executoin: async}}\n", "did you mean 'execution'?"),
        ("  aixplain: {switches: {execution: asink}}\n", "did you mean 'async'?"),
        ("  aiexport: {keys: {axp_mine: {workspace: me, tier: por}}}\n", "did you mean 'pro'?"),
        ("  aiexport: {unknown_keys: {tier: por, workspace: me}}\n", "did you mean 'pro'?"),
        ("  aiexport: {tiers: {fre: {limits: {requests: 3/minute}}}}\n", "did you mean 'free'?"),
        ("  aiexport: {tiers: {free: {limits: {requests: 3 per minute}}}}\n", "is not like '60/minute'"),
        ("  aiexport: {jobs: {bach: {completed: 5s}}}\n", "did you mean 'batch'?"),
        ("  aiexport: {jobs: {batch: {completed: 500ms}}}\n", "may begin before"),
        ("  aiexport: {collections: {modells: [{id: x}]}}\n", "did you mean 'models'?"),
        ("  aiexport: {collections: {models: [{name: x}]}}\n", "has no field 'id'"),
        ("  aiexport: {canned: {chatt: [replies.yaml]}}\n", "did you mean 'chat'?"),
        ("  aiexport: {canned: {chat: [replys.yaml]}}\n", "did you mean 'replies.yaml'?"),
    ],
)
def test_a_name_that_stands_for_nothing_is_told_at_its_place_in_the_scenario(
    tmp_path: Path, apis: str, told: str
) -> None:
    (complaint,) = complaints(tmp_path, apis)
    assert complaint.startswith("5:")
    assert complaint.endswith(told) or told in complaint


def test_a_slip_is_told_at_its_place_in_the_scenario_that_made_it(tmp_path: Path) -> None:
    with pytest.raises(DocumentError):
        load(tmp_path, "  aiexport: {tiers: {free: {limits: {requests: soon}}}}\n", "below")
    with pytest.raises(DocumentError) as caught:
        load(tmp_path, "  aiexport: {tiers: {free: {limits: {tokens: 8/day}}}}\n", "above", extends="below.yaml")
    (complaint,) = caught.value.diagnostics
    assert Path(complaint.place.file).name == "below.yaml"
    assert (complaint.place.line, complaint.place.column) == (5, 48)


@pytest.mark.parametrize(
    ("rule", "column"),
    [
        ("{on: aixplain/assets.execute, reply: {status: 600, body: {}}}", 51),
        ("{on: aixplain/assets.execute, reply: {status: soon, body: {}}}", 51),
        ("{on: aixplain/assets.execute, reply: {error: billing, data: {status: 199}}}", 74),
    ],
)
def test_a_status_that_is_none_is_refused_at_load(tmp_path: Path, rule: str, column: int) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"{HEAD}rules:\n  - {rule}\n")
    with pytest.raises(DocumentError) as caught:
        app.load((str(path),))
    (complaint,) = caught.value.diagnostics
    assert (complaint.place.line, complaint.place.column) == (5, column)
    assert complaint.message.endswith("is not a status; expected 200 to 599")


@pytest.mark.parametrize(
    "when",
    [
        "{body.text: {not: '{{ body.data }}'}}",
        "{body.text: ['{{ body.data }}', other]}",
        "{body.text: {length: {gt: '{{ body.max_tokens }}'}}}",
        "{jsonpath: {$.text: {not: '{{ body.data }}'}}}",
    ],
)
def test_a_template_among_operators_and_lists_is_refused_with_its_cure(tmp_path: Path, when: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"{HEAD}rules:\n  - {{on: aixplain/assets.execute, when: {when}, reply: {{body: {{}}}}}}\n")
    with pytest.raises(DocumentError) as caught:
        app.load((str(path),))
    (complaint,) = caught.value.diagnostics
    assert complaint.place.line == 5
    assert "a template can't stand in a list or an operator; use expr" in complaint.message


def test_records_and_usage_come_from_fixtures_beside_the_scenario_too(tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text("- {id: mine, name: Mine}\n- {id: other, name: Other}\n")
    usage = "{asset: mine, key: k, days_ago: 1, hour: 0, requests: 1, successful: 1}"
    (tmp_path / "usage.yaml").write_text(f"- {usage}\n")
    apis = "  aixplain: {collections: {models: [{$from: more.yaml}, {id: last, name: Last}]}, statistics: usage.yaml}\n"
    playbook = load(tmp_path, apis)
    assert list(playbook.apis["aixplain"].collections["models"].records)[-3:] == ["mine", "other", "last"]
    assert [row.asset for row in playbook.apis["aixplain"].statistics] == ["mine"]
    assert {tmp_path / "more.yaml", tmp_path / "usage.yaml"} <= set(playbook.files)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("collections: {models: [{$from: aixplain/modells.yaml}]}", "did you mean 'aixplain/models.yaml'?"),
        ("collections: {models: [{$from: 7}]}", "`$from` names a fixture and stands alone"),
        ("collections: {models: [{$from: aixplain/models.yaml, id: x}]}", "`$from` names a fixture and stands alone"),
        ("statistics: aixplain/usages.yaml", "did you mean 'aixplain/usage.yaml'?"),
    ],
)
def test_a_fixture_that_is_not_there_is_told_where_the_scenario_names_it(
    tmp_path: Path, change: str, told: str
) -> None:
    (complaint,) = complaints(tmp_path, f"  aixplain: {{{change}}}\n")
    assert complaint.startswith("5:")
    assert told in complaint


def test_invalid_usage_is_reported_where_it_stands_in_the_fixture(tmp_path: Path) -> None:
    (tmp_path / "usage.yaml").write_text("- {asset: mine, key: k, days_ago: 0, hour: 0, requests: 1, successful: 2}\n")
    with pytest.raises(DocumentError) as caught:
        load(tmp_path, "  aixplain: {statistics: usage.yaml}\n")
    (diagnostic,) = caught.value.diagnostics
    assert str(diagnostic).endswith("usage.yaml:1:35: expected 1 or more; found the number 0")


@pytest.mark.finding("F4")
def test_a_scenario_changes_an_error_field_by_field_and_its_headers_line_by_line(tmp_path: Path) -> None:
    change = "{rate_limited: {message: Slow down., headers: {X-Plan: '{{ caller.tier }}', X-RateLimit-Limit: null}}}"
    kind = load(tmp_path, f"  aiexport: {{errors: {{kinds: {change}}}}}\n").apis["aiexport"].errors["rate_limited"]
    assert kind.message is not None
    assert (kind.status, kind.message.value({})) == (429, "Slow down.")
    limits: dict[str, Any] = {"requests": {}, "tokens": {}}
    context = {"error": {"retry_after": 7}, "request": {"id": "r"}, "caller": {"tier": "free"}, "limits": limits}
    lines = dict(kind.headers.lines(context))
    assert (lines[b"Retry-After"], lines[b"X-Plan"]) == (b"7", b"free")
    assert b"X-RateLimit-Limit" not in lines


@pytest.mark.finding("F4")
def test_a_scenario_changes_shape_headers_and_limit_headers_and_adds_a_kind(tmp_path: Path) -> None:
    errors = "{shape: {oops: '{{ error.kind }}'}, headers: {X-Oops: 1}, kinds: {teapot: {status: 418}}}"
    api = load(
        tmp_path, f"  aiexport: {{errors: {errors}, limit_headers: {{X-Left: 3, X-RateLimit-Reset: null}}}}\n"
    ).apis["aiexport"]
    assert api.errors["teapot"].status == 418
    assert api.errors["not_found"].body.value({"error": {"kind": "not_found"}}) == {"oops": "not_found"}
    assert (b"X-Oops", b"1") in api.errors["not_found"].headers.fixed
    assert (b"X-Left", b"3") in api.limit_headers.fixed
    assert b"X-RateLimit-Reset" not in [name for name, _ in api.limit_headers.computed]


def test_errors_of_a_scenario_are_laid_over_those_of_the_one_it_extends(tmp_path: Path) -> None:
    load(tmp_path, "  aiexport: {errors: {kinds: {conflict: {type: below, message: Below.}}}}\n", "below")
    above = "  aiexport: {errors: {kinds: {conflict: {message: Above.}}}}\n"
    kind = load(tmp_path, above, "above", extends="below.yaml").apis["aiexport"].errors["conflict"]
    assert kind.type is not None
    assert kind.message is not None
    assert (kind.status, kind.type.value({}), kind.message.value({})) == (409, "below", "Above.")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("{kinds: {teapot: {message: x}}}", "5:39: 'teapot' is a new kind of error; it needs a `status`"),
        ("{kinds: {invalid: {message: '{{ no() }}'}}}", "5:50: unknown function 'no'"),
        ("{kinds: {invalid: {headers: {X Bad: 1}}}}", "5:51: 'X Bad' can't be the name of a header"),
        ("{kinds: {invalid: {message: '{{ boddy.model }}'}}}", "5:50: unknown name 'boddy'"),
        ("{shape: '{{ erorr.kind }}'}", "5:30: unknown name 'erorr'"),
    ],
)
def test_a_mistake_in_the_errors_of_a_scenario_is_reported_there(tmp_path: Path, change: str, message: str) -> None:
    (found,) = complaints(tmp_path, f"  aiexport: {{errors: {change}}}\n")
    assert found.startswith(message)


@pytest.mark.finding("F5")
def test_a_scenario_brings_a_collection_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "words.yaml").write_text("- {word: hello}\n")
    apis = "  aiexport: {collections: {words: {from: words.yaml, key: word, records: [{word: bye}], most: 5}}}\n"
    rule = "rules: [{on: models.list, do: [{put: words, record: {word: new}}], reply: {body: '{{ words.hello }}'}}]\n"
    plan = load(tmp_path, apis + rule).apis["aiexport"].collections["words"]
    assert (sorted(plan.records), plan.key, plan.most) == (["bye", "hello"], "word", 5)
    more = "  aiexport: {collections: {words: [{word: more}]}}\n"
    plan = load(tmp_path, more, "above", extends="mine.yaml").apis["aiexport"].collections["words"]
    assert sorted(plan.records) == ["bye", "hello", "more"]


@pytest.mark.parametrize(
    ("collections", "message"),
    [
        ("{modles: [{id: a}]}", "5:36: unknown collection 'modles'; expected one of: models, "),
        ("{models: {}}", "5:36: aiexport has a collection 'models'; add records to it with a list"),
        ("{body: {}}", "5:34: the name 'body' is taken; choose another"),
        ("{words: {records: [{name: x}]}}", "5:46: a record of 'words' has no field 'id'"),
        ("{words: {from: none.yaml}}", "5:42: no fixture 'none.yaml'"),
    ],
)
def test_a_mistake_in_a_collection_of_a_scenario_is_reported_there(
    tmp_path: Path, collections: str, message: str
) -> None:
    (found,) = complaints(tmp_path, f"  aiexport: {{collections: {collections}}}\n")
    assert found.startswith(message)
