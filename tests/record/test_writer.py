"""The text of a recording: YAML that reads back as what was answered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.language.document.reader import parse, read
from emulator.record import writer as script
from emulator.record.request import RecordedExchange, RecordedRequest, UpstreamReply
from emulator.record.writer import ScenarioWriter, dumped, head_text, reply_text, rule_text
from emulator.record.writer import _values as values_in
from emulator.store.masking import Masker

SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    ["no", "on", "1e5", "0o17", "~", "=", "2026-01-01"]
)
TREES = st.recursive(SCALARS | TEXTS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=8)


@given(TREES)
def test_what_is_written_is_read_again(tmp_path_factory: pytest.TempPathFactory, tree: Any) -> None:
    path = tmp_path_factory.getbasetemp() / "tree.yaml"
    path.write_text(dumped({"tree": tree}), encoding="utf-8", newline="")
    assert orjson.dumps(read(path).data["tree"]) == orjson.dumps(tree)


def written(body: bytes, tmp_path: Path, origin: str = "http://me") -> Any:
    exchange = RecordedExchange(RecordedRequest("op", {}, origin), UpstreamReply(200, (), body))
    path = tmp_path / "x.yaml"
    rule = rule_text(1, "op", {"body.a": "no"}, [(reply_text(exchange, Masker()), 1)])
    path.write_text(head_text("x", "demo", "there", 1) + "rules:\n" + rule)
    (read_rule,) = read(path).data["rules"]
    reply = read_rule.pop("reply")
    assert read_rule == {"name": "recorded op 1", "on": "op", "when": {"body.a": "no"}, "unchecked": True}
    return reply


def writer_of(bodies: list[bytes]) -> ScenarioWriter:
    writer = ScenarioWriter(Masker())
    for body in bodies:
        writer.add(RecordedExchange(RecordedRequest("op", {}, "http://me"), UpstreamReply(200, (), body)))
    return writer


def rules_of(writer: ScenarioWriter, tmp_path: Path) -> Any:
    path = tmp_path / "x.yaml"
    path.write_text("rules:\n" + "".join(text.written for text in writer.texts()))
    return read(path).data["rules"]


def test_responses_that_came_several_times_in_a_row_are_written_once_and_the_last_answers_all_further_requests(
    tmp_path: Path,
) -> None:
    (rule,) = rules_of(writer_of([b"1", b"1", b"1", b"2", b"1", b"3", b"3"]), tmp_path)
    assert "then" not in rule
    assert [(each.get("times"), each["body"]["$literal"]) for each in rule["replies"]] == [
        (3, 1),
        (None, 2),
        (None, 1),
        (None, 3),
    ]


def test_a_request_that_was_always_answered_alike_has_one_reply(tmp_path: Path) -> None:
    (rule,) = rules_of(writer_of([b"1"] * 4), tmp_path)
    assert rule["reply"] == {"status": 200, "body": {"$literal": 1}}


@pytest.mark.parametrize(("count", "sizes"), [(3, [3]), (4, [3, 0]), (8, [3, 3, 2])])
def test_more_responses_than_a_rule_may_have_go_on_in_the_next_rule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, sizes: list[int]
) -> None:
    monkeypatch.setattr(script, "MAX_REPLIES", 3)
    writer = writer_of([b"%d" % number for number in range(count) for _ in range(2)])
    rules = rules_of(writer, tmp_path)
    replies = [each for rule in rules for each in rule.get("replies", [rule.get("reply")])]
    assert [each["body"]["$literal"] for each in replies] == list(range(count))
    assert [each.get("times") for each in replies] == [2] * (count - 1) + [None]
    assert [rule.get("then") for rule in rules] == ["next"] * (len(rules) - 1) + [None]
    assert [len(rule.get("replies", [])) for rule in rules] == sizes


@given(st.lists(st.sampled_from([b"1", b'{"a":[1]}', b"text", b""]), min_size=1, max_size=12))
def test_no_rule_has_more_values_than_its_size_says(
    tmp_path_factory: pytest.TempPathFactory, bodies: list[bytes]
) -> None:
    (text,) = writer_of(bodies).texts()
    root = parse("rules:\n" + text.written, "it").root
    assert root is not None
    assert values_in(root) <= text.values + 3


def test_json_that_the_emulator_would_write_otherwise_is_a_text(tmp_path: Path) -> None:
    assert written(b'{"a":1}', tmp_path)["body"] == {"$literal": {"a": 1}}
    assert written(b'{"a": 1}', tmp_path)["text"] == {"$literal": '{"a": 1}'}


def test_the_origin_is_left_to_whoever_asks_and_the_rest_is_literal(tmp_path: Path) -> None:
    body = orjson.dumps({"url": "http://me/a'b", "note": "{{ x }}", "more": {"n": 1}})
    assert written(body, tmp_path)["body"] == {
        "url": "{{ request.origin ~ '/a\\'b' }}",
        "note": {"$literal": "{{ x }}"},
        "more": {"$literal": {"n": 1}},
    }
