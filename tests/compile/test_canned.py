"""Files of canned replies: what is wrong with one is told at its place."""

from __future__ import annotations

import pytest

from emulator.compile.canned import load_canned
from emulator.errors import DocumentError
from emulator.generate.canned import CannedReply
from emulator.generate.sentences import SplitText
from emulator.language.document.reader import parse
from emulator.language.expressions import Language

LANGUAGE = Language()


def load(text: str) -> list[CannedReply]:
    return load_canned(parse(text, "replies.yaml"), LANGUAGE)


def test_what_depends_on_nothing_is_written_at_load() -> None:
    hello, sums = load(
        "- {match: [hello], reply: Hello there!, json: {greeting: [Hello]}}\n"
        r"- {pattern: '(\d+)', reply: '{{ groups[1] }}', json: {number: '{{ groups[1] | int }}'}}"
    )
    assert hello.fixed == SplitText("Hello there!", ("Hello", " there!"))
    assert hello.fixed_json == SplitText('{"greeting":["Hello"]}', ('{"greeting":["Hello"]}',))
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
    assert [str(each) for each in refused.value.diagnostics] == [
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
    places = [(complaint.place.line, complaint.place.column) for complaint in error.value.diagnostics]
    assert places == [(1, 19), (2, 12), (3, 3), (4, 3), (5, 13), (6, 23), (7, 36)]
    messages = [complaint.message for complaint in error.value.diagnostics]
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


def test_the_patterns_of_a_checked_file_are_not_compiled_before_they_are_needed() -> None:
    document = parse('- {pattern: "(", reply: Hi}', "replies.yaml")
    assert load_canned(document, LANGUAGE, checked=True)[0].pattern == "("
    with pytest.raises(DocumentError, match="not a regular expression"):
        load_canned(document, LANGUAGE)
