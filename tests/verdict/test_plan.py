"""Models that a plan does not include."""

from __future__ import annotations

import pytest

from tests.apis.aiexport_calls import BLIND_HAIKU, FREE, HAIKU, IMAGE, OPUS, SONNET, asking, caller
from tests.verdict.conftest import Story, verdict


@pytest.mark.one_worker("several processes leave some numbers out")
def test_a_model_that_the_plan_forbids_is_told_once(story: Story) -> None:
    emulated = story("")
    client = caller(emulated, FREE)
    for content in ("one", "two"):
        assert client.post("/messages", json=asking(content, OPUS)).status_code == 403
    found = verdict(emulated, 2)
    assert list(found) == ["model_forbidden_by_plan"]
    assert OPUS in found["model_forbidden_by_plan"].message
    assert "the Free plan does not include opus models" in found["model_forbidden_by_plan"].found
    assert found["model_forbidden_by_plan"].exchanges == (1, 2)


def test_a_model_of_the_plan_is_right_and_so_are_other_mistakes(story: Story) -> None:
    emulated = story("")
    client = caller(emulated, FREE)
    assert client.post("/messages", json=asking(model=HAIKU)).status_code == 200
    assert client.post("/messages", json=asking([IMAGE], BLIND_HAIKU)).status_code == 400
    assert client.post("/messages", json=asking(model="nobody")).status_code == 404
    assert caller(emulated).post("/messages", json=asking(model=SONNET)).status_code == 200
    assert verdict(emulated, 4) == {}


def test_what_a_scenario_forbids_is_not_the_plans_doing(story: Story) -> None:
    emulated = story("rules: [{on: aiexport/messages.create, reply: {error: forbidden, param: model}}]")
    assert caller(emulated).post("/messages", json=asking()).status_code == 403
    assert verdict(emulated, 1) == {}
