"""Simulated text: what it says, and how long it is."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator.generate.prompt import USUAL, Length
from emulator.generate.sentences import MAX_CHARACTERS, Openings, SentencePool

FIXTURES = Path(__file__).parents[2] / "fixtures"
CHOICES = st.binary(min_size=8, max_size=8)
CHOICE = b"12345678"
SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
BARE = Openings(["A simulated {prompt}."], ["Both."], ["Image."], ["Nothing."], ["Simulated."])


def write(pool: SentencePool, length: Length, choice: bytes = CHOICE, limit: int | None = None) -> str:
    return pool.write(choice, "Explain recursion", 0, length, limit).text


@SHARED
@given(choice=CHOICES)
def test_a_text_says_that_it_is_simulated_and_names_the_prompt(pool: SentencePool, choice: bytes) -> None:
    written = pool.write(choice, "Explain recursion")
    text, pieces = written.text, written.pieces
    opening, *more = text.split(". ")
    assert "simulate" in opening
    assert '"Explain recursion"' in opening
    assert 2 <= len(more) <= 4
    assert len(set(more)) == len(more)
    assert "".join(pieces) == text
    assert all(pieces)


def test_every_sentence_is_a_sentence() -> None:
    data = yaml.safe_load((FIXTURES / "sentences.yaml").read_text())
    sentences = [*data["sentences"], *data["short"], *(each for kind in data["openings"].values() for each in kind)]
    assert len(data["sentences"]) == len(set(data["sentences"])) >= 40
    for sentence in sentences:
        assert sentence[0].isupper(), sentence
        assert sentence[-1] == ".", sentence
        assert sentence == " ".join(sentence.split()), sentence
    for sentence in (*data["short"], *(each for kind in data["openings"].values() for each in kind)):
        assert "simulate" in sentence.lower(), sentence
    assert all("{prompt}" in each for kind in ("text", "text_and_image") for each in data["openings"][kind])


def test_a_prompt_without_text_and_one_with_an_image_have_openings_of_their_own(pool: SentencePool) -> None:
    assert "empty message" in pool.write(bytes(8), "").text
    assert "an image" in pool.write(bytes(8), "", 1).text
    both = pool.write(bytes(8), "What is it", 2).text
    assert "an image" in both
    assert '"What is it"' in both


def test_the_choice_alone_decides_what_is_said(pool: SentencePool) -> None:
    texts = [pool.write(choice, "Explain").text for choice in (b"abcdefgh", b"abcdefgh", b"ijklmnop")]
    assert texts[0] == texts[1] != texts[2]


@SHARED
@given(choice=CHOICES, amount=st.integers(1, 300))
def test_any_number_of_words_is_met(pool: SentencePool, choice: bytes, amount: int) -> None:
    text = write(pool, Length("words", amount), choice)
    assert len(text.split()) == amount
    assert "simulate" in text.lower()
    assert text[-1] == "."


@SHARED
@given(choice=CHOICES, amount=st.integers(10, 2_000))
def test_a_number_of_characters_is_kept_or_exceeded(pool: SentencePool, choice: bytes, amount: int) -> None:
    assert len(write(pool, Length("characters", amount), choice)) <= amount
    assert amount <= len(write(pool, Length("characters", amount, exceed=True), choice)) <= amount + 160


@SHARED
@given(choice=CHOICES, amount=st.integers(1, 60))
def test_a_number_of_sentences_is_met(pool: SentencePool, choice: bytes, amount: int) -> None:
    text = write(pool, Length("sentences", amount), choice)
    assert text.replace("\n", " ").count(". ") == amount - 1


def test_a_short_text_is_one_sentence_and_a_long_one_goes_on(pool: SentencePool) -> None:
    assert write(pool, Length("short")).count(".") == 1
    assert 4_096 < len(write(pool, Length("long"))) < 4_300
    assert 20_000 < len(write(pool, Length("long"), limit=20_000)) < 20_200


def test_paragraphs_lines_and_items_are_laid_out(pool: SentencePool) -> None:
    assert len(write(pool, Length("usual", 0, "paragraphs", 3)).split("\n\n")) == 3
    assert len(write(pool, Length("words", 500, "paragraphs", 4)).split("\n\n")) == 4
    assert len(write(pool, Length("words", 500, "paragraphs", 4)).split()) == 500
    assert len(write(pool, Length("usual", 0, "lines", 6)).split("\n")) == 6
    opening, *items = write(pool, Length("usual", 0, "items", 5)).split("\n")
    assert "simulate" in opening
    assert len(items) == 5
    assert all(item.startswith("- ") and item.endswith(".") for item in items)


def test_more_parts_than_sentences_are_as_many_as_there_are_sentences(pool: SentencePool) -> None:
    assert write(pool, Length("sentences", 2, "paragraphs", 9)).count("\n\n") == 1
    assert "\n" not in write(pool, Length("sentences", 1, "items", 9))


def test_a_long_text_has_paragraphs_and_all_pieces(pool: SentencePool) -> None:
    written = pool.write(CHOICE, "Explain", 0, Length("sentences", 40))
    text, pieces = written.text, written.pieces
    assert [part.count(".") for part in text.split("\n\n")] == [5] * 8
    assert "".join(pieces) == text


def test_a_limit_ends_the_text_just_beyond_it(pool: SentencePool) -> None:
    whole = write(pool, Length("words", 3_000))
    for limit in (0, 10, 400, 4_096):
        text = write(pool, Length("words", 3_000), limit=limit)
        assert limit < len(text) < limit + 200
        assert text.split("\n\n")[0].split()[:5] == whole.split()[:5]


def test_no_text_is_endless(pool: SentencePool) -> None:
    for unit in ("words", "sentences", "characters"):
        text = write(pool, Length(unit, 1_000_000, exceed=True))
        assert MAX_CHARACTERS < len(text) < 1.01 * MAX_CHARACTERS


def test_sentences_come_again_in_another_order_where_there_are_too_few(pool: SentencePool) -> None:
    sentences = [f"Sentence number {word}." for word in ("one", "two", "three", "four", "five", "six", "seven")]
    text = SentencePool(BARE, sentences).write(CHOICE, "text", 0, Length("sentences", 15)).text.replace("\n\n", " ")
    first, second = (text.split(". ")[start : start + 7] for start in (1, 8))
    assert sorted(each.rstrip(".") for each in first) == sorted(each.rstrip(".") for each in second)
    assert first != second


@pytest.mark.parametrize("amount", range(1, 12))
def test_a_number_of_words_that_a_pool_cannot_meet_is_not_exceeded(amount: int) -> None:
    pool = SentencePool(BARE, ["Four words are here.", "And here are four."])
    count = len(pool.write(CHOICE, "text", 0, Length("words", amount)).text.split())
    assert count <= amount
    assert count == amount or amount % 4 != 3


def test_a_pool_of_one_sentence_works() -> None:
    assert (
        SentencePool(BARE, ["It is."]).write(CHOICE, "x", 0, Length("sentences", 3)).text
        == "A simulated x. It is. It is."
    )


def test_a_prompt_with_braces_is_quoted_as_it_is(pool: SentencePool) -> None:
    assert '"{prompt} and {0}"' in pool.write(CHOICE, "{prompt} and {0}", 0, USUAL).text
