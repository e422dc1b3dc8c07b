"""Whom the program trusts: our authority, and beside it those that it trusts already when some calls may leave."""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from emulator import resources
from emulator.intercept.authority import Authority
from emulator.run.environment import ADDED_TRUST, TRUST
from emulator.settings import Settings


def authority(settings: Settings, hosts: Iterable[str], env: Mapping[str, str]) -> Path:
    """The certificate of this machine's authority for these hosts, as a server with these settings uses it.

    Raises ConfigError when it can't be had: without the extra, or without a right to its folder.
    """
    return Authority(resources.data(settings.authority, env), hosts).certificate_path


@contextmanager
def bundle(certificate: Path, open_hosts: bool, env: Mapping[str, str]) -> Iterator[Path]:
    """A PEM file to trust while the program runs: our certificate; with open hosts a file of its own, with the usual
    ones before it."""
    if not open_hosts:
        yield certificate
        return
    with tempfile.TemporaryDirectory(prefix="emulator-") as folder:
        path = Path(folder) / "authorities.pem"
        parts = [*usual_authorities(env), certificate]
        path.write_bytes(b"\n".join(part.read_bytes().rstrip() for part in parts) + b"\n")
        yield path


def usual_authorities(env: Mapping[str, str]) -> list[Path]:
    """The files that the program would trust without us: those that its variables name, and the system's, or else
    Mozilla's, unless one of them stands in its place."""
    import certifi

    named = {name: Path(env[name]) for name in TRUST if env.get(name) and os.path.isfile(env[name])}
    if not named.keys() - {ADDED_TRUST}:
        named[""] = Path(ssl.get_default_verify_paths().cafile or certifi.where())
    return list(dict.fromkeys(named.values()))
