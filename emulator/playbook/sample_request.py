"""SAMPLE: the request that an API offers to be tried, as a curl command for a person to copy."""

from __future__ import annotations

import shlex
from urllib.parse import quote

import orjson

from emulator.playbook.apis import Api


def sample(api: Api, origin: str) -> list[str]:
    """The command part by part, each a line that needs a backslash before the next; empty when the API offers none."""
    example = api.example
    if example is None:
        return []
    method, _, path = api.file.operations[example.operation].route.partition(" ")
    path = api.file.base + path
    for name, value in example.path.items():
        path = path.replace(f"{{{name}}}", quote(value, safe="")).replace(f"{{{name}:path}}", quote(value))
    given = "" if method == ("GET" if example.body is None else "POST") else f"-X {method} "
    lines = [f"curl {given}{shlex.quote(origin + path)}"]
    lines += [f"-H {_quoted(f'{name}: {value}')}" for name, value in example.headers.items()]
    if example.body is not None:
        lines += ["-H 'Content-Type: application/json'", f"-d {_quoted(orjson.dumps(example.body).decode())}"]
    return lines


def _quoted(text: str) -> str:
    """The text as one word of a shell, always in quotes."""
    return "'" + text.replace("'", "'\"'\"'") + "'"
