"""Worlds: isolated universes, in which the same calls give the same ids and draws."""

from __future__ import annotations

import pytest

from emulator.clock import manual
from emulator.serving.journal import Journal
from emulator.serving.world import World
from tests.running import CORPUS


def world(name: str = "default", seed: int = 0) -> World:
    return World(name, seed, manual(), Journal(), CORPUS)


def drawn(world: World) -> list[object]:
    return [world.new_id(), world.new_id(8), world.new_uuid(), world.chance(7).random(), world.next_number()]


def test_the_same_calls_give_the_same_ids_and_draws() -> None:
    assert drawn(world()) == drawn(world())


@pytest.mark.parametrize("other", [world("other"), world(seed=1)], ids=["name", "seed"])
def test_another_name_or_seed_gives_others(other: World) -> None:
    assert not set(map(str, drawn(other)[:4])) & set(map(str, drawn(world())[:4]))


def test_what_an_exchange_draws_does_not_depend_on_others() -> None:
    first = world()
    first.chance(1).random()
    assert first.chance(2).random() == world().chance(2).random() != world().chance(3).random()


def test_worlds_share_nothing() -> None:
    one, two = world(), world("two")
    one.store.put("c", "id", 1)
    one.ledger.record("api", "asset", "key", "ws", one.clock.now(), True, 1.0, 1)
    assert two.store.get("c", "id") is None
    assert two.ledger.statistics("api", "asset", one.clock.now(), one.clock.now(), "ws") is None
    assert [one.next_number(), one.next_number(), two.next_number()] == [1, 2, 1]


@pytest.mark.parametrize("length", [1, 8, 24, 64])
def test_an_id_has_as_many_digits_as_were_asked_for(length: int) -> None:
    made = {world(seed=seed).new_id(length) for seed in range(50)}
    assert {len(id) for id in made} == {length}
    assert set("".join(made)) <= set("0123456789abcdef")
