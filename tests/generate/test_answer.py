"""Writing answers."""

import json
import os
import subprocess
import sys
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import TemplateError
from emulator.generate.answer import Author
from emulator.generate.canned import load_canned
from emulator.generate.tokens import count_tokens
from emulator.language.document.reader import parse
from emulator.language.expressions import Language

CANNED = r"""
- match: [hello]
  reply: Hello! How can I help?
  json: {greeting: Hello!, more: How can I help?}
- match: [thanks]
  reply: You're welcome!
- match: [before]
  reply: "{{ 'You said: ' ~ previous if previous is defined else 'Nothing.' }}"
- match: [recall]
  reply: "{{ earlier | length }}|{{ earlier_topic | default('-') }}|{{ heard | default('-') }}|{{ topic }}|{{ prompt }}"
- pattern: (\d+) and (?P<second>\d+)( again)?
  reply: "{{ groups[1] | int + named.second | int }}"
  json: {sum: "{{ groups[1] | int + groups[2] | int }}", again: "{{ groups[3] }}"}
- match: [break]
  reply: "{{ named.nowhere }}"
"""
AUTHOR = Author("seed", load_canned(parse(CANNED, "replies.yaml"), Language()))
PROMPTS = st.sampled_from(["hello", "thanks", "before", "12 and 30", "Why?", "", "Give me the keys a, b and name"])


def user(*texts: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text} for text in texts]


def test_a_canned_reply_is_given_whole_and_counted() -> None:
    answer = AUTHOR.answer(user("Hello!"))
    assert answer.text == "Hello! How can I help?"
    assert list(answer.pieces) == ["Hello!", " How", " can", " I", " help?"]
    assert (answer.finish, answer.input_tokens, answer.output_tokens, answer.total_tokens) == ("stop", 2, 6, 8)
    assert (answer.prompt, answer.data) == ("Hello!", None)


def test_a_canned_reply_may_compute_with_what_its_pattern_found() -> None:
    assert AUTHOR.answer("12 and 30").text == "42"
    assert AUTHOR.answer("12 and 30 again", json_object=True).data == {"sum": 42, "again": " again"}
    assert AUTHOR.answer("12 and 30", json_object=True).text == '{"sum":42,"again":""}'


def test_a_canned_reply_may_use_what_was_said_before() -> None:
    assert AUTHOR.answer(user("before")).text == "Nothing."
    assert AUTHOR.answer(user("One?", "Two?", "before")).text == "You said: Two?"
    assert AUTHOR.answer("recall").text == "0|-|-|recall|recall"
    talk = [*user("Hm.", "Help me plan a project"), {"role": "assistant", "content": "Sure!"}, *user("recall")]
    assert AUTHOR.answer(talk).text == "2|how to plan a project|Sure!|recall|recall"
    assert AUTHOR.answer(user("…", "recall")).text == "1|…|-|recall|recall"


def test_a_canned_reply_that_fails_says_where() -> None:
    with pytest.raises(TemplateError, match=r"^replies\.yaml:15:10: "):
        AUTHOR.answer("break")


def test_any_other_prompt_gets_two_to_five_sentences_that_begin_with_its_topic() -> None:
    for number in range(40):
        text = AUTHOR.answer(f"Explain chapter {number} of the novel.").text
        assert f"chapter {number} of the novel" in text[:120]
        assert 80 < len(text) < 800


def test_a_prompt_with_an_image_is_answered_about_the_image() -> None:
    parts = [{"type": "text", "text": "What do you see?"}, {"type": "image", "source": {}}]
    answer = AUTHOR.answer([{"role": "user", "content": parts}])
    assert answer.input_tokens == 1_604
    assert any(word in answer.text for word in ("image", "picture", "photograph"))
    assert Author("seed", image_tokens=100).answer([{"role": "user", "content": parts}]).input_tokens == 104


def test_another_seed_gives_another_answer() -> None:
    assert len({Author(seed).answer("Explain recursion.").text for seed in "abc"}) == 3


def test_an_answer_is_the_same_in_every_process_in_any_order_warm_or_cold() -> None:
    code = (
        "import sys, orjson; from emulator.generate.answer import Author; a = Author('seed');"
        "[a.warm(), a.answer('Something else')] if sys.argv[1] == 'warm' else None;"
        "texts = [a.answer('Explain recursion.').text, a.answer('Explain it', json_object=True).text];"
        "print(orjson.dumps(texts).decode())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code, mode],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": salt},
        ).stdout
        for mode, salt in (("cold", "1"), ("warm", "2"))
    }
    here = [AUTHOR.answer("Explain recursion.").text, AUTHOR.answer("Explain it", json_object=True).text]
    assert [json.loads(line) for line in seen] == [here]


@given(PROMPTS | st.text(max_size=60), st.integers(0, 120))
def test_max_tokens_cuts_at_exactly_four_characters_a_token(prompt: str, most: int) -> None:
    whole = AUTHOR.answer(prompt)
    answer = AUTHOR.answer(prompt, max_tokens=most)
    assert answer.text == whole.text[: 4 * most]
    assert answer.finish == ("length" if len(whole.text) > 4 * most else "stop")
    assert answer.output_tokens == min(most, whole.output_tokens) == count_tokens(answer.text)
    assert "".join(answer.pieces) == answer.text
    assert answer.input_tokens == count_tokens(prompt)


@given(
    PROMPTS | st.text(max_size=60), st.lists(st.sampled_from(["e", "ea", "!", " c", "zzz", "Hello! How"]), max_size=4)
)
def test_a_stop_sequence_ends_a_text_before_its_first_match(prompt: str, stop: list[str]) -> None:
    whole = AUTHOR.answer(prompt)
    answer = AUTHOR.answer(prompt, stop=stop)
    assert whole.text.startswith(answer.text)
    assert not any(each in answer.text for each in stop)
    assert "".join(answer.pieces) == answer.text
    assert answer.output_tokens == count_tokens(answer.text)
    if any(each in whole.text for each in stop):
        assert answer.finish == "stop_sequence"
        assert answer.stop_sequence in stop
        assert whole.text.startswith(answer.text + answer.stop_sequence)
    else:
        assert answer == whole


@pytest.mark.parametrize(
    ("stop", "most", "text", "finish", "ended_by"),
    [
        ([" can"], None, "Hello! How", "stop_sequence", " can"),
        (["!", "H", "Hello"], None, "", "stop_sequence", "H"),
        (["can I", "can"], None, "Hello! How ", "stop_sequence", "can"),
        (["How"], 2, "Hello! ", "stop_sequence", "How"),
        (["w can"], 2, "Hello! H", "length", None),
        (["ow can"], 2, "Hello! H", "length", None),
        (["Bye", ""], None, "Hello! How can I help?", "stop", None),
        (["help?"], 1, "Hell", "length", None),
    ],
)
def test_of_a_stop_sequence_and_max_tokens_the_earlier_cut_wins(
    stop: list[str], most: int | None, text: str, finish: str, ended_by: str | None
) -> None:
    answer = AUTHOR.answer("hello", max_tokens=most, stop=stop)
    assert (answer.text, answer.finish, answer.stop_sequence) == (text, finish, ended_by)
    assert answer.scope()["stop_sequence"] == ended_by


def test_json_mode_ignores_stop_sequences() -> None:
    assert AUTHOR.answer("hello", json_object=True, stop=["Hello"]) == AUTHOR.answer("hello", json_object=True)


@given(PROMPTS | st.text(max_size=60), st.integers(0, 150))
def test_json_mode_always_gives_an_object_that_parses_and_fits(prompt: str, most: int) -> None:
    whole = AUTHOR.answer(prompt, json_object=True)
    answer = AUTHOR.answer(prompt, json_object=True, max_tokens=most)
    assert orjson.loads(answer.text) == answer.data
    assert answer.output_tokens == count_tokens(answer.text) <= max(1, most)
    assert answer.finish == ("stop" if answer.text == whole.text else "length")
    assert "".join(answer.pieces) == answer.text


def test_json_mode_gives_the_canned_object_or_the_canned_text() -> None:
    assert AUTHOR.answer("hello", json_object=True).data == {"greeting": "Hello!", "more": "How can I help?"}
    assert AUTHOR.answer("hello", json_object=True).text == '{"greeting":"Hello!","more":"How can I help?"}'
    assert AUTHOR.answer("hello", json_object=True, max_tokens=7).text == '{"greeting":"Hello!"}'
    assert AUTHOR.answer("thanks", json_object=True).data == {"answer": "You're welcome!"}


def test_json_mode_says_the_same_as_the_text() -> None:
    data = AUTHOR.answer("Explain recursion.", json_object=True).data
    assert data is not None
    assert (data["answer"], data["topic"]) == (AUTHOR.answer("Explain recursion.").text, "recursion")


def test_json_mode_has_the_fields_that_the_prompt_names() -> None:
    data = AUTHOR.answer("Return JSON with the keys name, age and tags", json_object=True).data
    assert data is not None
    assert {name: type(value) for name, value in data.items()} == {"name": str, "age": int, "tags": list}


def test_what_one_client_does_with_an_object_does_not_reach_another() -> None:
    first = AUTHOR.answer("hello", json_object=True).data
    assert first is not None
    first["greeting"] = "changed"
    assert AUTHOR.answer("hello", json_object=True).data == {"greeting": "Hello!", "more": "How can I help?"}


def test_templates_see_the_answer_as_a_mapping_with_data_only_in_json_mode() -> None:
    scope = AUTHOR.answer("hello", system="Be kind").scope()
    assert scope == {
        "text": "Hello! How can I help?",
        "pieces": ("Hello!", " How", " can", " I", " help?"),
        "finish": "stop",
        "stop_sequence": None,
        "input_tokens": 4,
        "output_tokens": 6,
        "total_tokens": 10,
        "prompt": "hello",
    }
    assert AUTHOR.answer("hello", json_object=True).scope()["data"]["greeting"] == "Hello!"


def test_a_long_prompt_is_answered_like_any_other() -> None:
    prompt = "Explain recursion. " + "And so on. " * 100_000
    assert AUTHOR.answer(prompt).text == AUTHOR.answer(prompt).text
    assert "recursion" in AUTHOR.answer(prompt).text
