"""Certificate authority: one per machine, created on first use, readable only by its user, renewed in time."""

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
from emulator.atomic import replace_file
from emulator.clock.world_clock import Clock
from emulator.errors import ConfigError
from emulator.https.certificates import (
    LEAF_LASTS,
    SKEW,
    Facts,
    Pair,
    make_authority,
    make_context,
    read_authority,
)
from emulator.https.hosts import is_name

CERTIFICATE, KEY, LOCK = "authority.pem", "authority.key", ".lock"
LOG = logging.getLogger("emulator")
LEAF_LEFT = 86_400.0  # seconds that a certificate is valid for at least when it is used
AUTHORITY_LEFT = LEAF_LASTS + LEAF_LEFT
MAX_CONTEXTS = 1_000
RENEW_HINT = "`emulator certs --renew` creates a new one"
Stamp = tuple[int, int, int]


def _real_now() -> float:
    return Clock().now()


class Authority:
    """Certificate authority in a folder, for at least these hosts. `now` returns real time in seconds since the epoch.

    An existing authority is used if it covers all the hosts and stays valid for a while; otherwise a new one is created
    for them and for the hosts of the old one. Hosts that no certificate can name are skipped. All methods raise
    ConfigError when a permission is missing, or when the folder's files are invalid or not private.
    """

    def __init__(
        self, folder: Path | None = None, hosts: Iterable[str] = (), now: Callable[[], float] = _real_now
    ) -> None:
        self.folder = folder or resources.data("auto", os.environ)
        self._hosts = {host.lower() for host in hosts if is_name(host.lower())}
        self._now = now
        self._lock = RLock()  # certificates are created in threads
        self._read: tuple[Stamp, Pair, Facts] | None = None
        self._contexts: dict[str, tuple[float, ssl.SSLContext]] = {}  # with the time when they were created

    @property
    def certificate_path(self) -> Path:
        """The certificate that clients must trust, a PEM file; creates the authority if there is none."""
        self._current()
        return self.folder / CERTIFICATE

    @property
    def facts(self) -> Facts:
        """The facts of the authority; creates it if there is none."""
        return self._current()[1]

    def context_for(self, host: str) -> ssl.SSLContext:
        """Returns the TLS context of a server for this host; its certificate is valid for at least a day."""
        if not is_name(host := host.lower()):
            raise ConfigError(f"{host!r} is not a host name, so no certificate can be created for it")
        with self._lock:
            self._hosts.add(host)
            pair, _ = self._current()
            made, context = self._contexts.get(host, (0.0, None))
            age = self._now() - made  # negative when the machine's clock was set back
            if context is None or not -SKEW <= age <= LEAF_LASTS - LEAF_LEFT:
                context = make_context(pair, host, self._now(), self.folder)
                if len(self._contexts) >= MAX_CONTEXTS:
                    self._contexts.clear()
                self._contexts[host] = (self._now(), context)
            return context

    def renew(self) -> Facts:
        """Creates a new authority for the same hosts; clients that trusted the old one must be given this one."""
        with self._lock, self._locked():
            before = self._on_disk(strict=False)
            return self._create(before)[1]

    def _current(self) -> tuple[Pair, Facts]:
        """Returns the authority on disk, which another process may have replaced; creates or replaces it if needed."""
        with self._lock:
            if self._read is not None and self._read[0] == self._stamp() and self._is_usable(self._read[2]):
                return self._read[1:]
            with self._locked():
                stored = self._on_disk(strict=True)
                if stored is not None and self._is_usable(stored[2]):
                    self._read = stored
                    self._contexts.clear()
                    return stored[1:]
                return self._create(stored)

    def _is_usable(self, facts: Facts) -> bool:
        now = self._now()  # one created while the machine's clock was ahead is not valid yet
        return self._hosts <= set(facts.hosts) and facts.since <= now < facts.until - AUTHORITY_LEFT

    def _create(self, before: tuple[Stamp, Pair, Facts] | None) -> tuple[Pair, Facts]:
        hosts = sorted(self._hosts.union(() if before is None else before[2].hosts))
        if not hosts:
            raise ConfigError("there is no certificate authority yet, and no host to create one for")
        pair = make_authority(hosts, self._now())
        replace_file(self.folder / KEY, pair.key, mode=0o600, keep=False)
        replace_file(self.folder / CERTIFICATE, pair.certificate, mode=0o644, keep=False)
        facts = read_authority(pair)
        if before is not None:
            path = self.folder / CERTIFICATE
            LOG.warning(
                "created a new certificate authority in %s; give it to clients that have a copy of the old one", path
            )
        self._read = (self._stamp(), pair, facts)
        self._contexts.clear()
        return pair, facts

    def _on_disk(self, strict: bool) -> tuple[Stamp, Pair, Facts] | None:
        """Reads the authority from disk, or returns None; invalid files are an error if `strict`, else None as well."""
        try:
            private = (self.folder / KEY).stat().st_mode & 0o077 == 0
            pair = Pair((self.folder / KEY).read_bytes(), (self.folder / CERTIFICATE).read_bytes())
            stored = self._stamp(), pair, read_authority(pair)
        except FileNotFoundError:
            return None
        except ValueError as error:
            if not strict:
                return None
            raise ConfigError(f"{self.folder} holds no valid certificate authority: {error}; {RENEW_HINT}") from error
        if strict and not private:
            raise ConfigError(f"others may have read {self.folder / KEY}; {RENEW_HINT} with a new key")
        return stored

    def _stamp(self) -> Stamp:
        try:
            stat = os.stat(self.folder / CERTIFICATE)
            return stat.st_mtime_ns, stat.st_ino, stat.st_size
        except OSError:
            return 0, 0, -1

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Lets one process at a time read and change the folder."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.folder.stat().st_mode & 0o022:
                raise ConfigError(f"others may write to {self.folder}; run `chmod 700` on it, or choose another folder")
            with open(os.open(self.folder / LOCK, os.O_CREAT | os.O_RDWR, 0o600), "wb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            raise ConfigError(
                f"can't store a certificate authority in {self.folder}: {error.strerror or error}"
            ) from error
