"""Putting together: settings and a clock become the application, and here is everything that is served."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from emulator import resources
from emulator.clock import Clock
from emulator.errors import DocumentError
from emulator.kept import Kept
from emulator.scenario.collisions import CONTROL
from emulator.scenario.expression import Language
from emulator.scenario.playbook import Playbook
from emulator.serving.corpus import Corpus
from emulator.serving.deliver import Wire
from emulator.serving.functions import FILTERS, FUNCTIONS
from emulator.serving.journal import Journal
from emulator.serving.pipeline import Later, Pipeline
from emulator.serving.served import Served
from emulator.serving.world import World
from emulator.settings import Settings

WARM_AFTER = 0.5  # seconds
LOG = logging.getLogger("emulator")
LANGUAGE = Language(functions=FUNCTIONS, filters=FILTERS)


def load(
    names: tuple[str, ...], documented_only: bool = False, kept: Kept | None = None
) -> tuple[Playbook, Mapping[str, Served]]:
    """The playbook of these scenarios, ready to be served. Raises DocumentError with every complaint.

    With `documented_only`, what no document promises is refused instead of answered. What was `kept` of an earlier
    time is used while its files are the same.
    """
    wanted = (names, documented_only)
    found: tuple[Playbook, Mapping[str, Served]] | None = None if kept is None else kept.take(wanted)
    if found is not None:
        return found
    from emulator.compiled import compile_scenarios  # much to import, and mostly not needed

    playbook, served = compile_scenarios(names, documented_only, LANGUAGE)
    if kept is not None:
        kept.keep(wanted, (playbook, served), playbook.files)
    return playbook, served


class Application:
    """The ASGI application: control routes under /_emulator go to Starlette, all else straight into the pipeline.

    The emulated routes stay outside Starlette's routing and middleware, which would halve their speed.
    """

    def __init__(
        self, settings: Settings, clock: Clock, playbook: Playbook, served: Mapping[str, Served], corpus: Corpus
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.corpus = corpus
        journal = Journal(settings.journal_entries, settings.journal_bytes)
        self.world = World("default", settings.seed, clock, journal, corpus)
        self.playbook = playbook
        self.pipeline = Pipeline(self.playbook, served, self.world, settings.max_body)

    @cached_property
    def control(self) -> ASGIApp:
        """What answers under /_emulator; made when it is first asked, since mostly nobody does."""
        from emulator.control.routes import routed

        return routed(self)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not _is_control(scope["path"]):
            await self.pipeline(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            await self.control(scope, receive, send)

    def at_once(self, scope: Scope, raw: bytes, wire: Wire) -> Later | None:
        """See Pipeline.at_once; what is not for the pipeline takes the usual way."""
        return self if _is_control(scope["path"]) else self.pipeline.at_once(scope, raw, wire)

    def reload(self) -> bool:
        """Read the scenarios again. When they are wrong, the log says how, and what was served before stays."""
        try:
            playbook, served = _load(self.settings)
        except DocumentError as error:
            LOG.error("the scenarios are wrong, so the ones before stay in use:\n%s", error)
            return False
        self.adopt(playbook, served)
        LOG.info("scenarios read again: %s", ", ".join(playbook.scenarios))
        return True

    def adopt(self, playbook: Playbook, served: Mapping[str, Served]) -> None:
        """Serve by another playbook from the next request on; what the world remembers stays."""
        pipeline = Pipeline(playbook, served, self.world, self.settings.max_body)
        self.pipeline.close()
        self.playbook, self.pipeline = playbook, pipeline

    def watched(self) -> set[Path]:
        """The folders whose files make a reload."""
        return {file.parent for file in self.playbook.files}

    async def close(self) -> None:
        """Give up what is under way: webhooks, and watching for jobs to end."""
        self.pipeline.close()
        await self.world.sender.close()

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        # The words of generated answers come from a library that takes long to import: nobody should wait for it, and
        # it should not keep the first answers waiting either.
        loop = asyncio.get_running_loop()
        warming = loop.call_later(WARM_AFTER, lambda: loop.run_in_executor(None, self.corpus.warm))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        warming.cancel()
        await self.close()
        await send({"type": "lifespan.shutdown.complete"})


def _load(settings: Settings) -> tuple[Playbook, Mapping[str, Served]]:
    folder = resources.cache(settings.cache, os.environ)
    return load(settings.scenarios, settings.documented_only, None if folder is None else Kept(folder, LANGUAGE))


def _is_control(path: str) -> bool:
    return path.startswith(CONTROL) and path[len(CONTROL) : len(CONTROL) + 1] in ("", "/")


def build(settings: Settings, clock: Clock | None = None) -> Application:
    """The whole emulator as an ASGI application. Raises DocumentError when a scenario is wrong."""
    playbook, served = _load(settings)
    return Application(settings, clock or Clock(), playbook, served, Corpus(str(settings.seed)))
