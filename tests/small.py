"""A small API that a test writes in YAML and plays at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent, indent

from emulator.settings.options import Settings
from tests.running import Emulated, Running

HEAD = """\
api: small
title: A small API
version: "1"
keys:
  key-of-ann: {workspace: ann, tier: basic, name: Ann, data: {colour: red}}
  key-of-bob: {workspace: bob, tier: basic}
  key-that-was-revoked: {workspace: bob, tier: basic, status: revoked}
unknown_keys: {tier: basic, workspace: "ws-{{ digest(key) }}"}
tiers:
  basic: {limits: {calls: 1000/minute}, data: {size: 3}}
  tight: {limits: {calls: 2/minute, words: 10/hour}}
auth: [{header: X-Key}, {header: Authorization, scheme: Bearer, collection: tokens}]
cost: {calls: 1}
errors:
  shape: {ok: false, kind: "{{ error.kind }}", said: "{{ error.message }}", about: "{{ error.param }}"}
  kinds:
    invalid: {status: 400}
    unauthenticated: {status: 401}
    unknown_key: {status: 401}
    revoked: {status: 403}
    not_found: {status: 404}
    method_not_allowed: {status: 405, headers: {Allow: "{{ error.allow }}"}}
    conflict: {status: 409}
    too_large: {status: 413}
    media_type: {status: 415}
    rate_limited: {status: 429, headers: {Retry-After: "{{ error.retry_after }}"}}
    no_rule: {status: 501}
    internal: {status: 500}
"""
# Stands below `operations`: a stream that goes on while whatever is done to its server.
FLOW = """\
  flow:
    route: GET /flow
    rules:
      - reply:
          stream:
            events: [{$each: [1, 2, 3, 4, 5, 6, 7, 8, 9], data: "{{ item }}"}]
            pace: {first: 0s, each: 60s}
"""
Small = Callable[..., Emulated]
KEY = {"X-Key": "key-of-ann"}


def play(
    running: Running,
    folder: Path,
    operations: str,
    more: str = "",
    scenario: str = "",
    settings: Settings | None = None,
) -> Emulated:
    """Serve an API of these operations. `more` adds or replaces top-level parts, `scenario` those of the scenario."""
    more = dedent(more)
    added = {line.partition(":")[0] for line in more.splitlines() if line and not line.startswith((" ", "#"))}
    parts = [part for part in _parts(HEAD) if part.partition(":")[0] not in added]
    text = "".join(parts) + more.rstrip("\n") + "\n"
    if not {"collections"} & added:
        text += "collections: {tokens: {}}\n"
    (folder / "small.yaml").write_text(f"{text}operations:\n{indent(dedent(operations), '  ')}")
    story = folder / "story.yaml"
    story.write_text("scenario: story\nabout: A test.\napis:\n  small:\n" + dedent(scenario))
    return Emulated(running, (str(story),), settings=settings)


def _parts(text: str) -> list[str]:
    """The top-level parts of a YAML mapping, as text."""
    parts: list[str] = []
    for line in text.splitlines(keepends=True):
        if line.startswith(" "):
            parts[-1] += line
        else:
            parts.append(line)
    return parts
