"""Reload: scenarios are reloaded when one of their files changes while they are served."""

from __future__ import annotations

import logging
from pathlib import Path

from emulator.app import Application
from emulator.clock.system_time import pause
from emulator.language.document.reader import SUFFIXES

LOG = logging.getLogger("emulator")
LOOK_EVERY_MS = 1_000  # between two looks at the files of scenarios
WATCH_AFTER = 0.2  # real seconds after the start: to import the library takes long, and the first requests come before


async def watch_files(app: Application) -> None:
    """Reloads when a scenario or fixture changes on disk; ends with a warning when the system can't watch files.

    The system reports changes in folders at once. It does not report that a link leads elsewhere, or that a folder is
    another one than before, so the files themselves are looked at each second too.
    """
    stamp = app.stamp()
    await pause(WATCH_AFTER)
    from watchfiles import awatch

    try:
        if app.stamp() != stamp:
            app.reload()
            stamp = app.stamp()
        while True:
            folders = _folders(app)
            async for changes in awatch(
                *folders,
                watch_filter=_is_document,
                debounce=200,
                step=50,
                recursive=False,
                rust_timeout=LOOK_EVERY_MS,
                yield_on_timeout=True,
            ):
                now = app.stamp()
                if changes or now != stamp:
                    app.reload()
                    stamp = app.stamp()
                if _folders(app) != folders:
                    break
    except OSError as error:
        LOG.warning("changed scenarios will not be reloaded: %s", error)


def _folders(app: Application) -> dict[Path, int]:
    """The folders to watch, each with what it is on disk: one that is missing is watched from the next above it."""
    folders = {next(each for each in (folder, *folder.parents) if each.is_dir()) for folder in app.watched()}
    return {folder: folder.stat().st_ino for folder in folders}


def _is_document(change: object, path: str) -> bool:
    return path.endswith(SUFFIXES)
