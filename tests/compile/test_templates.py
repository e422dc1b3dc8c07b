"""What compiling any part of a document shares."""

from __future__ import annotations

from emulator.app import LANGUAGE
from emulator.compile.templates import Compiler
from emulator.language.document.diagnostics import Diagnostics
from emulator.language.document.durations import Duration
from emulator.language.document.reader import parse

TEXT = """\
a: {X-One: 1, X-Two: "{{ two }}", X-None: null}
b: {x-one: 2}
long: forty days
"""


def make(text: str = TEXT) -> Compiler:
    return Compiler(parse(text, "x.yaml"), LANGUAGE, Diagnostics())


def test_a_later_group_of_headers_replaces_lines_of_the_same_name_in_any_case() -> None:
    compiler = make()
    data = compiler.document.data
    headers = compiler.headers((data["a"], ("a",), compiler), (data["b"], ("b",), compiler))
    assert headers.fixed == ((b"x-one", b"2"),)
    ((name, template),) = headers.computed
    assert (name, template.value({"two": 2})) == (b"X-Two", 2)


def test_a_header_that_is_null_takes_an_earlier_one_away() -> None:
    compiler = make("a: {X-One: 1}\nb: {x-one: null}\n")
    data = compiler.document.data
    assert compiler.headers((data["a"], ("a",), compiler), (data["b"], ("b",), compiler)).fixed == ()


def test_a_wrong_duration_is_complained_of_and_counts_as_none() -> None:
    compiler = make()
    assert compiler.duration("forty days", ("long",)) == Duration(0.0)
    (complaint,) = compiler.diagnostics.found
    assert str(complaint.place) == "x.yaml:3:7"


def test_what_is_left_out_is_no_template() -> None:
    assert make().optional(None, ("nothing",)) is None
    assert make().condition(None, ("nothing",)) is None


def test_a_condition_is_an_expression_or_a_truth_value() -> None:
    compiler = make()
    assert compiler.condition(True, ("a",)) is not None
    assert compiler.condition("{{ a }}", ("a",)) is not None
    assert compiler.diagnostics.found == []
    compiler.condition("a", ("a",))
    assert [each.message for each in compiler.diagnostics.found] == ["'a' is not an expression; expected {{ … }}"]
