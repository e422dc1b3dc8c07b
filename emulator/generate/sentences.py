"""Simulated text: it opens by saying that it is simulated and goes on with neutral sentences, as long as was asked for.

The sentences are data (`fixtures/sentences.yaml`), split and counted when they are loaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from math import gcd

from msgspec import Struct

from emulator.generate.prompt import USUAL, Length
from emulator.generate.tokens import CHARACTERS_PER_TOKEN, pieces

MAX_CHARACTERS = 400_000
_LONG_CHARACTERS = 1_024 * CHARACTERS_PER_TOKEN  # of a long reply that nothing limits
_PARAGRAPH = 5  # sentences, where a text has more than twice as many
_ASKED_PARAGRAPH = 3  # sentences, where paragraphs are asked for without a length
_MAX_BETWEEN = 3  # characters between two sentences: a space, or what begins a paragraph or an item
_USUAL_FOLLOWERS = 2  # sentences after the opening, where no length is asked for, or up to two more
PROMPT = "{prompt}"


class SplitText(Struct, frozen=True):
    """A text, and its pieces: joined, they are the text."""

    text: str
    pieces: Sequence[str]


class Sentence(Struct, frozen=True):
    """A sentence, its words, each after a space, how many there are, and all of it after a space."""

    text: str
    pieces: tuple[str, ...]
    words: int
    spaced: str

    @classmethod
    def of(cls, text: str) -> Sentence:
        """Returns a sentence that was not split yet."""
        return cls(text, tuple(pieces(f" {text}")), len(text.split()), f" {text}")


class Openings(Struct, frozen=True):
    """First sentences for a prompt with text, with text and images, with images alone, and without anything.

    `{prompt}` stands for the beginning of the prompt. `short` are for replies of few words or characters.
    """

    text: Sequence[str]
    text_and_image: Sequence[str]
    image: Sequence[str]
    nothing: Sequence[str]
    short: Sequence[str]

    def about(self, beginning: str, images: int) -> Sequence[str]:
        """Returns the openings for a prompt, by its beginning and its images."""
        if beginning:
            return self.text_and_image if images else self.text
        return self.image if images else self.nothing


class SentencePool:
    """All sentences there are. What is drawn from it depends on `choice` alone: eight bytes or more, a digest."""

    def __init__(self, openings: Openings, sentences: Sequence[str]) -> None:
        self._openings = openings
        self._sentences = tuple(map(Sentence.of, sentences))
        self._longest = max(len(sentence.spaced) for sentence in self._sentences)
        count = len(sentences)
        self._steps = tuple(step for step in range(1, count + 1) if gcd(step, count) == 1)
        counts = {sentence.words for sentence in self._sentences}
        self._all_sums = 2 * max(counts)
        self._sums = frozenset(_sums(counts, self._all_sums))
        self._of_words = {
            count: tuple(sentence for sentence in self._sentences if sentence.words == count) for count in counts
        }

    def write(
        self, choice: bytes, beginning: str, images: int = 0, length: Length = USUAL, limit: int | None = None
    ) -> SplitText:
        """Writes a text of the asked length about a prompt, which ends with the sentence that goes beyond `limit`."""
        opening = self._opening(choice, beginning, images, length)
        if limit is None:
            limit = _LONG_CHARACTERS if length.unit == "long" else MAX_CHARACTERS
        return _lay_out(opening, self._followers(choice, opening, length, limit - len(opening)), length)

    def _opening(self, choice: bytes, beginning: str, images: int, length: Length) -> str:
        """The first opening, from a drawn one on, that leaves room for sentences or none; a short one otherwise."""
        openings = self._openings.about(beginning, images)
        for number in range(choice[0], choice[0] + len(openings)):
            opening = openings[number % len(openings)].replace(PROMPT, beginning)
            if self._fits(opening, length):
                return opening
        short = self._openings.short
        return next((each for each in reversed(short) if self._fits(each, length)), short[0])

    def _fits(self, opening: str, length: Length) -> bool:
        if length.unit == "words":
            return self._possible(length.amount - len(opening.split()))
        return length.unit != "characters" or length.exceed or len(opening) <= length.amount

    def _possible(self, words: int) -> bool:
        """Whether sentences can have so many words together."""
        return words in self._sums or words > self._all_sums

    def _followers(self, choice: bytes, opening: str, length: Length, room: int) -> list[Sentence]:
        if length.unit == "words":
            return self._by_words(choice, length.amount - len(opening.split()), room)
        if length.unit == "characters":
            return self._by_characters(choice, length.amount - len(opening), length.exceed, room)
        count = _USUAL_FOLLOWERS + choice[1] % 3 if length is USUAL else _count(choice, length)
        if count * self._longest <= room:  # as nearly always: none need be measured
            return list(islice(self._order(choice), count))
        chosen = []
        for sentence in islice(self._order(choice), count):
            chosen.append(sentence)
            room -= len(sentence.text) + 1
            if room < 0:
                break
        return chosen

    def _by_words(self, choice: bytes, words: int, room: int) -> list[Sentence]:
        """Sentences with so many words together, as far as there are any."""
        chosen: list[Sentence] = []
        for passed, sentence in enumerate(self._order(choice)):
            last = self._of_words.get(words)
            if last is not None:
                chosen.append(last[choice[4] % len(last)])
                break
            if words <= 0 or room < 0 or passed > len(chosen) + 2 * len(self._sentences):
                break
            if self._possible(words - sentence.words):
                chosen.append(sentence)
                words -= sentence.words
                room -= len(sentence.text) + 1
        return chosen

    def _by_characters(self, choice: bytes, size: int, exceed: bool, room: int) -> list[Sentence]:
        """Sentences with at most so many characters together, or if they may `exceed` it, with just as many or more."""
        chosen: list[Sentence] = []
        between = 1 if exceed else _MAX_BETWEEN
        for passed, sentence in enumerate(self._order(choice)):
            if size <= 0 or room < 0 or passed > len(chosen) + 2 * len(self._sentences):
                break
            if exceed or len(sentence.text) + between <= size:
                chosen.append(sentence)
                size -= len(sentence.text) + between
                room -= len(sentence.text) + 1
        return chosen

    def _order(self, choice: bytes) -> Iterator[Sentence]:
        """All sentences from a drawn one on in steps of a drawn width, then again in steps of the next, endlessly."""
        sentences, steps = self._sentences, self._steps
        place, turn = choice[2], choice[3]
        while True:
            step = steps[turn % len(steps)]
            for _ in sentences:
                yield sentences[place % len(sentences)]
                place += step
            turn += 1


def _count(choice: bytes, length: Length) -> int:
    """How many sentences follow the opening, of a text whose words and characters are not counted."""
    if length.layout is not None and length.unit in ("short", "usual"):
        others = {"items": length.parts, "lines": length.parts - 1}
        return others.get(length.layout, length.parts * _ASKED_PARAGRAPH - 1)
    counts = {"short": 0, "sentences": length.amount - 1, "long": MAX_CHARACTERS}
    return counts.get(length.unit, _USUAL_FOLLOWERS + choice[1] % 3)


def _sums(counts: set[int], most: int) -> set[int]:
    """Every number up to `most` that is a sum of such counts."""
    sums = {0}
    for total in range(1, most + 1):
        if any(total - count in sums for count in counts):
            sums.add(total)
    return sums


def _lay_out(opening: str, followers: Sequence[Sentence], length: Length) -> SplitText:
    """The text, in the paragraphs, lines or items that were asked for; a long text has paragraphs of its own."""
    layout, parts, count = length.layout, length.parts, len(followers) + 1
    if layout is None:
        if count <= 2 * _PARAGRAPH:
            return _in_a_row(opening, followers)
        parts = -(-count // _PARAGRAPH)
    before = {"items": "\n- ", "lines": "\n"}.get(layout or "", "\n\n")
    # Sentence `at` is in part `at * parts // count`. The opening is the first one, or stands before the items.
    start, count = (0, count - 1) if layout == "items" else (1, count)
    parts = min(parts, count)
    part = start - 1
    if parts <= 1 and start:
        return _in_a_row(opening, followers)
    texts, cut = [opening], [*pieces(opening)]
    for at, sentence in enumerate(followers, start):
        if part != (part := at * parts // count):
            texts += before, sentence.text
            cut.append(before + sentence.pieces[0][1:])
            cut += sentence.pieces[1:]
        else:
            texts.append(sentence.spaced)
            cut += sentence.pieces
    return SplitText("".join(texts), cut)


def _in_a_row(opening: str, followers: Sequence[Sentence]) -> SplitText:
    text, cut = opening, [*pieces(opening)]
    for sentence in followers:
        text += sentence.spaced
        cut += sentence.pieces
    return SplitText(text, cut)
