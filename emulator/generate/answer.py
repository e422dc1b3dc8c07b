"""What is answered: a canned reply where one fits, else sentences made for the prompt; counted and cut."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson

from emulator.generate import conversation, topic
from emulator.generate.conversation import IMAGE_TOKENS, Conversation
from emulator.generate.corpus import Corpus
from emulator.generate.cue import Cue
from emulator.generate.lead import lead
from emulator.generate.repertoire import CannedReply, Found, Repertoire, ReplyTemplate
from emulator.generate.structured import compose, dumps, fit
from emulator.generate.tokens import CHARACTERS, count_tokens, pieces

__all__ = ["Answer", "Author", "count_tokens"]

_REMEMBERED = 1_024
_REMEMBERED_LENGTH = 1_000


class Answer(NamedTuple):
    """One answer. `pieces` joined are `text`; `data` is the object of JSON mode.

    `finish` is "stop", "length", or "stop_sequence" when the text would have gone on with `stop_sequence`.
    """

    text: str
    pieces: Sequence[str]
    finish: str
    input_tokens: int
    output_tokens: int
    prompt: str
    data: dict[str, Any] | None = None
    stop_sequence: str | None = None

    @property
    def total_tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens

    def scope(self) -> dict[str, Any]:
        """The answer as templates see it; `data` is absent outside JSON mode."""
        values: dict[str, Any] = {
            "text": self.text,
            "pieces": self.pieces,
            "finish": self.finish,
            "stop_sequence": self.stop_sequence,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "total_tokens": self.input_tokens + self.output_tokens,
            "prompt": self.prompt,
        }
        if self.data is not None:
            values["data"] = self.data
        return values


class Author:
    """Writes answers. The same seed, prompt and mode give the same text, in any process and in any order."""

    def __init__(
        self,
        seed: str,
        canned: Repertoire | Sequence[CannedReply] = (),
        *,
        image_tokens: int = IMAGE_TOKENS,
        corpus: Corpus | None = None,
    ) -> None:
        self._canned = canned if isinstance(canned, Repertoire) else Repertoire(canned)
        self._corpus = corpus or Corpus(seed)
        self._image_tokens = image_tokens
        self._hash = blake2b(seed.encode("utf-8", "surrogatepass"), digest_size=16)
        self._remembered = lru_cache(maxsize=_REMEMBERED)(self._compose)
        self._short = lru_cache(maxsize=_REMEMBERED)(lambda text, *how: self.answer(text, None, *how).scope())

    def warm(self) -> None:
        """Build the corpus early; may be called from a thread."""
        self._corpus.warm()

    def answer(
        self,
        messages: Any,
        system: Any = None,
        max_tokens: float | None = None,
        json_object: bool = False,
        stop: Sequence[str] = (),
    ) -> Answer:
        """Answer the last user message of `messages` (a text, or a list of {role, content}).

        `max_tokens` cuts a text at exactly four times as many characters, and a text of `stop` cuts it before where
        it stands; what cuts first is what ended it. An object of JSON mode loses its last fields to `max_tokens`
        instead, down to `{}`, and nothing to `stop`, and so always parses. Raises TemplateError when a canned reply
        fails.
        """
        talk = conversation.read(messages, system, self._image_tokens)
        world = None if max_tokens is None else max(0, int(max_tokens)) * CHARACTERS
        found = self._canned.find(talk.prompt)
        if json_object:
            return self._object(talk, found, world)
        text, cut = self._text(talk, found)
        finish, ended_by = "stop", None
        end = len(text) if world is None else min(world, len(text))
        if stop and (first := _first(stop, text)) is not None and first[0] < end:
            (end, ended_by), finish = first, "stop_sequence"
        elif end < len(text):
            finish = "length"
        if end < len(text):
            text = text[:end]
            cut = pieces(text)
        return Answer(text, cut, finish, talk.tokens, -(-len(text) // CHARACTERS), talk.prompt, None, ended_by)

    def view(
        self, messages: Any, system: Any, max_tokens: int | None, json_object: bool, stop: Sequence[str]
    ) -> dict[str, Any]:
        """The answer as templates see it; that to a single short message is remembered."""
        if not system and not stop and messages.__class__ is list and len(messages) == 1:
            only = messages[0]
            content = only.get("content") if only.__class__ is dict and only.get("role") == "user" else None
            if content.__class__ is str and len(content) <= _REMEMBERED_LENGTH:
                return self._short(content, max_tokens, json_object)
        return self.answer(messages, system, max_tokens, json_object, stop).scope()

    def _object(self, talk: Conversation, found: Found | None, world: int | None) -> Answer:
        fixed = found.reply.fixed_json if found is not None else None
        if fixed is not None and (world is None or len(fixed.text) <= world):
            tokens = count_tokens(fixed.text)
            return Answer(fixed.text, fixed.pieces, "stop", talk.tokens, tokens, talk.prompt, orjson.loads(fixed.text))
        whole = self._data(talk, found)
        data = whole if world is None else fit(whole, world)
        text = dumps(data)
        finish = "stop" if data == whole else "length"
        return Answer(text, pieces(text), finish, talk.tokens, count_tokens(text), talk.prompt, data)

    def _data(self, talk: Conversation, found: Found | None) -> dict[str, Any]:
        if found is not None and found.reply.json is not None:
            return _mapping(found.reply.json.json(Cue(talk, found.match)))
        text, _ = self._text(talk, found)
        if found is not None:
            return {"answer": text}
        return compose(talk.prompt, topic.find(talk.prompt).noun, text, self._choice(talk.prompt), self._corpus)

    def _text(self, talk: Conversation, found: Found | None) -> ReplyTemplate:
        if found is not None:
            if found.reply.fixed is not None:
                return found.reply.fixed
            text = str(found.reply.reply.value(Cue(talk, found.match)))
            return ReplyTemplate(text, pieces(text))
        # Long prompts are not kept, so that what is remembered stays small.
        write = self._remembered if len(talk.prompt) <= _REMEMBERED_LENGTH else self._compose
        return write(talk.prompt, talk.images)

    def _compose(self, prompt: str, images: int) -> ReplyTemplate:
        """A sentence on the topic and one to four more."""
        choice = self._choice(prompt)
        first = lead(topic.find(prompt), images, choice[0])
        more = self._corpus.follow_ups(choice[1:], 1 + choice[15] % 4)
        text, cut = first, [*pieces(first)]
        for sentence in more:
            text += sentence.text
            cut += sentence.pieces
        return ReplyTemplate(text, cut)

    def _choice(self, prompt: str) -> bytes:
        """Sixteen bytes by which everything about the answer to this prompt is chosen."""
        hashed = self._hash.copy()
        hashed.update(b"\0" + prompt.encode("utf-8", "surrogatepass"))
        return hashed.digest()


def _first(stop: Iterable[str], text: str) -> tuple[int, str] | None:
    """Where the first of these texts stands, and which it is; of two that begin there, the one that ends first."""
    found = ((text.find(each), len(each), each) for each in stop if each)
    first = min((each for each in found if each[0] >= 0), default=None)
    return None if first is None else (first[0], first[2])


def _mapping(body: bytes) -> dict[str, Any]:
    value = orjson.loads(body)
    return value if isinstance(value, dict) else {}
