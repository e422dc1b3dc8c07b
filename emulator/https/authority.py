"""The authority: one a machine, made on first use, kept where only its user can read it, and made anew in time."""

from __future__ import annotations

import fcntl
import logging
import os
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock

from emulator import paths as resources
from emulator.clock import Clock
from emulator.errors import ConfigError
from emulator.https.certificates import (
    LEAF_LASTS,
    SKEW,
    Facts,
    Pair,
    make_authority,
    make_context,
    read_authority,
    require,
)
from emulator.https.hosts import is_name

CERTIFICATE, KEY, LOCK = "authority.pem", "authority.key", ".lock"
LOG = logging.getLogger("emulator")
LEAF_LEFT = 86_400.0  # seconds that a leaf is good for at least when it is shown
AUTHORITY_LEFT = LEAF_LASTS + LEAF_LEFT
MOST_LEAVES = 1_000
RENEW = "`emulator certs --renew` makes another"
Stamp = tuple[int, int, int]


def _real_now() -> float:
    return Clock().now()


class Authority:
    """The authority in a folder, for these hosts at least. `now` is the real time, in seconds since the epoch.

    One that is there is used when it speaks for all the hosts and will for a while; else one is made for them and
    for those that it spoke for. Hosts that no certificate can name are left out. Everything raises ConfigError when
    the extra or a right to the folder is missing, or when what is there is no authority, or no secret any more.
    """

    def __init__(
        self, folder: Path | None = None, hosts: Iterable[str] = (), now: Callable[[], float] = _real_now
    ) -> None:
        self.folder = folder or resources.data("auto", os.environ)
        self._hosts = {host.lower() for host in hosts if is_name(host.lower())}
        self._now = now
        self._turn = RLock()  # leaves are made in threads
        self._read: tuple[Stamp, Pair, Facts] | None = None
        self._contexts: dict[str, tuple[float, ssl.SSLContext]] = {}  # with the time when they were made

    @property
    def certificate_path(self) -> Path:
        """The certificate that clients must trust, as a PEM file; the authority is made if there is none."""
        self._current()
        return self.folder / CERTIFICATE

    @property
    def facts(self) -> Facts:
        """What the authority is; it is made if there is none."""
        return self._current()[1]

    def context_for(self, host: str) -> ssl.SSLContext:
        """What a server answers as this host with; its leaf is good for a day at least."""
        if not is_name(host := host.lower()):
            raise ConfigError(f"{host!r} is no name of a host, so no certificate can be made for it")
        with self._turn:
            self._hosts.add(host)
            pair, _ = self._current()
            made, context = self._contexts.get(host, (0.0, None))
            age = self._now() - made  # below nothing when the machine's clock was set back
            if context is None or not -SKEW <= age <= LEAF_LASTS - LEAF_LEFT:
                context = make_context(pair, host, self._now(), self.folder)
                if len(self._contexts) >= MOST_LEAVES:
                    self._contexts.clear()
                self._contexts[host] = (self._now(), context)
            return context

    def renew(self) -> Facts:
        """Make another authority for the same hosts; clients that trusted the one before must be given this one."""
        require()
        with self._turn, self._locked():
            before = self._on_disk(strict=False)
            return self._make(before)[1]

    def _current(self) -> tuple[Pair, Facts]:
        """The authority as it is on disk: other processes may have made another one."""
        require()
        with self._turn:
            if self._read is not None and self._read[0] == self._stamp() and self._suits(self._read[2]):
                return self._read[1:]
            with self._locked():
                found = self._on_disk(strict=True)
                if found is not None and self._suits(found[2]):
                    self._read = found
                    self._contexts.clear()
                    return found[1:]
                return self._make(found)

    def _suits(self, facts: Facts) -> bool:
        now = self._now()  # one made while the machine's clock was ahead is not good yet
        return self._hosts <= set(facts.hosts) and facts.since <= now < facts.until - AUTHORITY_LEFT

    def _make(self, before: tuple[Stamp, Pair, Facts] | None) -> tuple[Pair, Facts]:
        hosts = sorted(self._hosts.union(() if before is None else before[2].hosts))
        if not hosts:
            raise ConfigError("there is no authority yet, and no host that it should speak for")
        pair = make_authority(hosts, self._now())
        _write(self.folder / KEY, pair.key, 0o600)
        _write(self.folder / CERTIFICATE, pair.certificate, 0o644)
        facts = read_authority(pair)
        if before is not None:
            path = self.folder / CERTIFICATE
            LOG.warning("there is another authority in %s; give it to clients that have a copy of the one before", path)
        self._read = (self._stamp(), pair, facts)
        self._contexts.clear()
        return pair, facts

    def _on_disk(self, strict: bool) -> tuple[Stamp, Pair, Facts] | None:
        """What is there; when it is no authority, an error if `strict`, else as if nothing were there."""
        try:
            secret = (self.folder / KEY).stat().st_mode & 0o077 == 0
            pair = Pair((self.folder / KEY).read_bytes(), (self.folder / CERTIFICATE).read_bytes())
            found = self._stamp(), pair, read_authority(pair)
        except FileNotFoundError:
            return None
        except ValueError as error:
            if not strict:
                return None
            raise ConfigError(f"{self.folder} holds no authority of ours: {error}; {RENEW}") from error
        if strict and not secret:
            raise ConfigError(f"others may have read {self.folder / KEY}; {RENEW}, with a key that nobody knows")
        return found

    def _stamp(self) -> Stamp:
        try:
            found = os.stat(self.folder / CERTIFICATE)
            return found.st_mtime_ns, found.st_ino, found.st_size
        except OSError:
            return 0, 0, -1

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One process at a time looks at the folder and changes it."""
        try:
            if not self.folder.is_dir():
                self.folder.mkdir(parents=True)
                self.folder.chmod(0o700)
            if self.folder.stat().st_mode & 0o022:
                raise ConfigError(f"others may write to {self.folder}; do `chmod 700` to it, or name another folder")
            with open(os.open(self.folder / LOCK, os.O_CREAT | os.O_RDWR, 0o600), "wb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            raise ConfigError(f"can't keep an authority in {self.folder}: {error.strerror or error}") from error


def _write(path: Path, data: bytes, mode: int) -> None:
    """Whole or not at all, and never readable by more than `mode` says."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "wb") as file:
        file.write(data)
    os.replace(draft, path)
