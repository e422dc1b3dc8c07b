"""Followers: who follows worlds hears of each one, and lets it go when it is deleted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from emulator.worlds.followers import Followers


class Diary:
    """Notes which worlds are followed; names stand for them."""

    def __init__(self, name: str, pages: list[str]) -> None:
        self._name, self._pages = name, pages

    @contextmanager
    def __call__(self, world: Any) -> Iterator[None]:
        self._pages.append(f"{self._name} follows {world}")
        yield
        self._pages.append(f"{self._name} leaves {world}")


def test_a_follower_gets_the_worlds_there_are_and_those_to_come() -> None:
    followers: Any = Followers()
    pages: list[str] = []
    followers.begin("first")
    followers.add(Diary("log", pages))
    followers.begin("second")
    assert pages == ["log follows first", "log follows second"]


def test_a_world_that_ends_is_left_by_all_the_last_one_first() -> None:
    followers: Any = Followers()
    pages: list[str] = []
    followers.add(Diary("log", pages))
    followers.add(Diary("metrics", pages))
    followers.begin("short")
    followers.begin("long")
    pages.clear()
    followers.end("short")
    assert pages == ["metrics leaves short", "log leaves short"]
    assert "short" not in followers
    assert "long" in followers
