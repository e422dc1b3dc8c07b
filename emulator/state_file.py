"""The file of `--state`: a snapshot that the default world begins with and, with `--keep`, is written back to.

It is written when the server ends, and at most every ten seconds in between if something has changed. It is replaced
atomically, so it is always a whole snapshot; a new one is readable by its user only.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from emulator.atomic import replace_file
from emulator.clock.system_time import pause
from emulator.control.route import StatefulApp
from emulator.errors import ConfigError, DocumentError, EmulatorError
from emulator.settings.clock_start import ClockStart
from emulator.settings.options import Settings
from emulator.worlds import snapshot as snapshots
from emulator.worlds.registry import DEFAULT

INTERVAL = 10.0  # real seconds between two looks at whether something has changed
LOG = logging.getLogger("emulator")


def read_state(file: str, keep: bool = False) -> dict[str, Any] | None:
    """Reads the snapshot in a file; None when there is no such file yet and it is to be kept.

    Raises ConfigError, in one sentence, for what is no snapshot that this version reads, or can't be written.
    """
    path = Path(file)
    if keep and not os.access(path.resolve().parent, os.W_OK):
        raise ConfigError(f"{file}: the state can't be kept: {path.resolve().parent} is no folder that can be written")
    try:
        taken = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        if keep:
            return None
        raise ConfigError(f"{file}: no such file; --keep begins with an empty state and writes it there") from None
    except OSError as error:
        raise ConfigError(f"{file}: can't be read: {error.strerror}") from None
    except orjson.JSONDecodeError as error:
        raise ConfigError(f"{file}:{error.lineno}:{error.colno}: this is no JSON, so no snapshot of a world") from None
    try:
        snapshots.read(taken if isinstance(taken, dict) else {})
    except ConfigError as error:
        raise ConfigError(f"{file}: {error}") from None
    return dict(taken)


def starting(snapshot: Mapping[str, Any], scenarios: tuple[str, ...], clock: ClockStart) -> dict[str, Any]:
    """Returns a snapshot that goes on with this clock and, unless they are empty, with these scenarios."""
    saved = snapshot["clock"]
    start = clock.over(ClockStart(saved["now"], saved["speed"], saved["auto"]))
    changed = {"clock": {"now": start.at, "speed": start.speed, "auto": start.auto}}
    return {**snapshot, **changed, "scenarios": list(scenarios)} if scenarios else {**snapshot, **changed}


def chosen_scenarios(settings: Settings) -> tuple[str, ...]:
    """Returns the scenarios to play instead of those of a snapshot: those of the settings, but for the default."""
    return () if settings.scenarios == Settings().scenarios else settings.scenarios


class StateFile:
    """The file, and who lives by it. Raises ConfigError when it can't be read; see `read_state`."""

    def __init__(self, app: StatefulApp) -> None:
        self._app = app
        self.file, self.keep = app.settings.state, app.settings.keep
        self.snapshot = read_state(self.file, self.keep)
        self.failure: ConfigError | None = None  # why the file is not as the world was at the end
        self._writer = FileReplacer(Path(self.file).resolve())
        self._written = b""  # the digest of what was written last
        self._task: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Lets the default world go on from the snapshot. Raises ConfigError, in one sentence; the file stays."""
        app, taken = self._app, self.snapshot
        if taken is not None:
            self.snapshot = None  # its memory is of use elsewhere
            try:
                start = starting(taken, chosen_scenarios(app.settings), app.settings.clock)
                await app.uploads.restore(app.worlds, DEFAULT, start)
            except DocumentError as error:
                first = str(error.diagnostics[0])
                raise ConfigError(f"{self.file}: its scenarios can't be played here: {first}") from None
            except EmulatorError as error:
                raise ConfigError(f"{self.file}: {error}") from None
        if self.keep:
            self._written = _digest(self._take())
            self._task = asyncio.create_task(self._watch())

    def end(self) -> None:
        """Writes the state for the last time, if it is kept; `failure` says why that was not possible. Idempotent."""
        if self._task is None:
            return
        self._task.cancel()
        self._task = None
        try:
            self._writer.write(orjson.dumps(self._take()), last=True)
        except (OSError, EmulatorError) as error:
            self.failure = ConfigError(f"{self.file}: the state can't be kept: {_reason(error)}; the file is as before")

    async def _watch(self) -> None:
        """Writes the state whenever it has changed, until it ends."""
        while True:
            await pause(INTERVAL)
            try:
                await self.save()
            except (OSError, EmulatorError) as error:
                LOG.error("%s: the state can't be kept: %s; the file is as before", self.file, _reason(error))

    async def save(self) -> None:
        """Writes the state if it has changed since it was written. Raises OSError, ConfigError."""
        taken = self._take()
        digest = _digest(taken)
        if digest != self._written:
            await asyncio.to_thread(self._writer.write, orjson.dumps(taken))
            self._written = digest

    def _take(self) -> dict[str, Any]:
        return self._app.uploads.snapshot(self._app.worlds, DEFAULT)


class FileReplacer:
    """Puts whole files in the place of others, one at a time, and none behind the last one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._ended = False

    def write(self, data: bytes, last: bool = False) -> None:
        """Writes the data; when it can't, the file stays as it is and OSError is raised."""
        with self._lock:
            if self._ended:
                return
            self._ended = last
            replace_file(self._path, data, sync=True)


def _digest(taken: Mapping[str, Any]) -> bytes:
    """Returns what differs when something but the time has changed."""
    still = {**taken, "clock": {**taken["clock"], "now": 0}}
    return sha256(orjson.dumps(still)).digest()


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
