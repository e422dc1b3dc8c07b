"""Reading a conversation: what is asked, how it begins, and how long the reply should be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.generate.prompt import USUAL, Length, beginning, read_conversation, requested_length


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def assistant(content: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content}


def test_the_last_user_message_is_the_prompt_and_the_one_before_it_the_previous() -> None:
    talk = read_conversation([user("One?"), assistant("1."), user("Two?"), assistant("2."), user("Three?")])
    assert (talk.prompt, talk.previous, talk.earlier, talk.heard) == ("Three?", "Two?", ["One?", "Two?"], "2.")


def test_a_first_message_has_nothing_before_it() -> None:
    talk = read_conversation([user("One?")])
    assert (talk.prompt, talk.previous, talk.earlier, talk.heard) == ("One?", None, [], None)


def test_the_last_reply_is_known_when_several_user_messages_follow_it() -> None:
    assert read_conversation([user("One?"), assistant("1."), user("Two?"), user("Three?")]).heard == "1."


def test_a_reply_after_the_last_question_does_not_hide_it() -> None:
    talk = read_conversation([user("One?"), assistant("The answer is")])
    assert (talk.prompt, talk.heard) == ("One?", None)


def test_a_plain_text_is_one_user_message() -> None:
    talk = read_conversation("What is 2 + 2?")
    assert (talk.prompt, talk.tokens) == ("What is 2 + 2?", 4)


def test_a_conversation_without_a_user_has_an_empty_prompt() -> None:
    talks = [read_conversation(messages) for messages in ([assistant("Hello")], [], None)]
    assert [talk.prompt for talk in talks] == ["", "", ""]


def test_every_message_and_the_system_prompt_count() -> None:
    talk = read_conversation([user("12345"), assistant("1234"), user("1")], system="12345678")
    assert (talk.tokens, talk.system) == (2 + 1 + 1 + 2, "12345678")


def test_parts_are_joined_and_an_image_counts_1600_tokens() -> None:
    parts = [{"type": "text", "text": "What is"}, {"type": "image", "source": {}}, {"type": "text", "text": "this?"}]
    talk = read_conversation([user(parts)])
    assert (talk.prompt, talk.images, talk.tokens) == ("What is\nthis?", 1, 1_600 + 4)


def test_another_price_of_an_image_may_be_given() -> None:
    assert read_conversation([user([{"type": "image_url"}, {"type": "image"}])], image_tokens=10).tokens == 20


def test_images_of_earlier_messages_count_but_are_not_what_is_asked_about() -> None:
    talk = read_conversation([user([{"type": "image"}]), assistant("A cat."), user("Sure?")])
    assert (talk.images, talk.tokens) == (0, 1_600 + 2 + 2)


@pytest.mark.parametrize("content", [None, 5, {}, [None, 7, {"type": "text"}, {"type": "tool_result"}], [[]]])
def test_content_of_another_form_says_nothing(content: Any) -> None:
    talk = read_conversation([user(content)])
    assert (talk.prompt, talk.images, talk.tokens) == ("", 0, 0)


def test_texts_may_stand_among_the_parts_and_what_is_no_message_is_passed_over() -> None:
    assert read_conversation(["what", None, user(["Hello", "there"])]).prompt == "Hello\nthere"


def test_messages_of_other_roles_count_but_ask_and_answer_nothing() -> None:
    talk = read_conversation(
        [{"role": "system", "content": "Be kind."}, user("One?"), {"role": "tool", "content": "1234"}]
    )
    assert (talk.prompt, talk.heard, talk.tokens) == ("One?", None, 2 + 1 + 1)


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("Explain recursion.", "Explain recursion"),
        ("Explain recursion. Use no jargon.", "Explain recursion"),
        ("Hi! Can you explain recursion?", "Hi! Can you explain recursion"),
        ('Say "hello",\n  twice', "Say 'hello', twice"),
        ("Classify the following product description", "Classify the following product description"),
        (
            "Write a long and winding story about a ship that never comes home again",
            "Write a long and winding story about a ship that never comes…",
        ),
        ("x" * 100, "x" * 60 + "…"),
        ("???", "???"),
        ("", ""),
        (" \n ", ""),
    ],
)
def test_a_prompt_is_quoted_by_its_first_words(prompt: str, words: str) -> None:
    assert beginning(prompt) == words


@given(st.text())
def test_the_beginning_of_any_prompt_is_one_short_line(prompt: str) -> None:
    words = beginning(prompt)
    assert len(words) <= 61
    assert words == " ".join(words.split())
    assert '"' not in words


@pytest.mark.parametrize(
    ("prompt", "length"),
    [
        ("Write at least 3,000 words about the sea.", Length("words", 3_000, exceed=True)),
        ("Please write three thousand words.", Length("words", 3_000)),
        ("An essay of 10k words", Length("words", 10_000)),
        ("Write exactly one hundred and fifty words", Length("words", 150)),
        ("A 500-word essay on ships", Length("words", 500)),
        ("Explain TCP in at most 50 words", Length("words", 50)),
        ("Keep it under 100 words", Length("words", 99)),
        ("Use more than 100 words", Length("words", 101, exceed=True)),
        ("Summarise it in between 100 and 150 words", Length("words", 100)),
        ("Summarise this 3,000 word text in 50 words", Length("words", 50)),
        ("Answer in one word: is it so?", Length("words", 1)),
        ("Write two pages", Length("words", 800)),
        ("Summarise this in two sentences.", Length("sentences", 2)),
        ("Write a sentence about cats", Length("sentences", 1)),
        ("A few sentences on bees, please", Length("sentences", 3)),
        ("2-3 sentences about tea", Length("sentences", 2)),
        ("in 280 characters or less", Length("characters", 280)),
        ("a reply of 1,000 tokens", Length("characters", 4_000)),
        ("Use three short paragraphs.", Length("usual", 0, "paragraphs", 3)),
        ("Write five paragraphs of 100 words each", Length("words", 500, "paragraphs", 5)),
        ("Write 500 words in 5 paragraphs", Length("words", 500, "paragraphs", 5)),
        ("Give me five tips for sleeping well", Length("usual", 0, "items", 5)),
        ("three bullet points", Length("usual", 0, "items", 3)),
        ("in 20 lines", Length("usual", 0, "lines", 20)),
        ("Write a long story about a ship", Length("long")),
        ("Explain in great detail how it works", Length("long")),
        ("Use as many words as you can", Length("long")),
        ("Tell me everything you know about tea", Length("long")),
        ("Write an essay on dogs", Length("long")),
        ("Be brief. What is tea?", Length("short")),
        ("Give a short answer", Length("short")),
        ("tl;dr", Length("short")),
        ("x " * 5_000 + "in 7 words", Length("words", 7)),
    ],
)
def test_a_prompt_may_say_how_long_the_reply_should_be(prompt: str, length: Length) -> None:
    assert requested_length(prompt) == length


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        "Hello!",
        "What is 2 + 2?",
        "What do these two words mean?",
        "Describe a character from Hamlet.",
        "Give me an example of recursion.",
        "How long is the Nile?",
        "What is the longest river?",
        "Write 150 prompts.",
        "Is brevity the soul of wit?",
        "Why do 0 words",
    ],
)
def test_most_prompts_say_nothing_about_it(prompt: str) -> None:
    assert requested_length(prompt) is USUAL


@given(st.text())
def test_any_prompt_has_a_length(prompt: str) -> None:
    assert requested_length(prompt).amount <= 1_000_000
