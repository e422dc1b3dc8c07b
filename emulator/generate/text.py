"""Generates the text of a reply: a canned one where one fits, else simulated sentences; counted, and cut."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from random import Random
from typing import Any, NamedTuple

import orjson
from msgspec import Struct

from emulator.generate.canned import CannedMatch, CannedReplies, CannedReply, canned_context
from emulator.generate.content_faults import PROSE, Original, corrupt
from emulator.generate.json_mode import FieldValues, dumps, fit, requested_shape
from emulator.generate.prompt import (
    IMAGE_TOKENS,
    USUAL,
    Conversation,
    Length,
    beginning,
    read_conversation,
    requested_length,
)
from emulator.generate.sentences import Openings, SentencePool, SplitText
from emulator.generate.tokens import CHARACTERS_PER_TOKEN, count_tokens, pieces

_MAX_REMEMBERED = 128  # replies, and prompts, of one generator: a test or a demonstration repeats a few
_REMEMBERED_LENGTH = 1_000  # characters


class GeneratedText(Struct, frozen=True):
    """The text of one reply. `pieces` joined are `text`; `data` is the object of JSON mode.

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

    def values(self) -> dict[str, Any]:
        """Returns the text as templates see it; `data` is absent outside JSON mode."""
        values: dict[str, Any] = {
            "text": self.text,
            "pieces": self.pieces,
            "finish": self.finish,
            "stop_sequence": self.stop_sequence,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "total_tokens": self.input_tokens + self.output_tokens,
            "prompt": self.prompt,
            "given": False,
        }
        if self.data is not None:
            values["data"] = self.data
        return values


class GivenText(NamedTuple):
    """A text that is said instead of a generated one; `data` is the object of JSON mode, where that is another."""

    text: SplitText
    data: dict[str, Any] | None = None

    @classmethod
    def of(cls, text: str, data: dict[str, Any] | None = None) -> GivenText:
        """Returns a text that was not split yet."""
        return cls(SplitText(text, pieces(text)), data)


class Prompt(dict[str, Any]):
    """What is replied to, as templates see it: {text, tokens}. It is `single` without a conversation around it."""

    __slots__ = ("conversation", "single")

    def __init__(self, text: str, tokens: int, conversation: Conversation | None) -> None:
        self["text"] = text
        self["tokens"] = tokens
        self.conversation = conversation
        self.single = conversation is None


class TextSources(Struct, frozen=True):
    """What texts are made of: read at load, shared by all worlds."""

    canned: CannedReplies
    sentences: SentencePool
    fields: FieldValues

    @classmethod
    def of(cls, canned: Sequence[CannedReply], sentences: Mapping[str, Any]) -> TextSources:
        """Returns the sources: canned replies, and the content of fixtures/sentences.yaml."""
        openings = Openings(**sentences["openings"], short=sentences["short"])
        values = sentences["json"]
        entries = [(each["words"], each["values"]) for each in values["fields"]]
        fields = FieldValues(values["prose"], entries, values["other"])
        return cls(CannedReplies(canned), SentencePool(openings, sentences["sentences"]), fields)


class TextGenerator:
    """Generates texts. The same seed, prompt and mode give the same text, in any process and in any order."""

    def __init__(self, seed: str, sources: TextSources, image_tokens: int = IMAGE_TOKENS) -> None:
        self._canned = sources.canned
        self._sentences = sources.sentences
        self._fields = sources.fields
        self._image_tokens = image_tokens
        self._remembered: dict[tuple[str, int | None], dict[str, Any]] = {}
        self._prompts: dict[str, Prompt] = {}  # those of single short messages
        self._digest = blake2b(seed.encode("utf-8", "surrogatepass"), digest_size=16)

    def values(
        self,
        prompt: Prompt,
        max_tokens: int | None = None,
        json_object: bool = False,
        stop: Sequence[str] = (),
        given: GivenText | None = None,
    ) -> dict[str, Any]:
        """Returns what `generate` does, as templates see it; a short reply to a single short message is remembered."""
        if not prompt.single or json_object or stop or given is not None:
            return self._generate(self.conversation(prompt), max_tokens, json_object, stop, given).values()
        key = (prompt["text"], max_tokens)
        values = self._remembered.get(key)
        if values is None:
            values = self._generate(self.conversation(prompt), max_tokens).values()
            if len(values["text"]) <= _REMEMBERED_LENGTH:
                if len(self._remembered) >= _MAX_REMEMBERED:
                    self._remembered.clear()
                self._remembered[key] = values
        return values

    def corrupted(
        self,
        kind: str,
        how: str | None,
        prompt: Prompt,
        max_tokens: int | None = None,
        json_object: bool = False,
        stop: Sequence[str] = (),
        given: GivenText | None = None,
    ) -> dict[str, Any]:
        """Returns what is said instead of what `values` says, where the model gets it wrong in this way."""
        conversation = self.conversation(prompt)
        limit = None if max_tokens is None else max(0, max_tokens) * CHARACTERS_PER_TOKEN
        found = self._canned.find(conversation.prompt) if given is None else None
        choice, about = self._choice(conversation.prompt), beginning(conversation.prompt)
        original = Original(
            self._text(conversation, found, given, limit).text,
            self._data(conversation, found, given, limit) or {PROSE: ""},
            conversation.prompt,
            json_object,
            limit,
            lambda room: self._sentences.write(choice, about, conversation.images, Length("long"), room).text,
            Random(choice),
            how,
        )
        said, end = corrupt(kind, original)
        if isinstance(said, dict):
            return _fitted(said, end, conversation).values()
        return _cut(SplitText(said, pieces(said)), end, () if json_object else stop, conversation).values()

    def generate(
        self,
        messages: Any,
        system: Any = None,
        max_tokens: float | None = None,
        json_object: bool = False,
        stop: Sequence[str] = (),
        given: GivenText | None = None,
    ) -> GeneratedText:
        """Replies to the last user message of `messages` (a text, or a list of {role, content}), with a given text if
        there is one.

        `max_tokens` cuts a text at exactly four times as many characters, and a text of `stop` cuts it before where
        it stands; what cuts first is what ended it. An object of JSON mode loses its last fields to `max_tokens`
        instead, down to `{}`, and nothing to `stop`, and so always parses. Raises TemplateError when a canned reply
        fails.
        """
        return self._generate(self.read(messages, system), max_tokens, json_object, stop, given)

    def prompt(self, messages: Any, system: Any = None) -> Prompt:
        """Reads what is replied to, without generating a reply."""
        if not system and messages.__class__ is list and len(messages) == 1:
            message = messages[0]
            text = message.get("content") if message.__class__ is dict and message.get("role") == "user" else None
            if text.__class__ is str and len(text) <= _REMEMBERED_LENGTH:
                return self._prompts.get(text) or self._remember(Prompt(text, count_tokens(text), None))
        conversation = self.read(messages, system)
        return Prompt(conversation.prompt, conversation.tokens, conversation)

    def _remember(self, prompt: Prompt) -> Prompt:
        if len(self._prompts) >= _MAX_REMEMBERED:
            self._prompts.clear()
        self._prompts[prompt["text"]] = prompt
        return prompt

    def read(self, messages: Any, system: Any = None) -> Conversation:
        """Reads a conversation: its last user message, and how many tokens it has."""
        return read_conversation(messages, system, self._image_tokens)

    def conversation(self, prompt: Prompt) -> Conversation:
        """Returns the conversation that a prompt ends."""
        return prompt.conversation or Conversation(prompt["text"], [], None, 0, prompt["tokens"], "")

    def _generate(
        self,
        conversation: Conversation,
        max_tokens: float | None,
        json_object: bool = False,
        stop: Sequence[str] = (),
        given: GivenText | None = None,
    ) -> GeneratedText:
        limit = None if max_tokens is None else max(0, int(max_tokens)) * CHARACTERS_PER_TOKEN
        found = self._canned.find(conversation.prompt) if given is None else None
        if json_object:
            return self._object(conversation, found, given, limit)
        written = self._text(conversation, found, given, limit)
        return _cut(written, limit, stop, conversation)

    def _text(
        self, conversation: Conversation, found: CannedMatch | None, given: GivenText | None, limit: int | None
    ) -> SplitText:
        if given is not None:
            return given.text
        if found is not None:
            if found.reply.fixed is not None:
                return found.reply.fixed
            text = str(found.reply.reply.value(canned_context(conversation, found.match)))
            return SplitText(text, pieces(text))
        prompt, system = conversation.prompt, conversation.system
        length = requested_length(prompt)
        if length is USUAL and system:
            length = requested_length(system)
        return self._sentences.write(self._choice(prompt), beginning(prompt), conversation.images, length, limit)

    def _object(
        self, conversation: Conversation, found: CannedMatch | None, given: GivenText | None, limit: int | None
    ) -> GeneratedText:
        return _fitted(self._data(conversation, found, given, limit), limit, conversation)

    def _data(
        self, conversation: Conversation, found: CannedMatch | None, given: GivenText | None, limit: int | None
    ) -> dict[str, Any]:
        """The object of a canned reply, else one with the keys that the prompt names, else `{"answer": text}`."""
        if given is not None and given.data is not None:
            return given.data
        if found is not None and found.reply.fixed_json is not None:
            return _mapping(found.reply.fixed_json.text.encode())
        if found is not None and found.reply.json is not None:
            return _mapping(found.reply.json.json(canned_context(conversation, found.match)))
        written = self._text(conversation, found, given, limit).text
        shape = requested_shape(conversation.prompt) or requested_shape(conversation.system)
        return self._fields.compose(shape, self._choice(conversation.prompt), written) or {PROSE: written}

    def _choice(self, prompt: str) -> bytes:
        """Sixteen bytes by which everything about the reply to this prompt is drawn."""
        digest = self._digest.copy()
        digest.update(b"\0" + prompt.encode("utf-8", "surrogatepass"))
        return digest.digest()


def _fitted(whole: dict[str, Any], limit: int | None, conversation: Conversation) -> GeneratedText:
    data = whole if limit is None else fit(whole, limit)
    written = dumps(data)
    return GeneratedText(
        written,
        pieces(written),
        "stop" if data == whole else "length",
        conversation.tokens,
        count_tokens(written),
        conversation.prompt,
        data,
    )


def _cut(written: SplitText, limit: int | None, stop: Sequence[str], conversation: Conversation) -> GeneratedText:
    text, cut = written.text, written.pieces
    finish, ended_by = "stop", None
    end = len(text) if limit is None else min(limit, len(text))
    if stop and (first := _first(stop, text)) is not None and first[0] < end:
        (end, ended_by), finish = first, "stop_sequence"
    elif end < len(text):
        finish = "length"
    if end < len(text):
        text = text[:end]
        cut = pieces(text)
    return GeneratedText(
        text, cut, finish, conversation.tokens, count_tokens(text), conversation.prompt, None, ended_by
    )


def _first(stop: Iterable[str], text: str) -> tuple[int, str] | None:
    """Where the first of these texts stands, and which it is; of two that begin there, the one that ends first."""
    found = ((text.find(each), len(each), each) for each in stop if each)
    first = min((each for each in found if each[0] >= 0), default=None)
    return None if first is None else (first[0], first[2])


def _mapping(body: bytes) -> dict[str, Any]:
    value = orjson.loads(body)
    return value if isinstance(value, dict) else {}


def object_in(text: str) -> dict[str, Any] | None:
    """Returns the JSON object that a text is, if it is one."""
    if text[:1] != "{":
        return None
    try:
        value = orjson.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
