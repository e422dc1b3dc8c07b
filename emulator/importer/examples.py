"""Examples of a media type, a parameter or a header: those of the document, or else a value made from the schema."""

from __future__ import annotations

import json
from typing import Any

from msgspec import Struct

from emulator.importer.guess import Guesses
from emulator.importer.part import Part
from emulator.importer.sources import Sources


class Example(Struct, frozen=True):
    """A value, the name that the document gives it, and whether it is a guess."""

    value: Any
    name: str = ""
    guessed: bool = False


def examples_of(part: Part, sources: Sources, guesses: Guesses, is_json: bool = True) -> list[Example]:
    """Returns the examples of a part, the one to be given first; a guess if there is none."""
    found = list(_documented(part, sources))
    schema = part.get("schema")
    resolved = None if schema is None else sources.resolve(schema)
    if not found and resolved is not None and isinstance(resolved.value, dict):
        listed = resolved.value.get("examples")
        whole = (
            [resolved.value["example"]] if "example" in resolved.value else listed if isinstance(listed, list) else []
        )
        found = [Example(value) for value in whole[:1]]
    if not found:
        return [Example({} if schema is None else guesses.value(schema), guessed=True)]
    return [Example(_read(each.value, resolved), each.name) if is_json else each for each in found]


def _documented(part: Part, sources: Sources) -> list[Example]:
    """Returns the examples beside a schema, those with a name as they stand."""
    found: list[Example] = []
    for name, each in part.entries("examples").items():
        example = sources.resolve(each)
        if example is None:
            continue
        value = example.get("value")
        if value is not None:
            found.append(Example(value.value, name))
        else:
            example.note("an example without a `value` is left out")
    alone = part.get("example")
    return found if alone is None else [Example(alone.value), *found]


def _read(value: Any, schema: Part | None) -> Any:
    """Returns an example that is JSON in a text, where the schema wants no text, as what it holds."""
    kind = schema.value.get("type") if schema is not None and isinstance(schema.value, dict) else None
    if not isinstance(value, str) or kind not in ("object", "array"):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def literal(value: Any) -> Any:
    """Returns a value as a template that gives it: braces and `$` mean themselves."""
    return {"$literal": value} if value is None or _has_marks(value) else value


def literal_key(name: str) -> str:
    """Returns a key of a template that gives this name."""
    return f"{{{{ {quoted(name)} }}}}" if name.startswith("$") or "{" in name else name


def quoted(text: str) -> str:
    """Returns a text as expressions have it, in quotes."""
    return json.dumps(text, ensure_ascii=False).replace("{", "\\x7b").replace("}", "\\x7d")


def _has_marks(value: Any) -> bool:
    if isinstance(value, str):
        return "{" in value or "${" in value
    if isinstance(value, dict):
        return any(key.startswith("$") or "{" in key or _has_marks(each) for key, each in value.items())
    return isinstance(value, list) and any(map(_has_marks, value))
