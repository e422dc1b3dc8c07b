"""Recovery of a world that the server has lost: the process writes it back that knows of the last commit.

With each reply a process learns all that others have committed before, so the one that knows of the last commit has
all of the world as it was then, whatever the others know.
"""

from __future__ import annotations

from emulator.clock import pause
from emulator.store.redis.packer import LIFE
from emulator.store.redis.presence import Presence
from emulator.store.redis.server import RedisServer

ASK_SECONDS = 0.02  # real seconds after which a process asks again whether the world is there


async def recovered(server: RedisServer, world: str, presence: Presence, base: int) -> bool:
    """Offers a copy as it was after a commit, and waits for the other processes; returns whether this one is to write
    its copy back, else the world is there again. One that is not heard of for LIFE seconds is not waited for.

    Raises StoreUnavailable.
    """
    offer = (presence.worker, str(base), presence.encode((), presence.about()).decode(), str(LIFE))
    while (decision := await server.recover(world, offer, presence.others())) == "wait":
        await pause(ASK_SECONDS)
    return decision == "write"
