"""The text of a recording: YAML that reads back as what was answered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.language.document.reader import read
from emulator.record.request import RecordedExchange, RecordedRequest, UpstreamReply
from emulator.record.writer import dumped, head_text, reply_text, rule_text
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
    rule = rule_text(1, "op", {"body.a": "no"}, reply_text(exchange, Masker()))
    path.write_text(head_text("x", "demo", "there", 1) + "rules:\n" + rule)
    (read_rule,) = read(path).data["rules"]
    reply = read_rule.pop("reply")
    assert read_rule == {"name": "recorded op 1", "on": "op", "when": {"body.a": "no"}, "unchecked": True}
    return reply


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
