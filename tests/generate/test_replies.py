"""The canned replies that come with the package: those of every scenario, and those of `demo`."""

from __future__ import annotations

from typing import Any

import pytest

from tests.generate.conftest import canned, generator

DEFAULT = canned("replies.yaml")
DEMO = canned("demo/replies.yaml", "replies.yaml")
TEXTS = generator(DEFAULT)
SHOW = generator(DEMO)
NONE = generator()


def talk(*turns: str) -> list[dict[str, Any]]:
    """Messages by turns, the last one the user's."""
    first = len(turns) % 2
    return [{"role": "user" if (n + first) % 2 else "assistant", "content": turn} for n, turn in enumerate(turns)]


@pytest.mark.parametrize(
    ("prompt", "reply"),
    [
        ("What is 2 + 2?", "2 + 2 = 4."),
        ("What is 5 + 5?", "5 + 5 = 10."),
        ("what's 17 plus 25", "17 + 25 = 42."),
        ("Add 3 and 4", "3 + 4 = 7."),
        ("Multiply 3 by 4", "3 × 4 = 12."),
        ("Multiply 3 and 4", "3 × 4 = 12."),
        ("Divide 10 by 4", "10 ÷ 4 = 2.5."),
        ("Subtract 3 from 5", "5 - 3 = 2."),
        ("7 - 12", "7 - 12 = -5."),
        ("7-12=", "7 - 12 = -5."),
        ("What is -5 + 3?", "-5 + 3 = -2."),
        ("How much is 7 - 12?", "7 - 12 = -5."),
        ("Calculate 6 * 7", "6 × 7 = 42."),
        ("999999999 x 999999999", "999999999 × 999999999 = 999999998000000001."),
        ("What is 84 / 2?", "84 ÷ 2 = 42."),
        ("What is 10 divided by 4?", "10 ÷ 4 = 2.5."),
        ("What is 10 / 0?", "Division by zero is not defined, so 10 ÷ 0 has no answer."),
        ("What is 15% of 80?", "15% of 80 is 12."),
        ("What is 15 percent of 70?", "15% of 70 is 10.5."),
        (
            "What are the colors of the rainbow?",
            "The colors of the rainbow are red, orange, yellow, green, blue, indigo and violet.",
        ),
        ("Hello!", "Hello! How can I help you today?"),
    ],
)
def test_the_documents_questions_and_sums_get_their_answers(prompt: str, reply: str) -> None:
    assert TEXTS.generate(prompt).text == reply
    assert SHOW.generate(prompt).text == reply
    assert TEXTS.generate(prompt, json_object=True).data == {"answer": reply}


@pytest.mark.finding("C2")
@pytest.mark.parametrize(
    "prompt",
    [
        "2026-11",
        "555-0100",
        "24/7",
        "3 and 4",
        "10 by 2",
        "Write a Python function that sorts a list",
        "Hello, can you tell me what 7 - 12 is?",
        "1 + 2 + 3",
        "My build is broken",
        "How do I reset my password in Django?",
        "Write a Python function that parses a date",
        "Translate this page into Japanese",
        "Summarize the following text: it was a dark night.",
        "My parcel never arrived",
        "I was charged twice",
        "Write a haiku about the sea",
        "What is the capital of France?",
        "Why is the sky blue?",
        "Who are you?",
        "What are the colors of the rainbow in French?",
        "Explain this: what was my previous question?",
    ],
)
def test_nothing_else_is_foreseen_outside_the_demo(prompt: str) -> None:
    made = TEXTS.generate(prompt)
    assert made == NONE.generate(prompt)
    assert "simulate" in made.text


def test_a_fun_fact_is_told_after_a_greeting() -> None:
    turns = talk("Hello!", "Hi there! How can I help?", "Tell me a fun fact.")
    assert TEXTS.generate(turns).text.startswith("Here's a fun fact: honey never really spoils.")


def test_the_previous_question_is_remembered() -> None:
    turns = talk("What is 5 + 5?", "5 + 5 = 10.", "What was my previous question?")
    assert TEXTS.generate(turns).text == 'Your previous question was: "What is 5 + 5?"'
    assert TEXTS.generate(turns, json_object=True).data == {"answer": 'Your previous question was: "What is 5 + 5?"'}
    assert TEXTS.generate("What was my previous question?").text.startswith("This is your first message")


def test_a_conversation_is_continued_where_it_was_left() -> None:
    turns = talk("Help me plan a project", "Sure! What kind of project?", "Continue from where we left off")
    began = 'Your last message was: "Help me plan a project"'
    assert TEXTS.generate(turns).text == f'{began} My reply was: "Sure! What kind of project?" We can go on from there.'
    assert TEXTS.generate(turns[:1] + turns[2:]).text == f"{began} We can go on from there."
    assert TEXTS.generate(turns[2:]).text.startswith("This is your first message in this conversation")


def test_what_was_said_first_and_last_and_how_often_is_known() -> None:
    turns = talk("One?", "1.", "Two?", "2.", "What was my first question?")
    assert TEXTS.generate(turns).text == 'Your first question was: "One?"'
    assert TEXTS.generate([*turns[:-1], *talk("What did you say?")]).text == 'I said: "2."'
    asked = [*turns[:-1], *talk("How many questions have I asked?")]
    assert TEXTS.generate(asked).text == "You have sent 2 messages before this one."


def test_a_name_that_was_told_is_remembered() -> None:
    assert "My name is Ana" in TEXTS.generate(talk("My name is Ana", "Hi!", "What is my name?")).text
    assert TEXTS.generate("What is my name?").text.startswith("You have not told me")


@pytest.mark.parametrize("said", [[], ["Explain recursion.", "Recursion is …"]], ids=["first", "later"])
@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_every_whole_prompt_of_the_files_is_answered(said: list[str], as_json: bool) -> None:
    prompts = [prompt for reply in DEMO for prompt in reply.exact]
    assert len(prompts) > 100
    for prompt in prompts:
        made = SHOW.generate(talk(*said, prompt), json_object=as_json)
        assert made.text != NONE.generate(talk(*said, prompt), json_object=as_json).text
        assert 4 < len(made.text) < 700
        assert not any(mark in made.text for mark in ("{{", "{%", "None", "  "))


def test_no_prompt_is_foreseen_twice() -> None:
    prompts = [prompt for reply in DEMO for prompt in reply.exact]
    assert len(prompts) == len(set(prompts))


@pytest.mark.parametrize(
    ("prompt", "reply"),
    [
        ("What is the capital of France?", "The capital of France is Paris."),
        ("what is the capital of the UK", "The capital of the UK is London."),
        ("Translate 'Good morning' to French", '"Good morning" in French is "bonjour".'),
        ("My name is Ana", "Nice to meet you, Ana! What can I do for you today?"),
    ],
)
def test_the_demo_knows_a_little_more(prompt: str, reply: str) -> None:
    assert SHOW.generate(prompt).text == reply


@pytest.mark.parametrize(
    "prompt",
    [
        "Please translate this page into Japanese",
        "Summarize the following text: it was a dark and stormy night.",
        "Write a Python function that adds two numbers",
        "Write me a haiku about the sea",
        "Write a poem about my garden",
        "Write a poem",
        "Draft a short email to my landlord",
        "My order has not arrived, it is lost",
        "I was charged twice",
    ],
)
def test_a_small_piece_of_work_gets_a_prepared_text_in_the_demo(prompt: str) -> None:
    for as_json in (False, True):
        made = SHOW.generate(prompt, json_object=as_json)
        assert made.text != NONE.generate(prompt, json_object=as_json).text
        assert len(made.text) > 20


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ('search {"query": "tides"}', "**Tides: the facts in brief**"),
        ('scrape {"url": "https://example.org/tides"}', "A page of example.org."),
        ('find_order {"order": "1"}', "There is no order 1."),
    ],
)
def test_the_demos_tools_have_results(prompt: str, words: str) -> None:
    assert words in SHOW.generate(prompt).text
    assert words not in TEXTS.generate(prompt).text
