"""Writing: a tree as YAML that people read: short parts in one line, the others in a block, and comments."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from emulator.record.writer import WORDS, dumped

WIDTH = 120
# Texts that need no quotes, within braces and outside of them.
_WORD = r"[$\w./=+@%%~:%s-]*[\w./=+@%%~%s-]"
_PLAIN, _PLAIN_IN_BLOCK = (
    re.compile(rf"(?=[$A-Za-z_/]){word}( (?=[\w/]){word})*")
    for word in (_WORD % ("", ""), _WORD % (r"{},'()", r"{},'()"))
)


class Comment(str):
    """A key of a mapping that is written as a comment, before the key that follows it."""


class Block(dict[Any, Any]):
    """A mapping that is written in a block, however short it is."""


def yaml_text(tree: Mapping[str, Any]) -> str:
    """Returns a mapping as the text of a file."""
    return "".join(f"{line}\n" for line in _block(tree, ""))


def _block(tree: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, value in tree.items():
        if isinstance(key, Comment):
            yield from (f"{indent}# {line}".rstrip() if line else "" for line in key.split("\n"))
        else:
            yield from _entry(f"{indent}{_scalar(key)}:", value, indent)


def _entry(start: str, value: Any, indent: str) -> Iterator[str]:
    short = _flow(value, WIDTH - len(start)) if isinstance(value, (dict, list)) else _scalar(value, _PLAIN_IN_BLOCK)
    if short is not None:
        yield f"{start} {short}"
    elif isinstance(value, list):
        yield start
        for item in value:
            yield from _item(item, f"{indent}  ")
    else:
        yield start
        yield from _block(value, f"{indent}  ")


def _item(value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, dict):
        comments: dict[str, Any] = {key: None for key in value if isinstance(key, Comment)}
        yield from _block(comments, indent)
        value = {key: each for key, each in value.items() if key not in comments}
    short = _flow(value, WIDTH - len(indent) - 2)
    if short is not None:
        yield f"{indent}- {short}"
        return
    lines = _block(value, "") if isinstance(value, dict) else (line for each in value for line in _item(each, ""))
    for number, line in enumerate(lines):
        yield f"{indent}{'  ' if number else '- '}{line}".rstrip()


def _flow(value: Any, width: int) -> str | None:
    """Returns a value in one line; None if it is a list or a mapping that is too long for one, or has comments."""
    if not isinstance(value, (dict, list)):
        return _scalar(value)
    if isinstance(value, Block):
        return None
    parts: list[str] = []
    for key, each in value.items() if isinstance(value, dict) else ((None, each) for each in value):
        part = None if isinstance(key, Comment) else _flow(each, width)
        if part is None:
            return None
        parts.append(part if key is None else f"{_scalar(key)}: {part}")
        width -= len(parts[-1]) + 2
        if width < 0:
            return None
    return f"{{{', '.join(parts)}}}" if isinstance(value, dict) else f"[{', '.join(parts)}]"


def _scalar(value: Any, plain: re.Pattern[str] = _PLAIN) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    if plain.fullmatch(value) and value.lower() not in WORDS:
        return str(value)
    if value.isprintable():
        return json.dumps(value, ensure_ascii=False)
    return dumped(value).removesuffix("\n").removesuffix("\n...")
