"""The canned replies that come with the package."""

from pathlib import Path
from typing import Any

import pytest

from emulator.generate.answer import Author
from emulator.generate.canned import load_canned
from emulator.language.document.reader import read
from emulator.language.expressions import Language

CANNED = load_canned(read(Path(__file__).parents[2] / "fixtures" / "replies.yaml"), Language())
AUTHOR = Author("seed", CANNED)


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
        ("What is -5 + 3?", "-5 + 3 = -2."),
        ("Hello, can you tell me what 7 - 12 is?", None),
        ("How much is 7 - 12?", "7 - 12 = -5."),
        ("Calculate 6 * 7", "6 × 7 = 42."),
        ("999999999 x 999999999", "999999999 × 999999999 = 999999998000000001."),
        ("What is 84 / 2?", "84 ÷ 2 = 42."),
        ("What is 10 divided by 4?", "10 ÷ 4 = 2.5."),
        ("What is 10 / 0?", "Division by zero is not defined, so 10 ÷ 0 has no answer."),
        ("What is 15% of 80?", "15% of 80 is 12."),
        ("What is 15 percent of 70?", "15% of 70 is 10.5."),
        ("1 + 2 + 3", None),
        (
            "What are the colors of the rainbow?",
            "The colors of the rainbow are red, orange, yellow, green, blue, indigo and violet.",
        ),
        ("Hello!", "Hello! How can I help you today?"),
        ("What is the capital of France?", "The capital of France is Paris."),
        ("what is the capital of the UK", "The capital of the UK is London."),
        ("Translate 'Good morning' to French", '"Good morning" in French is "bonjour".'),
        ("My name is Ana", "Nice to meet you, Ana! What can I do for you today?"),
    ],
)
def test_a_question_that_people_try_gets_its_answer(prompt: str, reply: str | None) -> None:
    text = AUTHOR.answer(prompt).text
    assert text == reply if reply is not None else len(text) > 80


def test_a_fun_fact_is_told_after_a_greeting() -> None:
    turns = talk("Hello!", "Hi there! How can I help?", "Tell me a fun fact.")
    assert AUTHOR.answer(turns).text.startswith("Here's a fun fact: honey never really spoils.")


def test_the_previous_question_is_remembered() -> None:
    turns = talk("What is 5 + 5?", "5 + 5 = 10.", "What was my previous question?")
    assert AUTHOR.answer(turns).text == 'Your previous question was: "What is 5 + 5?"'
    assert AUTHOR.answer(turns, json_object=True).data == {"previous_question": "What is 5 + 5?"}
    assert AUTHOR.answer("What was my previous question?").text.startswith("This is your first message")


def test_a_conversation_is_continued_where_it_was_left() -> None:
    turns = talk("Help me plan a project", "Sure! What kind of project?", "Continue from where we left off")
    text = AUTHOR.answer(turns).text
    assert text.startswith("Gladly. We were talking about how to plan a project, and the last thing I said was: ")
    assert '"Sure! What kind of project?"' in text
    assert AUTHOR.answer(turns[:1] + turns[2:]).text.startswith("Gladly. We were talking about how to plan a project. ")
    assert AUTHOR.answer(turns[2:]).text.startswith("I'd love to, but this is the first message")


def test_a_name_that_was_told_is_remembered() -> None:
    assert "My name is Ana" in AUTHOR.answer(talk("My name is Ana", "Hi!", "What is my name?")).text
    assert AUTHOR.answer("What is my name?").text.startswith("You have not told me")


@pytest.mark.parametrize("said", [[], ["Explain recursion.", "Recursion is …"]], ids=["first", "later"])
@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_every_whole_prompt_of_the_file_is_answered(said: list[str], as_json: bool) -> None:
    prompts = [prompt for reply in CANNED for prompt in reply.exact]
    assert len(prompts) > 100
    for prompt in prompts:
        answer = AUTHOR.answer(talk(*said, prompt), json_object=as_json)
        assert 4 < len(answer.text) < 700
        assert not any(mark in answer.text for mark in ("{{", "{%", "None", "  "))


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
    ],
)
def test_a_small_piece_of_work_gets_a_prepared_text(prompt: str) -> None:
    for as_json in (False, True):
        answer = AUTHOR.answer(prompt, json_object=as_json)
        assert answer.text != Author("seed").answer(prompt, json_object=as_json).text
        assert len(answer.text) > 40
