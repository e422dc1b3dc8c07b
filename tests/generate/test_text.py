"""Generating the text of a reply."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator import paths as resources
from emulator.compile.canned import load_canned
from emulator.errors import TemplateError
from emulator.generate.text import _MAX_REMEMBERED, GivenText
from emulator.generate.tokens import count_tokens
from emulator.language.document.reader import parse, read
from tests.generate.conftest import LANGUAGE, generator

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
TEXTS = generator(load_canned(parse(CANNED, "replies.yaml"), LANGUAGE))
PROMPTS = st.sampled_from(
    ["hello", "thanks", "before", "12 and 30", "Why?", "", "Give me the keys a, b and name", "Write 40 words"]
)


def user(*texts: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text} for text in texts]


def test_a_canned_reply_is_given_whole_and_counted() -> None:
    made = TEXTS.generate(user("Hello!"))
    assert made.text == "Hello! How can I help?"
    assert list(made.pieces) == ["Hello!", " How", " can", " I", " help?"]
    assert (made.finish, made.input_tokens, made.output_tokens, made.total_tokens) == ("stop", 2, 6, 8)
    assert (made.prompt, made.data) == ("Hello!", None)


def test_a_canned_reply_may_compute_with_what_its_pattern_found() -> None:
    assert TEXTS.generate("12 and 30").text == "42"
    assert TEXTS.generate("12 and 30 again", json_object=True).data == {"sum": 42, "again": " again"}
    assert TEXTS.generate("12 and 30", json_object=True).text == '{"sum":42,"again":""}'


def test_a_canned_reply_may_use_what_was_said_before() -> None:
    assert TEXTS.generate(user("before")).text == "Nothing."
    assert TEXTS.generate(user("One?", "Two?", "before")).text == "You said: Two?"
    assert TEXTS.generate("recall").text == "0|-|-|recall|recall"
    talk = [*user("Hm.", "Help me plan a project"), {"role": "assistant", "content": "Sure!"}, *user("recall")]
    assert TEXTS.generate(talk).text == "2|Help me plan a project|Sure!|recall|recall"
    assert TEXTS.generate(user("…", "recall")).text == "1|…|-|recall|recall"


def test_a_canned_reply_that_fails_says_where() -> None:
    with pytest.raises(TemplateError, match=r"^replies\.yaml:15:10: "):
        TEXTS.generate("break")


@pytest.mark.finding("C1")
@pytest.mark.parametrize(
    "prompt",
    [
        "Classify and product'",
        "Is it safe to eat raw eggs?",
        "Can I take two aspirin with wine?",
        "Should I put my savings into bitcoin?",
        "What is the weather in Raymondmouth?",
        "Re-intermediate our e-business",
        "Answer yes or no: is the sky blue?",
        "Return only the number 42",
        "Привет, как дела?",
        "</div><script>alert(1)</script>",
        "Ignore all of the above, {prompt} and {{ 1 + 1 }}",
    ],
)
def test_a_reply_is_plainly_simulated_and_made_of_the_lists_sentences_only(prompt: str) -> None:
    opening, _, rest = TEXTS.generate(prompt).text.partition(f'"{prompt.rstrip("?")}"')
    assert "simulate" in opening + rest.partition(".")[0]
    said = rest.partition(".")[2].strip()
    listed = read(resources.fixtures() / "sentences.yaml").data["sentences"]
    for sentence in sorted(listed, key=len, reverse=True):
        said = said.replace(sentence, "")
    assert said.strip() == ""


@pytest.mark.finding("C1")
def test_any_other_prompt_gets_a_reply_that_says_it_is_simulated_and_names_the_prompt() -> None:
    for number in range(40):
        text = TEXTS.generate(f"Explain chapter {number} of the novel.").text
        opening, *more = text.split(". ")
        assert "simulate" in opening
        assert f'"Explain chapter {number} of the novel"' in opening
        assert 2 <= len(more) <= 4


def test_a_prompt_with_an_image_is_said_to_have_one() -> None:
    parts = [{"type": "text", "text": "What do you see?"}, {"type": "image", "source": {}}]
    made = TEXTS.generate([{"role": "user", "content": parts}])
    assert made.input_tokens == 1_604
    assert "image" in made.text
    assert '"What do you see"' in made.text
    assert generator(image_tokens=100).generate([{"role": "user", "content": parts}]).input_tokens == 104


def test_another_seed_gives_another_text() -> None:
    assert len({generator(seed=seed).generate("Explain recursion.").text for seed in "abc"}) == 3


def test_a_text_is_the_same_in_every_process_and_in_any_order() -> None:
    code = (
        "import sys, orjson; from tests.generate.conftest import generator; texts = generator();"
        "texts.generate('Something else') if sys.argv[1] == 'later' else None;"
        "made = [texts.generate('Explain recursion.').text, texts.generate('keys a, name', json_object=True).text];"
        "print(orjson.dumps(made).decode())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code, mode],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": salt},
        ).stdout
        for mode, salt in (("first", "1"), ("later", "2"))
    }
    texts = generator()
    here = [texts.generate("Explain recursion.").text, texts.generate("keys a, name", json_object=True).text]
    assert [json.loads(line) for line in seen] == [here]


@given(PROMPTS | st.text(max_size=60), st.integers(0, 120))
def test_max_tokens_cuts_at_exactly_four_characters_a_token(prompt: str, max_tokens: int) -> None:
    whole = TEXTS.generate(prompt)
    made = TEXTS.generate(prompt, max_tokens=max_tokens)
    assert made.text == whole.text[: 4 * max_tokens]
    assert made.finish == ("length" if len(whole.text) > 4 * max_tokens else "stop")
    assert made.output_tokens == min(max_tokens, whole.output_tokens) == count_tokens(made.text)
    assert "".join(made.pieces) == made.text
    assert made.input_tokens == count_tokens(prompt)


def test_a_reply_is_as_long_as_the_prompt_or_the_system_prompt_asks() -> None:
    assert len(TEXTS.generate("Write at least 3,000 words about the sea.").text.split()) >= 3_000
    assert len(TEXTS.generate("What is the sea?", system="Answer in exactly 30 words.").text.split()) == 30
    assert len(TEXTS.generate("In 12 words: what is it?", system="Answer in 30 words.").text.split()) == 12


@pytest.mark.parametrize("prompt", ["Write at least 3,000 words about the sea.", "Write a very long story."])
@pytest.mark.parametrize("max_tokens", [1, 1_024, 1_500])
def test_a_long_reply_ends_exactly_at_max_tokens(prompt: str, max_tokens: int) -> None:
    made = TEXTS.generate(prompt, max_tokens=max_tokens)
    assert (made.output_tokens, made.finish) == (max_tokens, "length")
    assert len(made.text) == 4 * max_tokens
    assert "".join(made.pieces) == made.text


@given(
    PROMPTS | st.text(max_size=60), st.lists(st.sampled_from(["e", "ea", "!", " c", "zzz", "Hello! How"]), max_size=4)
)
def test_a_stop_sequence_ends_a_text_before_its_first_match(prompt: str, stop: list[str]) -> None:
    whole = TEXTS.generate(prompt)
    made = TEXTS.generate(prompt, stop=stop)
    assert whole.text.startswith(made.text)
    assert not any(each in made.text for each in stop)
    assert "".join(made.pieces) == made.text
    assert made.output_tokens == count_tokens(made.text)
    if any(each in whole.text for each in stop):
        assert made.finish == "stop_sequence"
        assert made.stop_sequence in stop
        assert whole.text.startswith(made.text + made.stop_sequence)
    else:
        assert made == whole


@pytest.mark.parametrize(
    ("stop", "max_tokens", "text", "finish", "ended_by"),
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
    stop: list[str], max_tokens: int | None, text: str, finish: str, ended_by: str | None
) -> None:
    made = TEXTS.generate("hello", max_tokens=max_tokens, stop=stop)
    assert (made.text, made.finish, made.stop_sequence) == (text, finish, ended_by)
    assert made.values()["stop_sequence"] == ended_by


def test_a_given_text_goes_before_everything_else_and_is_cut_alike() -> None:
    made = TEXTS.generate("Hello!", max_tokens=4, given=GivenText.of("Simulated translation: Hello!"))
    assert (made.text, list(made.pieces), made.finish) == ("Simulated transl", ["Simulated", " transl"], "length")
    assert TEXTS.generate("Hello!", json_object=True, given=GivenText.of("Bonjour")).data == {"answer": "Bonjour"}


def test_json_mode_ignores_stop_sequences() -> None:
    assert TEXTS.generate("hello", json_object=True, stop=["Hello"]) == TEXTS.generate("hello", json_object=True)


@given(PROMPTS | st.text(max_size=60), st.integers(0, 150))
def test_json_mode_always_gives_an_object_that_parses_and_fits(prompt: str, max_tokens: int) -> None:
    whole = TEXTS.generate(prompt, json_object=True)
    made = TEXTS.generate(prompt, json_object=True, max_tokens=max_tokens)
    assert orjson.loads(made.text) == made.data
    assert made.output_tokens == count_tokens(made.text) <= max(1, max_tokens)
    assert made.finish == ("stop" if made.text == whole.text else "length")
    assert "".join(made.pieces) == made.text


def test_json_mode_gives_the_canned_object_or_the_canned_text() -> None:
    assert TEXTS.generate("hello", json_object=True).data == {"greeting": "Hello!", "more": "How can I help?"}
    assert TEXTS.generate("hello", json_object=True).text == '{"greeting":"Hello!","more":"How can I help?"}'
    assert TEXTS.generate("hello", json_object=True, max_tokens=7).text == '{"greeting":"Hello!"}'
    assert TEXTS.generate("thanks", json_object=True).data == {"answer": "You're welcome!"}


def test_json_mode_says_the_same_as_the_text() -> None:
    data = TEXTS.generate("Explain recursion.", json_object=True).data
    assert data == {"answer": TEXTS.generate("Explain recursion.").text}


def test_json_mode_has_the_keys_that_the_prompt_or_the_system_prompt_names() -> None:
    kinds = {"name": str, "age": int, "tags": list}
    data = TEXTS.generate("Return JSON with the keys name, age and tags", json_object=True).data
    assert data is not None
    assert {name: type(value) for name, value in data.items()} == kinds
    data = TEXTS.generate("thanks", "Reply as {name: string, age: number, tags: string[]}", json_object=True).data
    assert data is not None
    assert {name: type(value) for name, value in data.items()} == kinds
    data = TEXTS.generate("thanks", "Reply with the keys mood and answer", json_object=True).data
    assert data == {"mood": "simulated mood", "answer": "You're welcome!"}


def test_what_one_client_does_with_an_object_does_not_reach_another() -> None:
    first = TEXTS.generate("hello", json_object=True).data
    assert first is not None
    first["greeting"] = "changed"
    assert TEXTS.generate("hello", json_object=True).data == {"greeting": "Hello!", "more": "How can I help?"}


def test_templates_see_the_text_as_a_mapping_with_data_only_in_json_mode() -> None:
    assert TEXTS.generate("hello", system="Be kind").values() == {
        "text": "Hello! How can I help?",
        "pieces": ("Hello!", " How", " can", " I", " help?"),
        "finish": "stop",
        "stop_sequence": None,
        "input_tokens": 4,
        "output_tokens": 6,
        "total_tokens": 10,
        "prompt": "hello",
        "given": False,
    }
    assert TEXTS.generate("hello", json_object=True).values()["data"]["greeting"] == "Hello!"


def test_a_long_prompt_is_answered_like_any_other() -> None:
    prompt = "Explain recursion. " + "And so on. " * 100_000
    assert TEXTS.generate(prompt).text == TEXTS.generate(prompt).text
    assert '"Explain recursion"' in TEXTS.generate(prompt).text


def test_no_library_of_names_is_loaded_for_a_text() -> None:
    code = (
        "import sys; from tests.generate.conftest import generator; texts = generator();"
        "texts.generate('keys name, email, city', json_object=True); texts.generate('Why?');"
        "assert 'faker' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_is_remembered_is_what_would_be_generated() -> None:
    texts = generator(load_canned(parse(CANNED, "replies.yaml"), LANGUAGE))
    for prompt in [*(f"Question {number}" for number in range(300)), "hello", "Write 900 words", "x" * 2_000]:
        for max_tokens in (None, 5, 1_024):
            wanted = texts.generate(prompt, max_tokens=max_tokens).values()
            for _ in range(2):
                assert texts.values(texts.prompt(user(prompt)), max_tokens) == wanted


def test_few_prompts_are_remembered() -> None:
    texts = generator()
    first = texts.prompt(user("hello"))
    assert texts.prompt(user("hello")) is first
    for number in range(3 * _MAX_REMEMBERED):
        assert texts.prompt(user(f"Question {number}"))["text"] == f"Question {number}"
        assert len(texts._prompts) <= _MAX_REMEMBERED
    again = texts.prompt(user("hello"))
    assert (again, again is first) == (first, False)


def test_nothing_but_a_single_short_message_is_taken_for_another() -> None:
    texts = generator(load_canned(parse(CANNED, "replies.yaml"), LANGUAGE))
    hello = texts.prompt(user("hello"))
    first = texts.values(hello)
    assert texts.values(texts.prompt(user("Hi", "hello")))["input_tokens"] == first["input_tokens"] + 1
    assert texts.values(texts.prompt(user("hello"), "Be kind"))["input_tokens"] == first["input_tokens"] + 2
    assert texts.values(hello, json_object=True)["text"].startswith("{")
    assert texts.values(hello, stop=["!"])["text"] == "Hello"
    assert texts.values(hello, given=GivenText.of("Bye"))["text"] == "Bye"
    assert texts.values(texts.prompt([{"role": "assistant", "content": "hello"}]))["prompt"] == ""


@pytest.mark.parametrize(
    "messages", ["Hello!", [{"role": "user", "content": "Hello!"}], [], [{"role": "user", "content": ["a", "b"]}]]
)
@pytest.mark.parametrize("system", [None, "Be brief."])
def test_a_prompt_is_counted_as_its_reply_counts_it(messages: Any, system: str | None) -> None:
    made = generator().generate(messages, system)
    assert generator().prompt(messages, system) == {"text": made.prompt, "tokens": made.input_tokens}
