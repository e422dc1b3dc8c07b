"""Canned replies: reading them, and finding the one for a prompt."""

import pytest

from emulator.errors import DocumentError, TemplateError
from emulator.generate.canned import load_canned
from emulator.generate.repertoire import CannedReply, Repertoire, normalise
from emulator.language.document.reader import parse
from emulator.language.expressions import Language

LANGUAGE = Language()


def load(text: str) -> list[CannedReply]:
    return load_canned(parse(text, "replies.yaml"), LANGUAGE)


def found(replies: list[CannedReply], prompt: str) -> str | None:
    """The reply's line in the file, as a mark of which one was found."""
    hit = Repertoire(replies).find(prompt)
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
    hit = Repertoire(load(r"- {pattern: 'my name is (?P<name>\w+)( indeed)?', reply: Hi!}")).find("My name is Ana!")
    assert hit is not None
    assert hit.match is not None
    assert (hit.match.groups(), hit.match["name"]) == (("Ana", None), "Ana")


def test_only_the_first_thousand_characters_of_a_prompt_are_compared() -> None:
    assert found(load("- {pattern: 'summarise .*', reply: Short.}"), "Summarise " + "x" * 5_000_000) == "line 1"


def test_a_pattern_that_takes_too_long_fails_with_its_place() -> None:
    replies = load("- {pattern: never, reply: A}\n- {pattern: '(a|a|aa)+[bc]', reply: B}")
    with pytest.raises(TemplateError, match=r"^replies\.yaml:2:3: the pattern took longer than 0\.1 s on this prompt$"):
        Repertoire(replies).find("a" * 60)


def test_what_depends_on_nothing_is_written_at_load() -> None:
    hello, sums = load(
        "- {match: [hello], reply: Hello there!, json: {greeting: [Hello]}}\n"
        r"- {pattern: '(\d+)', reply: '{{ groups[1] }}', json: {number: '{{ groups[1] | int }}'}}"
    )
    assert hello.fixed == ("Hello there!", ("Hello", " there!"))
    assert hello.fixed_json == ('{"greeting":["Hello"]}', ('{"greeting":["Hello"]}',))
    assert (sums.fixed, sums.fixed_json) == (None, None)


def test_a_name_that_no_reply_has_is_refused_where_it_stands() -> None:
    text = """
- {match: [a], reply: "{{ promt }}, {{ prompt }}"}
- {pattern: b, reply: "{{ groups[0] }}{{ topic }}", json: {said: "{{ body.text }}"}}
- pattern: c
  reply: "{% for each in earlier %}{{ loop.index }} {{ each }}{% endfor %}{{ previous }}{{ heard }}{{ named.x }}"
"""
    with pytest.raises(DocumentError) as refused:
        load(text)
    known = "expected one of: prompt, topic, groups, named, earlier, previous, earlier_topic, heard"
    assert [str(each) for each in refused.value.complaints] == [
        f"replies.yaml:2:23: unknown name 'promt'; {known}; did you mean 'prompt'?",
        f"replies.yaml:3:66: unknown name 'body'; {known}",
    ]


def test_every_mistake_in_a_file_is_told_with_its_place() -> None:
    with pytest.raises(DocumentError) as error:
        load(
            "- {match: [hello, ' ?'], reply: A}\n"
            "- {match: [Hello!], reply: B}\n"
            "- {reply: C}\n"
            "- {match: [x], pattern: y, reply: D}\n"
            "- {pattern: '(', reply: E}\n"
            "- {match: [z], reply: '{{ z | uper }}'}\n"
            "- {match: [q], reply: Q, json: {a: '{{ 1 + }}'}}\n"
        )
    places = [(complaint.place.line, complaint.place.column) for complaint in error.value.complaints]
    assert places == [(1, 19), (2, 12), (3, 3), (4, 3), (5, 13), (6, 23), (7, 36)]
    messages = [complaint.message for complaint in error.value.complaints]
    assert messages[0] == "nothing to match; expected a prompt"
    assert messages[1] == "the prompt 'Hello!' is answered already, at replies.yaml:1:12"
    assert messages[2] == "expected match or pattern, found neither"
    assert messages[3] == "expected match or pattern, found both"
    assert messages[4].startswith("not a regular expression: ")
    assert "upper" in messages[5]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("hello: hi", "replies.yaml:1:1: expected a list; found a mapping"),
        ("- {match: [a]}", "replies.yaml:1:3: missing key 'reply'"),
        ("- {match: [a], reply: 7}", "replies.yaml:1:23: expected text; found the number 7; write it in quotes"),
        (
            "- {match: [a], replay: b, reply: b}",
            "replies.yaml:1:16: unknown key 'replay'; expected one of: match, pattern, reply, json; "
            "did you mean 'reply'?",
        ),
    ],
)
def test_a_file_of_another_shape_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(DocumentError) as error:
        load(text)
    assert str(error.value) == complaint
