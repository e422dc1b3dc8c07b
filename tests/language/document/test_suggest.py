"""What is offered for a word that is not known."""

from __future__ import annotations

from emulator.language.document.diagnostics import closest, did_you_mean

MANY = [f"name{number}" for number in range(50)]


def test_the_closest_word_is_found_whatever_its_case() -> None:
    assert closest("BODDY", ["operation", "Body"]) == "Body"
    assert closest("zzz", ["operation", "body"]) is None


def test_a_short_list_is_given_whole_and_with_a_guess() -> None:
    assert did_you_mean("boddy", ["operation", "body"]) == "expected one of: operation, body; did you mean 'body'?"
    assert did_you_mean("zzz", ["operation", "body"]) == "expected one of: operation, body"


def test_of_a_long_list_the_guess_is_enough_and_else_its_beginning() -> None:
    assert did_you_mean("nam17", MANY) == "did you mean 'name17'?"
    assert did_you_mean("zzz", MANY).endswith("name28, name29, …")


def test_an_empty_list_is_said_to_be_empty() -> None:
    assert did_you_mean("x", []) == "there are none"


def test_texts_too_long_or_too_many_to_compare_get_no_guess() -> None:
    assert closest("x" * 1_000, ["x" * 1_000]) is None
    assert closest("name", [f"name{number}" for number in range(2_000)]) is None
