"""The prompt: what a conversation asks for, which is its last user message and the length that it names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import Struct

from emulator.generate.tokens import CHARACTERS_PER_TOKEN, count_tokens

IMAGE_TOKENS = 1_600

# ------------------------------------------------------------------------------------------------ the conversation


class Conversation(Struct):
    """The last user message, the user's messages before it (oldest first), and the assistant's last message before it.

    `images` counts those of the last user message, `tokens` everything that was sent, images included.
    """

    prompt: str
    earlier: list[str]
    heard: str | None
    images: int
    tokens: int
    system: str

    @property
    def previous(self) -> str | None:
        """The user message before the prompt, if there is one."""
        return self.earlier[-1] if self.earlier else None


def read_conversation(messages: Any, system: Any = None, image_tokens: int = IMAGE_TOKENS) -> Conversation:
    """Reads `messages`: a text, or a list of {role, content} whose content is a text or a list of parts.

    The text of every message and of the system prompt is counted; each image counts `image_tokens`. What has another
    form (an unknown part, a message that is no mapping) counts nothing and says nothing.
    """
    if isinstance(messages, str):
        messages = ({"role": "user", "content": messages},)
    asked: list[str] = []
    said = heard = None
    shown = 0
    instructions = _text(system)[0] if system else ""
    tokens = count_tokens(instructions)
    for message in messages or ():
        if message.__class__ is not dict and not isinstance(message, Mapping):
            continue
        content = message.get("content")
        text, images = (content, 0) if content.__class__ is str else _text(content)
        tokens += count_tokens(text) + images * image_tokens
        role = message.get("role", "user")
        if role == "user":
            asked.append(text)
            heard, said, shown = said or heard, None, images
        elif role == "assistant":
            said = text
    prompt = asked.pop() if asked else ""
    return Conversation(prompt, asked, heard, shown, tokens, instructions)


def _text(content: Any) -> tuple[str, int]:
    """The text of a message's content, and how many images stand in it."""
    if isinstance(content, str):
        return content, 0
    if not isinstance(content, Sequence):
        return "", 0
    texts: list[str] = []
    images = 0
    for part in content:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, Mapping):
            text = part.get("text")
            if isinstance(text, str):
                texts.append(text)
            elif "image" in str(part.get("type")):
                images += 1
    return "\n".join(texts), images


# ------------------------------------------------------------------------------------------------ its beginning

_BEGINNING = 60  # characters
_LEAST_SENTENCE = 12  # characters: a shorter first sentence, such as "Hi!", says too little
_TRAILING = " .!?…,;:"
_END = re.compile("[.?!] ")  # of a sentence


def beginning(prompt: str) -> str:
    """Returns the first words of a prompt, as they are quoted: one line of at most 61 characters, no double quotes."""
    text = " ".join(prompt[: 4 * _BEGINNING].split()).replace('"', "'")
    first = _END.search(text, _LEAST_SENTENCE, _BEGINNING + 2)
    if first is not None:
        return text[: first.start()]
    if len(text) <= _BEGINNING:
        return text.rstrip(_TRAILING) or text
    whole, _, _ = text[: _BEGINNING + 1].rpartition(" ")
    return (whole or text[:_BEGINNING]).rstrip(_TRAILING) + "…"


# ------------------------------------------------------------------------------------------------ its length


class Length(NamedTuple):
    """How long a reply is asked to be.

    `unit` is "words", "sentences" or "characters", and `amount` how many; or "short", "long" or "usual", without an
    amount. `layout` is "paragraphs", "lines" or "items", and `parts` how many; None leaves it to the writer.
    `exceed`: the amount is the least that will do.
    """

    unit: str
    amount: int = 0
    layout: str | None = None
    parts: int = 0
    exceed: bool = False


USUAL = Length("usual")
_READ = 1_000  # characters at either end of a prompt: instructions stand before or after a document
_PAGE = 400  # words
_MAX_AMOUNT = 1_000_000
_PLAIN = 20  # from here on an amount counts without a word before it that asks for it
_LEAST = {"characters": 10, "items": 2, "lines": 2}  # fewer is no length: "give me an example", "describe a character"
_NUMBER_WORDS = (
    *("a 1", "an 1", "single 1", "one 1", "two 2", "couple 2", "both 2", "three 3", "few 3", "four 4", "five 5"),
    *("several 5", "six 6", "seven 7", "eight 8", "nine 9", "ten 10", "eleven 11", "twelve 12", "dozen 12"),
    *("fifteen 15", "twenty 20", "thirty 30", "forty 40", "fifty 50", "hundred 100", "thousand 1000"),
)
_NUMBERS = {word: int(number) for word, number in (each.split() for each in _NUMBER_WORDS)}
_POWERS = {"hundred": 100, "thousand": 1_000, "k": 1_000}
_UNITS = {
    **{unit: f"{unit}s" for unit in ("word", "sentence", "page", "character", "token", "paragraph", "line")},
    **dict.fromkeys(("bullet", "point", "item", "step", "tip", "reason", "example", "idea"), "items"),
}
_AMOUNT = re.compile(
    rf"(?P<number>\b\d[\d,]{{0,8}}|\b(?:a )?(?:{'|'.join(_NUMBERS)})\b)(?:[ -]?(?P<power>hundred|thousand|k)\b)?"
    rf"(?: ?(?:-|–|to|or|(?P<plus>and)) ?(?P<second>\d[\d,]*|{'|'.join(_NUMBERS)}))?(?P<joint>[ -])(?:of )?"
    r"(?:(?:very|short|brief|simple|clear|key|full|bullet) )*"
    rf"(?P<unit>{'|'.join(_UNITS)})s?\b(?P<each> (?:each|per|apiece)\b)?"
)
_BEFORE = re.compile(
    r"(?:(?P<least>\b(?:at least|minimum|min\.?|not? (?:less|fewer) than))|(?P<over>\b(?:more than|over))"
    r"|(?P<under>\b(?:less than|fewer than|under|below))"
    r"|\b(?:at most|maximum|max\.?|not? (?:more|longer) than|up to|within|exactly|about|around|roughly|approximately"
    r"|some|only|just|in|of|with|to|write|give|list|make|use|say|name|add|produce|generate|draft|reply|answer)"
    r"|\A|[~<>≤:.!?,;(\n])(?:\s+(?:me|us|of|a|an|the|with|between))*\s*\Z"
)
_TEXT = (
    r"[\w ,-]{0,30}\b(?:text|story|essay|article|answer|reply|response|poem|letter|report|explanation|description"
    r"|summary|overview|guide|list|message|post|one)\b"
)
_LONG = re.compile(
    rf"\b(?:long|lengthy|detailed|comprehensive|exhaustive|thorough|in-depth|extensive){_TEXT}"
    r"|\bin (?:\w+ )?(?:detail|depth)\b|\bat (?:\w+ )?length\b|\bas (?:long|much|many \w+) as (?:possible|you)\b"
    r"|\b(?:never|don't|do not) stop\b|\bkeep (?:going|writing)\b|\beverything you know\b"
    r"|\b(?:write|draft|compose)\b.{0,40}\b(?:essay|novel|book|thesis)\b"
)
_SHORT = re.compile(
    rf"\b(?:short|brief|concise|terse){_TEXT}|\b(?:be|it|answers|replies) (?:short|brief|concise)\b"
    r"|\b(?:briefly|concisely|tl;?dr)\b|\bin (?:short|brief)\b"
)
# The regular expressions run only where one of these words stands, which is far quicker to see.
_SPACES = bytes.maketrans(b"-.,:;!?()\"'/", b"            ")
_SIGNS = frozenset(
    each.encode()
    for each in (
        *(f"{unit}{ending}" for unit in _UNITS for ending in ("", "s")),
        *("long", "lengthy", "length", "detailed", "detail", "depth", "comprehensive", "exhaustive", "thorough"),
        *("extensive", "much", "many", "stop", "going", "writing", "everything", "essay", "novel", "book", "thesis"),
        *("short", "brief", "briefly", "concise", "concisely", "terse", "tl", "tldr"),
    )
)


def requested_length(text: str) -> Length:
    """Returns the length that a prompt asks for, such as "at least 3,000 words", "in two sentences", "a long story"."""
    if len(text) > 2 * _READ:
        text = f"{text[:_READ]}\n{text[-_READ:]}"
    text = text.lower()
    if _SIGNS.isdisjoint(text.encode("utf-8", "surrogatepass").translate(_SPACES).split()):
        return USUAL
    length = _amounts(text)
    if length is not None:
        return length
    if _LONG.search(text):
        return Length("long")
    return Length("short") if _SHORT.search(text) else USUAL


def _amounts(text: str) -> Length | None:
    """The length that a text names in numbers; of two of one unit the last counts."""
    found: dict[str, int] = {}
    exceed = False
    of_each: str | None = None
    for match in _AMOUNT.finditer(text):
        before = _BEFORE.search(text, max(0, match.start() - 30), match.start())
        amount, unit = _number(match), _UNITS[match["unit"]]
        if before is None and match["joint"] != "-" and amount < _PLAIN:
            continue  # "these two words": nothing is asked for
        if before is not None:
            amount += (before["over"] is not None) - (before["under"] is not None)
            exceed = exceed or before["least"] is not None or before["over"] is not None
        if unit == "pages":
            unit, amount = "words", amount * _PAGE
        elif unit == "tokens":
            unit, amount = "characters", amount * CHARACTERS_PER_TOKEN
        if amount >= _LEAST.get(unit, 1):
            found[unit] = amount
            of_each = unit if match["each"] else of_each
    layout = next((each for each in ("paragraphs", "items", "lines") if each in found), None)
    parts = min(found[layout], _MAX_AMOUNT) if layout is not None else 0
    for unit in ("words", "characters", "sentences"):
        if unit in found:
            amount = found[unit] * (parts if parts and of_each == unit else 1)
            return Length(unit, min(amount, _MAX_AMOUNT), layout, parts, exceed)
    return None if layout is None else Length("usual", 0, layout, parts)


def _number(match: re.Match[str]) -> int:
    number = _value(match["number"]) * _POWERS.get(match["power"], 1)
    return number + _value(match["second"]) if match["power"] and match["plus"] else number


def _value(text: str) -> int:
    text = text.removeprefix("a ")
    return _NUMBERS.get(text) or int(text.replace(",", ""))
