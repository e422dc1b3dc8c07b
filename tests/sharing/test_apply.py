"""Shared fields make a server what another one is, and what can't be here is said once."""

from __future__ import annotations

import httpx
import msgspec
import pytest

from emulator.errors import ConfigError
from emulator.sharing.apply import Applier
from emulator.sharing.export import export, read_world
from tests.control.conftest import control as control  # a fixture
from tests.running import Emulated, Running

DOWN = "scenario: down\nabout: Down.\nextends: default\nrules: []\n"


def test_a_server_becomes_what_the_fields_of_another_one_say_and_goes_back(
    running: Running, emulator: Emulated, control: httpx.Client
) -> None:
    control.put("/scenarios/down", json={"yaml": DOWN})
    control.put("/worlds/w", json={"scenarios": ["down"], "seed": 3, "keys": ["axp_w_1"]})
    control.post("/expectations", json={"on": "models.list", "times": 2})
    other = Emulated(running, ("default",))
    before, wanted = export(other.app), export(emulator.app)
    applier = Applier(other.app)
    running.call(applier.apply(wanted))
    assert export(other.app) == wanted
    running.call(applier.apply(before))
    assert export(other.app) == before
    other.close()


def test_a_world_that_can_not_be_here_stays_as_it_is_and_is_said_once(
    running: Running, emulator: Emulated, caplog: pytest.LogCaptureFixture
) -> None:
    default = read_world(export(emulator.app)["world/default"])
    fields = {"world/default": msgspec.json.encode(msgspec.structs.replace(default, scenarios=("/nowhere/s.yaml",)))}
    applier = Applier(emulator.app)
    for _ in "12":
        running.call(applier.apply(fields))
    assert emulator.app.worlds.default.scenarios == ("default",)
    assert list(applier.failures) == ["default"]
    assert caplog.text.count("the world default can't be here what other processes made it") == 1


def test_a_path_that_leads_out_of_the_folder_is_refused(running: Running, emulator: Emulated) -> None:
    for end in ("../../x.put/a.yaml", "x/a.yaml", "x.put/../a.yaml", "x.put/a/b.yaml"):
        with pytest.raises(ConfigError, match="can't be where a scenario is that was put"):
            emulator.app.uploads.bring(end, {})
