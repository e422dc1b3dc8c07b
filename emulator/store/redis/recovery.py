"""Recovery of a world that the server has lost: the process writes it back that knows of the last commit.

With each reply a process learns all that others have committed before, so the one that knows of the last commit has
all of the world as it was then, whatever the others know.
"""

from __future__ import annotations

import asyncio

from emulator.clock.system_time import pause
from emulator.errors import StoreUnavailable
from emulator.store.redis.presence import LIFE, Presence
from emulator.store.redis.server import RedisServer

TIMEOUT = 15.0  # real seconds for another process to write its copy back
ASK_SECONDS = 0.02  # real seconds after which a process asks again whether the world is there


async def recovered(server: RedisServer, world: str, presence: Presence, base: int) -> bool:
    """Offers a copy as it was after a commit, and waits for the other processes; returns whether this one is to write
    its copy back, else the world is there again. One that is not heard of for LIFE seconds is not waited for.

    Raises StoreUnavailable, also when another process is to write its copy back and does not do so.
    """
    offer = (presence.worker, str(base), presence.encode((), presence.about()).decode(), str(LIFE))
    try:
        async with asyncio.timeout(TIMEOUT):
            while (decision := await server.recover(world, offer, presence.others())) == "wait":
                await pause(ASK_SECONDS)
    except TimeoutError as error:
        raise StoreUnavailable(
            "the store has lost the state, and the process that has it does not write it back"
        ) from error
    return decision == "write"
