"""What was said so far: the messages of a request, read once into what an answer needs to know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from emulator.generate.tokens import count_tokens

IMAGE_TOKENS = 1_600


class Conversation(Struct):
    """The last user message, what the user said before it (oldest first), and what was last answered."""

    prompt: str
    earlier: list[str]
    heard: str | None
    images: int
    tokens: int

    @property
    def previous(self) -> str | None:
        """The user message before the prompt, if there is one."""
        return self.earlier[-1] if self.earlier else None


def read(messages: Any, system: Any = None, image_tokens: int = IMAGE_TOKENS) -> Conversation:
    """Read `messages`: a text, or a list of {role, content} with a text or a list of parts as content.

    Every message and the system prompt count their text; each image counts `image_tokens`. What has another
    form (an unknown part, a message that is no mapping) counts nothing and says nothing.
    """
    if isinstance(messages, str):
        messages = ({"role": "user", "content": messages},)
    asked: list[str] = []
    said = heard = None
    shown = 0
    tokens = count_tokens(_text(system)[0]) if system else 0
    for message in messages or ():
        if message.__class__ is not dict and not isinstance(message, Mapping):
            continue
        content = message.get("content")
        text, images = (content, 0) if content.__class__ is str else _text(content)
        tokens += -(-len(text) // 4) + images * image_tokens
        role = message.get("role", "user")
        if role == "user":
            asked.append(text)
            heard, said, shown = said or heard, None, images
        elif role == "assistant":
            said = text
    prompt = asked.pop() if asked else ""
    return Conversation(prompt, asked, heard, shown, tokens)


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
