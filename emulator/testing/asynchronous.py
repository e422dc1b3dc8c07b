"""Twins of methods for coroutines: what may wait for the caller's own event loop must not hold it meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial, wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def twin(function: Callable[P, R]) -> Callable[P, Coroutine[Any, Any, R]]:
    """The same as a coroutine, on asyncio or trio: it runs in a thread, so that the loop goes on serving.

    Once it is cancelled nobody waits for the thread any more; the server ends what was asked of it in its own time.
    """

    @wraps(function)
    async def twin(*arguments: P.args, **options: P.kwargs) -> R:
        __tracebackhide__ = True
        from anyio import to_thread  # most tests have no loop

        return await to_thread.run_sync(partial(function, *arguments, **options), abandon_on_cancel=True)

    return twin
