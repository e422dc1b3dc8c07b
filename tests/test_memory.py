"""What is replaced or ended is freed at once: nothing of it waits for the garbage collector, which seldom comes by.

A server's collector looks at old objects after millions of new ones. A playbook takes 7 MB, so one that is in a
reference cycle is as good as kept.
"""

from __future__ import annotations

import gc
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from emulator.http.request import Peer
from emulator.playbook.apis import Playbook
from tests import loopback
from tests.apis.aiexport_calls import asking, caller
from tests.running import Emulated, Running
from tests.waiting import PATIENCE

STORY = """\
scenario: story
about: A rule, a template and a number that is another each time ({number}).
extends: default
rules:
  - on: messages.create
    when: {{body.model: "model {number}"}}
    reply: {{body: {{text: "{{{{ body.model }}}} {number}"}}}}
"""


@pytest.fixture
def control(emulator: Emulated) -> Iterator[httpx.Client]:
    """A client of the control API."""
    with loopback.Client(base_url=f"{emulator.origin}/_emulator", timeout=PATIENCE) as client:
        yield client


@contextmanager
def uncollected() -> Iterator[Counter[str]]:
    """Counts by type, at the end, the emulator's objects that only the garbage collector would have freed.

    What there is already stays out of the collector's sight for good: it is of no interest here, and looking at
    millions of objects takes seconds, in this test as in those that follow.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # whatever other tests have left behind is theirs
        gc.collect()
    gc.freeze()
    found: Counter[str] = Counter()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield found
        gc.collect()
        found.update(name for name in map(_emulators, gc.garbage) if name is not None)
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


def _emulators(thing: Any) -> str | None:
    if isinstance(thing, FunctionType):
        return f"function {thing.__name__}" if thing.__code__.co_filename == "<template>" else None
    kind = type(thing)
    name = f"{kind.__module__}.{kind.__name__}"
    # A connection is in a cycle of uvicorn's; one that ends meanwhile is collected, and with it the peer that it holds.
    connection = kind is Peer or name.startswith("emulator.server.")
    return name if name.startswith("emulator.") and not connection else None


def playbooks() -> int:
    """How many playbooks there are that the collector sees."""
    return sum(type(each) is Playbook for each in gc.get_objects())


def converse(emulator: Emulated, **headers: str) -> None:
    """Has what is generated on demand generated: replies, streams, errors, jobs, headers."""
    client = caller(emulator)
    client.headers.update(headers)
    assert client.post("/messages", json=asking()).status_code == 200
    assert client.post("/messages/stream", json=asking()).status_code == 200
    assert client.post("/messages", json={"model": 5}).status_code == 400
    batch = client.post("/batch", json={"requests": [{"custom_id": "one", **asking()}]})
    assert batch.status_code == 202
    assert client.get(f"/batch/{batch.json()['id']}").status_code == 200
    assert client.get("/models").status_code == 200
    assert client.get("/nowhere").status_code == 404
    assert client.post("/messages", json=asking(), headers={"X-Emulator-Fault": "cut_afterr"}).status_code == 400


def test_requests_leave_nothing_to_collect(emulator: Emulated) -> None:
    converse(emulator)
    with uncollected() as found:
        converse(emulator)
    assert not found


@pytest.mark.bound("reloads")
@pytest.mark.finding("I2")
def test_a_reload_frees_what_was_played_before(running: Running, tmp_path: Path) -> None:
    story = tmp_path / "story.yaml"
    story.write_text(STORY.format(number=0))
    settings = replace(running.settings, scenarios=(str(story),))
    emulator = Emulated(running, settings.scenarios, settings=settings)
    converse(emulator)
    with uncollected() as found:
        assert playbooks() == 0
        for number in range(3):
            story.write_text(STORY.format(number=f"{number:02}"))
            assert emulator.app.reload()
            converse(emulator)
            story.write_text("scenario: 5")
            assert not emulator.app.reload()
        assert playbooks() == 1
    assert not found
    emulator.close()


@pytest.mark.finding("I2")
def test_scenarios_that_are_put_and_used_again_and_again_replace_each_other(
    emulator: Emulated, control: httpx.Client
) -> None:
    counts, folders = [], []
    with uncollected() as found:
        for number in range(6):
            control.put("/scenarios/story", json={"yaml": STORY.format(number=number)}).raise_for_status()
            assert control.put("/scenarios/story", json={"yaml": "scenario: 5"}).status_code == 422
            control.post("/scenarios/use", json={"scenarios": ["story"]}).raise_for_status()
            converse(emulator)
            counts.append(playbooks())
            (file,) = [file for file in emulator.app.playbook.files if file.name == "story.yaml"]
            folders.append(len(list(file.parent.parent.iterdir())))
    assert not found
    assert counts[2:] == counts[2:3] * 4
    assert folders == [1] * 6


@pytest.mark.finding("I2")
def test_the_file_of_a_removed_scenario_stays_while_a_world_plays_it(emulator: Emulated, control: httpx.Client) -> None:
    control.put("/scenarios/story", json={"yaml": STORY.format(number=1)}).raise_for_status()
    control.put("/worlds/one", json={"scenarios": ["story"]}).raise_for_status()
    (file,) = [file for file in emulator.app.worlds.find("one").playbook.files if file.name == "story.yaml"]
    control.delete("/scenarios/story").raise_for_status()
    assert file.exists()
    assert emulator.app.reload()
    control.delete("/worlds/one").raise_for_status()
    assert not file.exists()


@pytest.mark.in_memory("only the collector frees a copy, as tests/store/redis/test_stores.py has it")
def test_a_world_that_ends_is_freed(emulator: Emulated, control: httpx.Client) -> None:
    def live() -> None:
        control.put("/worlds/one", json={"scenarios": ["default"]}).raise_for_status()
        converse(emulator, **{"X-Emulator-World": "one"})
        control.post("/worlds/one/reset").raise_for_status()
        converse(emulator, **{"X-Emulator-World": "one"})
        snapshot = control.get("/worlds/one/snapshot").json()
        control.put("/worlds/one/snapshot", json=snapshot).raise_for_status()
        control.delete("/worlds/one").raise_for_status()

    live()
    with uncollected() as found:
        live()
    assert not found
