"""Finding what a prompt is about."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.generate.lead import lead
from emulator.generate.topic import Topic, find


@pytest.mark.parametrize(
    ("prompt", "kind", "phrase"),
    [
        ("What is the capital of Peru?", "ask", "the capital of Peru"),
        ("Hi! Can you please explain recursion?", "ask", "recursion"),
        ("Tell me about black holes, and how they form.", "ask", "black holes"),
        ("How do I bake sourdough bread at home?", "how", "how to bake sourdough bread at home"),
        ("What should I cook for my parents?", "how", "what to cook for your parents"),
        ("Why does ice float on water?", "why", "ice and water"),
        ("Is Python better than Java?", "whether", "Python and Java"),
        ("Write a song about my cat", "make", "a song about your cat"),
        ("Help me plan a project", "help", "plan a project"),
        ("Help me with my taxes!", "ask", "your taxes"),
        ("I love pizza", "say", "pizza"),
        ("Who wrote Hamlet?", "say", "Hamlet"),
        ("What is the difference between a list and a tuple in C", "ask", "the difference between a list and a tuple"),
        ("What is Node.js?", "ask", "Node.js"),
        ("", "say", ""),
        ("???", "say", ""),
        ("Explain " + "x" * 200, "ask", ""),
    ],
)
def test_the_topic_reads_well_inside_a_sentence(prompt: str, kind: str, phrase: str) -> None:
    assert find(prompt) == Topic(kind, phrase)


def test_the_topic_of_a_request_for_help_can_stand_as_a_noun() -> None:
    assert find("Help me plan a project").noun == "how to plan a project"
    assert find("Explain recursion").noun == "recursion"


@given(st.text(), st.integers(0, 255), st.integers(0, 1))
def test_any_prompt_gets_an_opening_of_one_short_paragraph(prompt: str, number: int, images: int) -> None:
    opening = lead(find(prompt), images, number)
    assert 10 < len(opening) < 200
    assert "{}" not in opening.replace(find(prompt).phrase, "")
    assert not any(end in opening for end in "\n\r")
