"""The tape: the file of a recording, a whole scenario after every exchange."""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path

from emulator.app import load
from emulator.errors import ConfigError, Diagnostic, DocumentError, Location
from emulator.language.document.builder import MOST_NODES
from emulator.language.document.reader import MOST_BYTES, SUFFIXES
from emulator.record.request import RecordedExchange
from emulator.record.writer import ScenarioWriter, head_text
from emulator.store.masking import Masker

LOG = logging.getLogger("emulator")
SLACK = 100  # values of what stands around the rules, with room to spare


class RecordingFile:
    """Writes to `path`; another file is written beside it and then takes its place, so that it is never half of one.

    That is done after each exchange, so a process that is killed loses none; only the rules that an exchange changes
    are made anew. The disk is waited for at the end.
    """

    def __init__(self, path: Path, api: str, source: str) -> None:
        self.path = path
        self.masker = Masker(guesses=True)
        self._script = ScenarioWriter(self.masker)
        self._hiding = 0  # secrets that were known when the file was written
        self._api = api
        self._source = source
        self._name = re.sub(r"[^\w.-]", "-", re.sub(r"^[^A-Za-z_]+", "", path.stem)) or "recording"

    @property
    def count(self) -> int:
        """How many exchanges are on it."""
        return len(self._script.exchanges)

    @classmethod
    def begin(cls, path: Path, api: str, source: str, force: bool = False) -> RecordingFile:
        """A tape without anything on it. Raises ConfigError when the file is there already, or can't be one."""
        if path.suffix not in SUFFIXES:
            raise ConfigError(f"--out is {str(path)!r}; expected a scenario's file, such as recorded.yaml")
        if path.is_dir():
            raise ConfigError(f"--out is {str(path)!r}, which is a folder; expected a file in it")
        if path.exists() and not force:
            raise ConfigError(f"--out is {str(path)!r}, which is there already; --force writes over it")
        tape = cls(path, api, source)
        before = path.read_bytes() if path.is_file() else None
        try:
            tape._write()
            load((str(path),))
        except OSError as error:
            cure = f"; is {str(path.parent)!r} a folder in which you may write?"
            raise ConfigError(f"--out is {str(path)!r}, which can't be written: {error.strerror}{cure}") from error
        except DocumentError:
            path.unlink() if before is None else path.write_bytes(before)
            raise
        return tape

    def add(self, exchange: RecordedExchange) -> bool:
        """Record one more; one with which the file would be no scenario any more is left out, and the log says so."""
        try:
            self._script.add(exchange)
            try:
                self._write()
            except (DocumentError, OSError):
                self._script.drop()
                raise
        except (DocumentError, OSError, RecursionError) as error:
            LOG.error("%s is not recorded, what was before is kept: %s", exchange.asked.operation, error)
            return False
        return True

    def hide(self) -> None:
        """Write the file again if it has what was learned to be secret since; what is no exchange teaches that too."""
        if not self._script.says(self.masker.since(self._hiding)):
            self._hiding = len(self.masker.known)
            return
        try:
            self._write()
        except (DocumentError, OSError) as error:
            LOG.error("%s still has a secret that was learned since: %s", self.path.name, error)

    def close(self) -> None:
        """Wait until the disk has it."""
        with self.path.open("rb") as file:
            os.fsync(file.fileno())

    def _write(self) -> None:
        texts = self._script.texts()
        head = head_text(self._name, self._api, self._source, self.count)
        whole = "".join([head, "rules:\n" if texts else "rules: []\n", *(text.written for text in texts)]).encode()
        if len(whole) > MOST_BYTES or sum(text.values for text in texts) + SLACK > MOST_NODES:
            most = f"{MOST_BYTES >> 20} MiB and {MOST_NODES:,} values"
            raise DocumentError(
                [Diagnostic(Location(str(self.path), 1, 1), f"it is full: a scenario has at most {most}")]
            )
        beside = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            beside.write_bytes(whole)
            os.replace(beside, self.path)
            self._hiding = len(self.masker.known)
        finally:
            beside.unlink(missing_ok=True)
