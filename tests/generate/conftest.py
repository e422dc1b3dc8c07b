"""The sentences and the canned replies that come with the package."""

from __future__ import annotations

import pytest

from emulator.compile.canned import load_canned
from emulator.generate.canned import CannedReply
from emulator.generate.json_mode import FieldValues
from emulator.generate.sentences import SentencePool
from emulator.generate.text import TextGenerator, TextSources
from emulator.language.document.reader import read
from emulator.language.expressions import Language
from emulator.paths import fixtures

LANGUAGE = Language()
SENTENCES = read(fixtures() / "sentences.yaml").data
SOURCES = TextSources.of([], SENTENCES)


def canned(*files: str) -> list[CannedReply]:
    """The canned replies of some fixtures, in order."""
    return [reply for file in files for reply in load_canned(read(fixtures() / file), LANGUAGE)]


def generator(replies: list[CannedReply] | None = None, seed: str = "seed", image_tokens: int = 1_600) -> TextGenerator:
    """A generator with the sentences of the package and these canned replies."""
    return TextGenerator(seed, TextSources.of(replies or [], SENTENCES), image_tokens)


@pytest.fixture(scope="session")
def pool() -> SentencePool:
    return SOURCES.sentences


@pytest.fixture(scope="session")
def fields() -> FieldValues:
    return SOURCES.fields
