"""Followers: contexts that are entered for each world of a server, and left when the world is deleted."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack

from emulator.worlds.world import World

Follower = Callable[[World], AbstractContextManager[None]]


class Followers:
    """Those who follow the worlds of one server, each in a context a world."""

    def __init__(self) -> None:
        self._followers: list[Follower] = []
        self._contexts: dict[World, ExitStack] = {}

    def __contains__(self, world: World) -> bool:
        return world in self._contexts

    def add(self, follower: Follower) -> None:
        """Enters a context for each world, those to come included."""
        self._followers.append(follower)
        for world, contexts in self._contexts.items():
            contexts.enter_context(follower(world))

    def begin(self, world: World) -> None:
        """Lets everyone follow a new world."""
        self._contexts[world] = contexts = ExitStack()
        for follower in self._followers:
            contexts.enter_context(follower(world))

    def end(self, world: World) -> None:
        """Leaves the contexts of a world, the last one entered first."""
        self._contexts.pop(world).close()
