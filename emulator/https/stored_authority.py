"""A certificate authority that processes on several machines share: its key and certificate lie in their store."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from emulator.atomic import replace_file
from emulator.https.authority import CERTIFICATE, KEY, Authority, Stamp
from emulator.https.certificates import Pair

LOG = logging.getLogger("emulator")


class SharedSecret(Protocol):
    """Bytes with a version, which processes share. Every method but `version` raises ConfigError."""

    def version(self) -> int:
        """Returns the number of the last change, as far as it can be known; 0 when nothing was kept yet."""

    def read(self) -> tuple[int, bytes, bytes] | None:
        """Returns the version, the key and the certificate, None when nothing was kept yet."""

    def write(self, key: bytes, certificate: bytes) -> None:
        """Keeps a key and a certificate."""

    def lock(self) -> AbstractContextManager[None]:
        """Lets one process at a time in."""


class StoredAuthority(Authority):
    """An Authority whose files in a folder are those in the store.

    The first process gives the store what its folder has. Where the folder has another one than the store, a folder
    below it is used, so that nobody's own is lost, and the log names the certificate that clients must trust.
    """

    def __init__(self, secret: SharedSecret, folder: Path, hosts: Iterable[str] = ()) -> None:
        kept, own = secret.read(), _pair(folder)
        if kept is not None and own is not None and own != Pair(*kept[1:]):
            folder = folder / f"store-{hashlib.sha256(kept[2]).hexdigest()[:12]}"
            LOG.warning("the store has a certificate authority of its own: clients must trust %s", folder / CERTIFICATE)
        super().__init__(folder, hosts)
        self._secret = secret
        self._version = 0

    def _stamp(self) -> Stamp:
        return self._secret.version(), *super()._stamp()[1:]

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with super()._locked(), self._secret.lock():
            kept, before = self._secret.read(), _pair(self.folder)
            if kept is not None and Pair(*kept[1:]) != before:
                replace_file(self.folder / KEY, kept[1], mode=0o600, keep=False)
                replace_file(self.folder / CERTIFICATE, kept[2], mode=0o644, keep=False)
                before = Pair(*kept[1:])
            yield
            after = _pair(self.folder)
            if after is not None and (kept is None or after != before):
                self._secret.write(after.key, after.certificate)
                if self._read is not None:
                    self._read = (self._stamp(), *self._read[1:])


def _pair(folder: Path) -> Pair | None:
    """Returns what a folder has, None when something is missing."""
    try:
        return Pair((folder / KEY).read_bytes(), (folder / CERTIFICATE).read_bytes())
    except OSError:
        return None
