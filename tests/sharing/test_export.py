"""What a server shares, as fields: each world, and the texts of scenarios that were put, once each."""

from __future__ import annotations

import json

import httpx

from emulator.sharing.export import export, local_names, read_world
from tests.control.conftest import control as control  # a fixture
from tests.running import Emulated

DOWN = "scenario: down\nabout: Down.\nextends: default\nrules: []\n"


def test_a_server_as_new_shares_its_default_world_alone(emulator: Emulated) -> None:
    assert list(export(emulator.app)) == ["world/default"]
    shared = read_world(export(emulator.app)["world/default"])
    assert (shared.scenarios, shared.keys, shared.uploads, shared.expectations) == (None, [], {}, {})


def test_a_scenario_that_was_put_is_shared_by_the_end_of_its_path(emulator: Emulated, control: httpx.Client) -> None:
    control.put("/scenarios/down", json={"yaml": DOWN})
    control.put("/worlds/w", json={"scenarios": ["down"], "keys": ["axp_w_1"]})
    fields = export(emulator.app)
    (upload,) = [name for name in fields if name.startswith("upload/")]
    end = upload.removeprefix("upload/")
    assert end.endswith(".put/down.yaml")
    shared = read_world(fields["world/w"])
    assert (shared.scenarios, shared.keys) == ((f"put:{end}",), ["axp_w_1"])
    assert local_names(emulator.app, shared.scenarios) == emulator.app.worlds.find("w").scenarios
    (text,) = json.loads(fields[upload])["texts"].values()
    assert fields[f"text/{text}"] == DOWN.encode()


def test_what_is_neither_named_nor_played_is_not_shared(emulator: Emulated, control: httpx.Client) -> None:
    control.put("/scenarios/down", json={"yaml": DOWN})
    control.delete("/scenarios/down")
    assert list(export(emulator.app)) == ["world/default"]
