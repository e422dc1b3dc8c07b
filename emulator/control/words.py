"""WORDS: what a request to the control API should say and does, in the words of its documentation."""

from __future__ import annotations

import re

MESSAGE = re.compile(r"Expected `(?P<wanted>[^`]*)`(?P<bounds>.*?)(?:, got `(?P<found>[^`]*)`)?", re.DOTALL)
BOUNDS = re.compile(r" (?P<length>of length )?(?P<sign>>=|<=) (?P<number>\S+)")
KINDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
PARTS = {"array": "item", "str": "character", "object": "key"}


def in_words(message: str) -> str:
    """What msgspec says of a value, without its place; what it says in another form stays as it is."""
    read = MESSAGE.fullmatch(message)
    if read is None:
        return message.replace("`", "")
    names = read["wanted"].split(" | ")
    wanted = _listed([word for name in names for word in (("true", "false") if name == "bool" else (_kind(name),))])
    bounds = BOUNDS.fullmatch(read["bounds"])
    limit = read["bounds"] if bounds is None else _limit(names[0], bounds)
    found = "" if read["found"] is None else f"; found {_kind(read['found'])}"
    return f"expected {wanted}{limit}{found}"


def _limit(name: str, bounds: re.Match[str]) -> str:
    number, least = bounds["number"], bounds["sign"] == ">="
    if bounds["length"] is None:
        return f" from {number}" if least else f" up to {number}"
    part = PARTS.get(name, "item")
    count = f"one {part}" if number == "1" else f"{number} {part}s"
    return f" with at {'least' if least else 'most'} {count}"


def _kind(name: str) -> str:
    return KINDS.get(name, name)


def _listed(words: list[str]) -> str:
    return " or ".join((*([", ".join(words[:-1])] if words[:-1] else []), words[-1]))
