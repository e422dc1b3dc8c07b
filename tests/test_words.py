"""Words: the package speaks the field's language; words that were private to it once do not come back."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Callable, Iterator
from pathlib import Path

SUFFIXES = (".md", ".py", ".js", ".html")
ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "emulator"
FILES = sorted(PACKAGE.rglob("*.py"))
PROSE = [
    ROOT / "README.md",
    *sorted(each for folder in ("docs", "emulator") for each in (ROOT / folder).rglob("*") if each.suffix in SUFFIXES),
]

# Each of these stood for something that the field has a term for; see docs/glossary.md for the words that are ours.
CLASSES = frozenset([
    "Absent", "Asked", "Astray", "Author", "Bounds", "Caller", "Case", "Changes", "Citation", "Complaint",
    "Complaints", "Corpus", "Course", "Cue", "Delivery", "Departure", "Doorway", "Door", "Evidence", "Front",
    "Greeting", "Hello", "Hidden", "Hole", "Incoming", "Keeper", "Kept", "Later", "Leads", "Lead", "Line",
    "Listener", "Listing", "Mishap", "Offer", "Past", "Piece", "Place", "Redactor", "Repertoire", "Roles", "Room",
    "Script", "Secrets", "Shelf", "Site", "Stock", "Story", "Tables", "Tape", "Turns", "Twist", "Unusual",
    "Vestibule", "Waits", "Welcome", "Wish", "Written",
])  # fmt: skip
NAMES = frozenset([
    "astray", "case_of", "corpus", "departures", "doorway", "keeper", "occasion", "occasions", "redactor",
    "repertoire", "shelf", "spoil", "spoiled", "spoilt", "story", "told", "twist", "twists", "vestibule", "wish",
    "wishes", "worldly",
])  # fmt: skip
CONSTANT = re.compile(r"_?(MOST|LONGEST|DEEPEST|SHORTEST|PATIENCE|GRACE|CURE|FEW)(_[A-Z_]+)?")

# What is said in other words: who says what to whom, in the active voice; errors and diagnostics instead of complaints.
SAID = re.compile(r"\b(?:is|are|was|were|be|been|being) told\b(?! apart)|\bcomplain(?:s|ed|ing)?\b", re.IGNORECASE)
COMPLAINT = re.compile(r"\bcomplaint\b(?!\")", re.IGNORECASE)  # but for a label in quotes, and the field `complaints`

# What may stay although it looks like one of them: the name, and why.
ALLOWED = {
    "Caller": "whose key a request carries: the word that scenarios use (`caller.tier`)",
    "departures": "a field of the control API's JSON",
}


WORD = re.compile(r"\w+")


def tokens(path: Path, sought: Callable[[str], object]) -> Iterator[tokenize.TokenInfo]:
    """The tokens of a file in which a sought word stands, and none of others: finding the tokens takes long."""
    text = path.read_text()
    if any(map(sought, set(WORD.findall(text)))):
        yield from tokenize.generate_tokens(io.StringIO(text).readline)


def is_private(word: str) -> bool:
    return word in CLASSES or word.lstrip("_") in NAMES or CONSTANT.fullmatch(word) is not None


def private_words(path: Path) -> Iterator[str]:
    """Yields where a file has a private word as the name of a class, a function, a variable or a constant."""
    before = ""
    for token in tokens(path, is_private):
        name, keyword, before = token.string, before, token.string
        if token.type != tokenize.NAME or name in ALLOWED or not is_private(name):
            continue
        if keyword == "class" or name not in CLASSES:
            yield f"{path.relative_to(ROOT)}:{token.start[0]}: {name}"


def test_private_words_do_not_come_back() -> None:
    assert [word for path in FILES for word in private_words(path)] == []


def test_nobody_is_told_and_nothing_complains() -> None:
    lines = ((path, *line) for path in PROSE for line in enumerate(path.read_text().splitlines(), 1))
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path, number, line in lines
        if SAID.search(line) or COMPLAINT.search(line)
    ]
    assert found == []


def test_no_word_is_allowed_without_need() -> None:
    names = {token.string for path in FILES for token in tokens(path, ALLOWED.get) if token.type == tokenize.NAME}
    assert set(ALLOWED) <= names
    assert set(ALLOWED) <= CLASSES | NAMES
