"""The tape: the file of a recording, a whole scenario after every exchange."""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path

from emulator.app import load
from emulator.errors import ConfigError, DocumentError
from emulator.record.recorded import Recorded
from emulator.record.secrets import Hidden
from emulator.record.write import scenario_text
from emulator.scenario.document import SUFFIXES
from emulator.scenario.reading import read

LOG = logging.getLogger("emulator")


class Tape:
    """Writes to `path`; another file is written beside it and then takes its place, so that it is never half of one."""

    def __init__(self, path: Path, api: str, source: str) -> None:
        self.path = path
        self.hidden = Hidden()
        self.exchanges: list[Recorded] = []
        self._api = api
        self._source = source
        self._name = re.sub(r"[^\w.-]", "-", re.sub(r"^[^A-Za-z_]+", "", path.stem)) or "recording"

    @classmethod
    def begin(cls, path: Path, api: str, source: str, force: bool = False) -> Tape:
        """A tape without anything on it. Raises ConfigError when the file is there already, or can't be one."""
        if path.suffix not in SUFFIXES:
            raise ConfigError(f"--out is {str(path)!r}; expected a scenario's file, such as recorded.yaml")
        if path.exists() and not force:
            raise ConfigError(f"--out is {str(path)!r}, which is there already; --force writes over it")
        tape = cls(path, api, source)
        before = path.read_bytes() if path.is_file() else None
        try:
            tape._write()
            load((str(path),))
        except OSError as error:
            raise ConfigError(f"--out is {str(path)!r}, which can't be written: {error.strerror}") from error
        except DocumentError:
            path.unlink() if before is None else path.write_bytes(before)
            raise
        return tape

    def add(self, exchange: Recorded) -> bool:
        """Record one more; one with which the file would be no scenario any more is left out, and the log says so."""
        self.exchanges.append(exchange)
        try:
            self._write()
        except (DocumentError, OSError) as error:
            self.exchanges.pop()
            LOG.error("%s is not recorded, what was before is kept: %s", exchange.asked.operation, error)
            return False
        return True

    def _write(self) -> None:
        beside = self.path.with_name(f".{self.path.name}.{os.getpid()}{self.path.suffix}")
        text = scenario_text(self._name, self._api, self._source, self.exchanges, self.hidden)
        try:
            with beside.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            read(beside)
            os.replace(beside, self.path)
        finally:
            beside.unlink(missing_ok=True)
