"""The walkthrough of the demo: read with its places, and its templates filled in."""

from __future__ import annotations

import pytest

from emulator import paths as resources
from emulator.demo.command import WALKTHROUGH
from emulator.demo.walkthrough import Walkthrough
from emulator.errors import DocumentError, TemplateError
from emulator.language.document.reader import parse

SCENES = """
- scene: One
  says: Something.
  steps:
    - {says: Send., send: "POST /things/{{ id }}", body: {to: "{{ receiver }}/done"}, keep: {id: body.id}}
    - {says: Wait., webhook: true}
"""


def test_the_walkthrough_that_comes_with_the_package_has_what_a_demo_is_for() -> None:
    walkthrough = Walkthrough.read(resources.fixtures() / WALKTHROUGH)
    steps = [step for scene in walkthrough.scenes for step in scene.steps]
    assert len(walkthrough.scenes) == 5
    assert any(step.cut for step in steps)
    assert any(step.status == 429 for step in steps)
    assert any(step.webhook for step in steps)
    assert steps[-1].send == "GET /_emulator/verdict"


def test_what_was_kept_is_filled_in() -> None:
    walkthrough = Walkthrough(parse(SCENES, "walkthrough.yaml"))
    send, wait = walkthrough.scenes[0].steps
    assert walkthrough.request(send, {"id": 7, "receiver": "http://r"}) == (
        "POST",
        "/things/7",
        {"to": "http://r/done"},
    )
    assert wait.webhook
    with pytest.raises(TemplateError):
        walkthrough.request(send, {})


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("says: Send., send", "says: Send., sent", "unknown key 'sent'"),
        ("webhook: true", "webhook: false", "walkthrough.yaml:6:7: a step sends a request, or waits for a webhook"),
        ("{{ id }}", "{{ id", "walkthrough.yaml:5"),
        ("POST /", "POST", "walkthrough.yaml:5"),
    ],
)
def test_what_is_wrong_is_told_at_its_place(before: str, after: str, expected: str) -> None:
    with pytest.raises(DocumentError) as caught:
        Walkthrough(parse(SCENES.replace(before, after), "walkthrough.yaml"))
    assert expected in str(caught.value)
