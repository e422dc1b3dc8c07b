"""An API and the scenario that plays it, for tests of the server as a process."""

from __future__ import annotations

import httpx

from tests.process import Serving
from tests.small import FLOW, HEAD

KEY = {"X-Key": "key-of-ann"}
API = (
    HEAD
    + """\
collections: {tokens: {}, words: {from: words.yaml}}
example: {operation: talk, headers: {X-Key: key-of-ann}, body: {said: "It's 2 o'clock"}}
operations:
  talk:
    route: PUT /talk
    request: {type: object}
    rules: [{reply: {body: {heard: "{{ body.said }}", words: "{{ words | list }}"}}}]
"""
    + FLOW
)
STORY = "scenario: story\nabout: A test.\napis: {small: }\n"


def talk(serving: Serving) -> httpx.Response:
    """Say hi."""
    return serving.client.put("/talk", headers=KEY, json={"said": "hi"})
