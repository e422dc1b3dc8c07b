"""Words: the package speaks the field's language; words that were private to it once do not come back."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
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


def tokens(path: Path) -> Iterator[tokenize.TokenInfo]:
    return tokenize.generate_tokens(io.StringIO(path.read_text()).readline)


def private_words(path: Path) -> Iterator[str]:
    """Yields where a file has a private word as the name of a class, a function, a variable or a constant."""
    classes = {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef)}
    for token in tokens(path):
        if token.type != tokenize.NAME or token.string in ALLOWED:
            continue
        is_class = token.string in CLASSES and token.string in classes
        if is_class or token.string.lstrip("_") in NAMES or CONSTANT.fullmatch(token.string):
            yield f"{path.relative_to(ROOT)}:{token.start[0]}: {token.string}"


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
    names = {token.string for path in FILES for token in tokens(path) if token.type == tokenize.NAME}
    assert set(ALLOWED) <= names
    assert set(ALLOWED) <= CLASSES | NAMES
