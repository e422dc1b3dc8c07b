"""The texts of the fault `answer`: each kind, its end, and what draws it."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest

from emulator.generate.content_faults import HOWS, KINDS, _texts
from emulator.generate.sentences import MAX_CHARACTERS
from emulator.generate.text import GivenText, TextGenerator
from tests.generate.conftest import SOURCES

PROMPT = "Describe a cat as JSON with the keys name (text), age (number) and summary (text)."
TEXTS = TextGenerator("seed", SOURCES)


def corrupted(kind: str, prompt: str = PROMPT, how: str | None = None, seed: str = "seed", **options: Any) -> Any:
    """What is said instead, as templates see it."""
    made = TEXTS if seed == "seed" else TextGenerator(seed, SOURCES)
    return made.corrupted(kind, how, made.prompt(prompt), **options)


def said(prompt: str = PROMPT, **options: Any) -> dict[str, Any]:
    """What would have been said."""
    return TEXTS.values(TEXTS.prompt(prompt), **options)


@pytest.mark.parametrize("json_object", [False, True])
@pytest.mark.parametrize("max_tokens", [0, 1, 7, 40, None])
@pytest.mark.parametrize("kind", KINDS)
def test_usage_and_stop_reason_fit_the_text(kind: str, max_tokens: int | None, json_object: bool) -> None:
    values = corrupted(kind, max_tokens=max_tokens, json_object=json_object)
    assert "".join(values["pieces"]) == values["text"]
    assert values["output_tokens"] == -(-len(values["text"]) // 4)
    assert values["total_tokens"] == values["input_tokens"] + values["output_tokens"]
    assert values["input_tokens"] == said()["input_tokens"]
    if max_tokens is not None:
        assert values["output_tokens"] <= max(max_tokens, 1 if "data" in values else 0)
    whole = corrupted(kind, json_object=json_object)["text"]
    assert values["finish"] == ("length" if values["text"] != whole or kind in ("loop", "broken_json") else "stop")


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_request_gets_the_same_text_and_another_seed_may_get_another(kind: str) -> None:
    assert corrupted(kind) == corrupted(kind)
    assert TextGenerator("seed", SOURCES).corrupted(kind, None, TEXTS.prompt(PROMPT)) == corrupted(kind)
    alike = {corrupted(kind, seed=str(seed))["text"] for seed in range(20)}
    assert (len(alike) == 1) == (kind in ("empty", "echo", "odd_text"))


def test_an_empty_answer_has_no_token() -> None:
    values = corrupted("empty", json_object=True)
    assert (values["text"], list(values["pieces"]), values["finish"], values["output_tokens"]) == ("", [], "stop", 0)


@pytest.mark.parametrize("kind", ["refusal", "language", "injection"])
def test_a_text_from_the_data_says_that_it_is_simulated(kind: str) -> None:
    assert {corrupted(kind, seed=str(seed))["text"] for seed in range(100)} == set(_texts()[kind])
    marks = ("simul", "模擬", "محاكى")
    assert all(any(mark in text for mark in marks) for text in _texts()[kind])


@pytest.mark.parametrize("json_object", [False, True])
def test_a_fence_holds_the_object_that_was_asked_for(json_object: bool) -> None:
    text = corrupted("fenced", json_object=json_object)["text"]
    before, fence, after = text.split("```")
    assert before.removesuffix("\n\n") in _texts()["fenced"]
    assert after == ""
    assert json.loads(fence.removeprefix("json\n")) == json.loads(said(json_object=True)["text"])


def test_a_canned_answer_is_what_is_corrupted() -> None:
    given = GivenText.of("All is well. Nothing to do.", {"state": "well"})
    assert '"state": "well"' in corrupted("fenced", given=given)["text"]
    looped = corrupted("loop", given=given, max_tokens=20)["text"]
    assert looped == ("All is well." + " Nothing to do." * 20)[:80]


@pytest.mark.parametrize("how", [None, "cut"])
def test_an_object_is_cut_amid_its_longest_text_where_max_tokens_ends(how: str | None) -> None:
    values = corrupted("broken_json", how=how, max_tokens=100)
    whole = json.loads(said(json_object=True)["text"])
    assert len(values["text"]) == 400
    assert values["text"].startswith(f'{{"name":"{whole["name"]}","age":{whole["age"]},"summary":"')
    assert values["finish"] == "length"


WRITTEN = {
    "trailing_comma": '{"a b":"it\'s \\"so\\"\\n","n":[1,2.5,null,true,{"k":{}}],}',
    "single_quotes": "{'a b': 'it\\'s \"so\"\\n', 'n': [1, 2.5, null, true, {'k': {}}]}",
    "unquoted": '{a b: "it\'s \\"so\\"\\n", n: [1, 2.5, null, true, {k: {}}]}',
}


@pytest.mark.parametrize("how", HOWS[1:])
def test_an_object_is_whole_but_for_the_way_in_which_it_is_broken(how: str) -> None:
    given = GivenText.of("x", {"a b": 'it\'s "so"\n', "n": [1, 2.5, None, True, {"k": {}}]})
    values = corrupted("broken_json", how=how, given=given)
    assert (values["text"], values["finish"]) == (WRITTEN[how], "stop")


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("data", [{}, {"": ""}, {"n": 1}, {"a": {"b": []}}])
def test_every_object_can_be_broken(how: str, data: dict[str, Any]) -> None:
    text = corrupted("broken_json", how=how, given=GivenText.of("", data), max_tokens=50)["text"]
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)


def test_a_wrong_object_lacks_a_key_or_has_a_text_for_a_number() -> None:
    right = json.loads(said(json_object=True)["text"])
    found = set()
    for seed in range(60):
        made = TextGenerator(str(seed), SOURCES)
        right = json.loads(made.values(made.prompt(PROMPT), json_object=True)["text"])
        wrong = json.loads(corrupted("wrong_keys", seed=str(seed))["text"])
        differing = [key for key in right if wrong.get(key) != right[key]]
        assert len(differing) == 1
        found.add((differing[0], wrong.get(differing[0]) and "text"))
        assert wrong.get(differing[0]) in (None, f"about {right['age']}")
    assert found == {("name", None), ("age", None), ("summary", None), ("age", "text")}


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("One. Two! Three?", "Three?"),
        ("Only one.", "Only one."),
        ("No end", "No end"),
        ("First line\nsecond line\n", "second line"),
        ("Pi is 3.14.", "Pi is 3.14."),
        ("一。二。", "二。"),
    ],
)
def test_a_loop_repeats_the_last_sentence(text: str, last: str) -> None:
    values = corrupted("loop", given=GivenText.of(text), max_tokens=30)
    assert values["text"] == (text.rstrip() + f" {last}" * 60)[:120]


def test_a_loop_without_a_sentence_and_without_a_limit_ends_nevertheless() -> None:
    values = corrupted("loop", given=GivenText.of("  "))
    assert values["text"].startswith("This is simulated. This is simulated.")
    assert (values["output_tokens"], values["finish"]) == (1_024, "length")
    longest = corrupted("loop", max_tokens=10**9)
    assert (len(longest["text"]), longest["finish"]) == (MAX_CHARACTERS, "length")


def test_in_json_mode_a_loop_breaks_off_inside_the_object() -> None:
    text = corrupted("loop", json_object=True, max_tokens=200)["text"]
    assert (text[0], len(text)) == ("{", 800)
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)


def test_an_echo_is_the_prompt() -> None:
    assert corrupted("echo")["text"] == PROMPT
    assert corrupted("echo", "")["text"] == ""


def test_odd_text_has_what_programs_trip_over() -> None:
    text = corrupted("odd_text")["text"]
    for odd in ("\u202e", " \u200d,", "👩🏽\u200d🚀", "\u2028", "\0", "e\u0301", "\ufeff"):
        assert odd in text
    assert len("👩🏽\u200d🚀") == 4
    assert len(text.rpartition(" ")[2]) == 20_000
    assert b"\\u0000" in orjson.dumps(text)


@pytest.mark.parametrize("kind", ["language", "odd_text", "injection"])
def test_in_json_mode_the_longest_text_of_the_object_says_it(kind: str) -> None:
    right = json.loads(said(json_object=True)["text"])
    wrong = json.loads(corrupted(kind, json_object=True)["text"])
    assert wrong == {**right, "summary": corrupted(kind)["text"]}
    assert corrupted(kind, json_object=True)["data"] == wrong
    short = json.loads(corrupted(kind, json_object=True, max_tokens=12)["text"])
    assert set(short) <= set(right)
    numbers = corrupted(kind, json_object=True, given=GivenText.of("x", {"n": 1}))
    assert list(numbers["data"]) == ["n", "answer"]


def test_a_stop_sequence_ends_a_text_and_no_object() -> None:
    values = corrupted("fenced", stop=["```"])
    assert (values["finish"], values["stop_sequence"]) == ("stop_sequence", "```")
    assert values["text"].removesuffix("\n\n") in _texts()["fenced"]
    assert corrupted("fenced", stop=["```"], json_object=True)["finish"] == "stop"
