"""Canned replies: finding the one for a prompt, and what its templates see."""

import pytest

from emulator.compile.canned import load_canned
from emulator.errors import TemplateError
from emulator.generate.canned import CannedReplies, CannedReply, canned_context, normalise
from emulator.generate.prompt import read_conversation
from emulator.language.document.reader import parse
from emulator.language.expressions import Language

LANGUAGE = Language()


def load(text: str) -> list[CannedReply]:
    return load_canned(parse(text, "replies.yaml"), LANGUAGE)


def found(replies: list[CannedReply], prompt: str) -> str | None:
    """The reply's line in the file, as a mark of which one was found."""
    hit = CannedReplies(replies).find(prompt)
    return None if hit is None else f"line {hit.reply.place.line}"


@pytest.mark.parametrize(
    "prompt", ["What is 2 + 2?", "what is 2 + 2", "  WHAT  is\n2 + 2 ?! ", "“What is 2 + 2?”", '"What is 2 + 2"…']
)
def test_case_spacing_and_punctuation_at_the_ends_do_not_count(prompt: str) -> None:
    assert found(load("- {match: [What is 2 + 2?], reply: '4'}"), prompt) == "line 1"


def test_curly_quotes_are_the_same_as_straight_ones() -> None:
    assert normalise("What’s “up”, then?") == 'What\'s "up", then'
    assert found(load("- {match: [what's up], reply: Nothing.}"), "What’s up?") == "line 1"


def test_a_prompt_that_nobody_foresaw_has_no_canned_reply() -> None:
    assert found(load("- {match: [hello], reply: Hi!}\n- {pattern: add .*, reply: '5'}"), "Why?") is None
    assert found([], "Why?") is None


def test_a_pattern_is_for_the_whole_prompt() -> None:
    replies = load(r"- {pattern: 'add (\d+)', reply: Done.}")
    assert found(replies, "Add 5.") == "line 1"
    assert found(replies, "please add 5") is None
    assert found(replies, "add 5 to it") is None


def test_whole_prompts_go_before_patterns_and_the_first_pattern_wins() -> None:
    replies = load("- {pattern: h.*, reply: A}\n- {pattern: he.*, reply: B}\n- {match: [hello], reply: C}")
    assert [found(replies, prompt) for prompt in ("hello", "help", "ha")] == ["line 3", "line 1", "line 1"]


def test_the_first_file_wins_when_two_answer_the_same_prompt() -> None:
    first = load("- {match: [hello], reply: A}")
    second = load("# another file\n- {match: [hello], reply: B}")
    assert found([*first, *second], "hello") == "line 1"


@pytest.mark.parametrize(
    "pattern",
    [r"(\w+) is \1", r"(?P<a>\w+) is (?P=a)", r"(?i:a) is A", r"(?>a) is a", r"(?|(a) is a|b)", r"(a)(?(1) is a|b)"],
)
def test_a_pattern_that_refers_to_itself_works_among_others(pattern: str) -> None:
    entry = f"- {{pattern: '{pattern}', reply: B}}\n"
    replies = load(f"- {{pattern: '(x)(y)?', reply: A}}\n{entry}- {{pattern: '.*', reply: C}}")
    assert [found(replies, prompt) for prompt in ("x", "a is a", "else")] == ["line 1", "line 2", "line 3"]
    assert found(load(entry), "a is a") == "line 1"


def test_the_groups_of_a_pattern_keep_the_case_of_the_prompt() -> None:
    hit = CannedReplies(load(r"- {pattern: 'my name is (?P<name>\w+)( indeed)?', reply: Hi!}")).find("My name is Ana!")
    assert hit is not None
    assert hit.match is not None
    assert (hit.match.groups(), hit.match["name"]) == (("Ana", None), "Ana")


def test_only_the_first_thousand_characters_of_a_prompt_are_compared() -> None:
    assert found(load("- {pattern: 'summarise .*', reply: Short.}"), "Summarise " + "x" * 5_000_000) == "line 1"


def test_a_pattern_that_takes_too_long_fails_with_its_place() -> None:
    replies = load("- {pattern: never, reply: A}\n- {pattern: '(a|a|aa)+[bc]', reply: B}")
    with pytest.raises(TemplateError, match=r"^replies\.yaml:2:3: the pattern took longer than 0\.1 s on this prompt$"):
        CannedReplies(replies).find("a" * 60)


def test_the_templates_of_a_reply_see_the_conversation_and_the_groups_of_its_pattern() -> None:
    messages = [
        {"role": "user", "content": "Help me plan a project. It is big."},
        {"role": "assistant", "content": "Sure!"},
        {"role": "user", "content": "add 5"},
    ]
    hit = CannedReplies(load(r"- {pattern: 'add (?P<number>\d+)( more)?', reply: Done.}")).find("add 5")
    assert hit is not None
    assert canned_context(read_conversation(messages), hit.match) == {
        "prompt": "add 5",
        "topic": "add 5",
        "earlier": ["Help me plan a project. It is big."],
        "previous": "Help me plan a project. It is big.",
        "earlier_topic": "Help me plan a project",
        "heard": "Sure!",
        "groups": ["add 5", "5", ""],
        "named": {"number": "5"},
    }


def test_what_does_not_exist_is_missing_from_what_templates_see() -> None:
    assert canned_context(read_conversation("Hello!"), None) == {"prompt": "Hello!", "topic": "Hello", "earlier": []}
