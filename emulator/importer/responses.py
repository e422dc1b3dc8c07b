"""Responses: the rules of an operation. The first success answers; a client asks for another with the header Prefer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from emulator.importer.claims import GUESSED_VALUES, OPERATIONS
from emulator.importer.errors import Errors
from emulator.importer.examples import Example, examples_of, literal
from emulator.importer.guess import Guesses
from emulator.importer.part import Part
from emulator.importer.requests import is_json
from emulator.importer.sources import Sources
from emulator.importer.writing import Comment

DEFAULT = 0  # the status of `default`, and of a range such as 4XX
_STATUS = re.compile(r"[1-5]\d\d|[1-5]XX|default")
_NO_CONTENT = (204, 304)
_GUESSED = {"claims": [OPERATIONS, GUESSED_VALUES]}
_EVENTS = "text/event-stream"
GUESS = Comment("a guess, made from the schema: the document has no example")
NO_SUCCESS = Comment("a guess: the document says of no success how it looks")


def responses_of(operation: Part, sources: Sources) -> list[tuple[int, Part]]:
    """Returns the responses of an operation by status; a range of successes counts as its first."""
    found = []
    for name, each in operation.entries("responses").items():
        if name.startswith("x-"):
            continue
        part = sources.resolve(each)
        if _STATUS.fullmatch(name) is None:
            each.problem(f"expected a status such as '200', '4XX' or 'default'; found {name!r}")
        elif name.startswith("1"):
            each.note("responses with a status below 200 are left out")
        elif part is not None:
            status = int(name) if name.isdecimal() else 200 if name == "2XX" else 300 if name == "3XX" else DEFAULT
            found.append((status, part))
    return found


class Responses:
    """Makes rules of responses; `has_guesses` says whether a value had to be made."""

    def __init__(self, sources: Sources, errors: Errors) -> None:
        self._sources = sources
        self._errors = errors
        self._guesses = Guesses(sources, of_request=False)
        self.has_guesses = False

    def rules(self, responses: list[tuple[int, Part]]) -> list[dict[Any, Any]]:
        """Returns the rules of an operation, the one that answers when nothing is asked for the last."""
        usual = min((status for status, _ in responses if DEFAULT < status < 400), default=None)
        if usual is None and DEFAULT in dict(responses):
            usual = DEFAULT
        asked, last = list[dict[Any, Any]](), list[dict[Any, Any]]()
        for status, part in responses:
            first, *others = self._replies(status or 200, part) if status or status == usual else [None]
            named = [(f"example={name}", rule) for name, rule in filter(None, others)]
            asked += [_when(wanted, rule) for wanted, rule in sorted(named, key=lambda each: -len(each[0]))]
            if first is not None and status == usual:
                last = [first[1]]
            elif first is not None:
                asked.append(_when(f"code={status}", first[1]))
        if usual is None:
            self.has_guesses = True
            last = [{NO_SUCCESS: None, **_GUESSED, "reply": {}}]
        return [*asked, *last]

    def _replies(self, status: int, part: Part) -> Iterator[tuple[str, dict[Any, Any]]]:
        """Yields a rule for each example of a response, with the example's name."""
        content = part.entries("content")
        media = next((name for name in content if is_json(name)), next(iter(content), None))
        for name, each in content.items():
            if name != media:
                each.note(f"responses that are {name.partition(';')[0]} are left out, as there are others")
        base = {**({} if status == 200 else {"status": status}), **self._headers(part)}
        if media is None or status in _NO_CONTENT:
            yield "", {"reply": base}
            return
        schema = content[media].get("schema")
        found = examples_of(content[media], self._sources, self._guesses, is_json(media))
        if found[0].guessed and status >= 400 and schema is not None:
            resolved = self._sources.resolve(schema)
            if resolved is not None and self._errors.says(status, resolved):
                message = part.text("description").strip().partition("\n")[0]
                yield (
                    "",
                    {
                        "reply": {
                            "error": self._errors.kind(status),
                            **({"message": literal(message)} if message else {}),
                        }
                    },
                )
                return
        for example in found:
            yield example.name, self._rule(base, media, example)

    def _rule(self, base: dict[str, Any], media: str, example: Example) -> dict[Any, Any]:
        reply = {**base, **_content(media, example.value)}
        if "headers" in base and "headers" in reply:
            reply["headers"] = {**reply["headers"], **base["headers"]}
        if not example.guessed:
            return {"reply": reply}
        self.has_guesses = True
        return {GUESS: None, **_GUESSED, "reply": reply}

    def _headers(self, part: Part) -> dict[str, Any]:
        """Returns the headers that the document shows a value of, and those that must be there."""
        found: dict[str, Any] = {}
        for name, each in part.entries("headers").items():
            header = self._sources.resolve(each)
            if header is None or name.lower() in ("content-type", "content-length"):
                continue
            first = examples_of(header, self._sources, self._guesses)[0]
            if not first.guessed or header.flag("required"):
                self.has_guesses = self.has_guesses or first.guessed
                found[name] = literal(str(first.value))
            else:
                header.note("a header of a response without an example is left out")
        return {"headers": found} if found else {}


def _when(wanted: str, rule: dict[Any, Any]) -> dict[Any, Any]:
    comments = {key: value for key, value in rule.items() if isinstance(key, Comment)}
    return {**comments, "when": {"header.prefer": {"contains": wanted}}, **rule}


def _content(media: str, value: Any) -> dict[str, Any]:
    """Returns the body of a reply, and its media type where that is not the usual one."""
    name = media.partition(";")[0].strip().lower()
    if is_json(media):
        headers = {} if "*" in name or name == "application/json" else {"headers": {"Content-Type": name}}
        return {**headers, "body": literal(value)}
    if name == _EVENTS and not isinstance(value, str):
        return {"stream": {"events": [{"data": literal(value)}]}}
    headers = {} if "*" in name or name == "text/plain" else {"headers": {"Content-Type": media}}
    return {**headers, "text": literal(value if isinstance(value, str) else "")}
