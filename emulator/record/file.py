"""RecordingFile: the file of a recording, a complete scenario after every exchange."""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path

from emulator.app import load
from emulator.atomic import replace_file
from emulator.errors import ConfigError, Diagnostic, DocumentError, Location
from emulator.language.document.builder import MAX_NODES
from emulator.language.document.reader import MAX_BYTES, SUFFIXES
from emulator.record.request import RecordedExchange
from emulator.record.writer import ScenarioWriter, head_text
from emulator.store.masking import Masker

LOG = logging.getLogger("emulator")
MARGIN = 100  # YAML values outside the rules, with room to spare


class RecordingFile:
    """Scenario file at `path`, replaced atomically after each exchange, so that a killed process loses none.

    Only the rules that an exchange changes are written again. `close` waits for the disk.
    """

    def __init__(self, path: Path, api: str, source: str) -> None:
        self.path = path
        self.masker = Masker(guesses=True)
        self._writer = ScenarioWriter(self.masker)
        self._masked = 0  # how many secrets were known when the file was written
        self._api = api
        self._source = source
        self._name = re.sub(r"[^\w.-]", "-", re.sub(r"^[^A-Za-z_]+", "", path.stem)) or "recording"

    @property
    def count(self) -> int:
        """How many exchanges it holds."""
        return len(self._writer.exchanges)

    @classmethod
    def create(cls, path: Path, api: str, source: str, force: bool = False) -> RecordingFile:
        """Creates an empty recording. Raises ConfigError when the file exists already, or can't be written."""
        if path.suffix not in SUFFIXES:
            raise ConfigError(f"--out is {str(path)!r}; expected a scenario file such as recorded.yaml")
        if path.is_dir():
            raise ConfigError(f"--out is {str(path)!r}, which is a folder; expected a file in it")
        if path.exists() and not force:
            raise ConfigError(f"--out is {str(path)!r}, which exists already; --force overwrites it")
        recording_file = cls(path, api, source)
        before = path.read_bytes() if path.is_file() else None
        try:
            recording_file._write()
            load((str(path),))
        except OSError as error:
            hint = f"; is {str(path.parent)!r} a folder that you may write to?"
            raise ConfigError(f"--out is {str(path)!r}, which can't be written: {error.strerror}{hint}") from error
        except DocumentError:
            path.unlink() if before is None else path.write_bytes(before)
            raise
        return recording_file

    def add(self, exchange: RecordedExchange) -> bool:
        """Records one more exchange, or logs why the file can't hold it; returns whether it was recorded."""
        try:
            self._writer.add(exchange)
            try:
                self._write()
            except (DocumentError, OSError):
                self._writer.drop()
                raise
        except (DocumentError, OSError, RecursionError) as error:
            LOG.error("%s is not recorded; the recording is unchanged: %s", exchange.request.operation, error)
            return False
        return True

    def mask_again(self) -> None:
        """Rewrites the file if it contains a secret that was learned since, as also unrecorded requests teach them."""
        if not self._writer.contains(self.masker.since(self._masked)):
            self._masked = len(self.masker.known)
            return
        try:
            self._write()
        except (DocumentError, OSError) as error:
            LOG.error("%s still contains a secret that was learned later: %s", self.path.name, error)

    def close(self) -> None:
        """Waits until the file is on disk."""
        with self.path.open("rb") as file:
            os.fsync(file.fileno())

    def _write(self) -> None:
        texts = self._writer.texts()
        head = head_text(self._name, self._api, self._source, self.count)
        whole = "".join([head, "rules:\n" if texts else "rules: []\n", *(text.written for text in texts)]).encode()
        if len(whole) > MAX_BYTES or sum(text.values for text in texts) + MARGIN > MAX_NODES:
            most = f"{MAX_BYTES >> 20} MiB and {MAX_NODES:,} values"
            raise DocumentError(
                [Diagnostic(Location(str(self.path), 1, 1), f"it is full: a scenario has at most {most}")]
            )
        replace_file(self.path, whole, mode=0o666)  # a scenario without secrets, to be shared
        self._masked = len(self.masker.known)
