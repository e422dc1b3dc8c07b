"""Whom the program trusts: our authority, and beside it the usual ones when some calls may leave."""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from emulator import resources
from emulator.intercept.authority import Authority
from emulator.settings import Settings


def authority(settings: Settings, apis: Iterable[Mapping[str, Any]], env: Mapping[str, str]) -> Path:
    """The certificate of this machine's authority for these APIs, as a server with these settings uses it.

    Raises ConfigError when it can't be had: without the extra, or without a right to its folder.
    """
    hosts = {*settings.intercept_hosts, *(host for api in apis for host in api["hosts"])}
    return Authority(resources.data(settings.authority, env), hosts).certificate_path


@contextmanager
def bundle(certificate: Path, open_hosts: bool, env: Mapping[str, str]) -> Iterator[Path]:
    """A PEM file to trust while the program runs: our certificate, or with the usual ones a file of its own."""
    usual = usual_authorities(env) if open_hosts else None
    if usual is None:
        yield certificate
        return
    with tempfile.TemporaryDirectory(prefix="emulator-") as folder:
        path = Path(folder) / "authorities.pem"
        path.write_bytes(usual.read_bytes().rstrip() + b"\n" + certificate.read_bytes())
        yield path


def usual_authorities(env: Mapping[str, str]) -> Path | None:
    """The file that the program would trust without us; None when there is none to be found."""
    import certifi

    found = ssl.get_default_verify_paths()
    candidates = (env.get("SSL_CERT_FILE"), env.get("REQUESTS_CA_BUNDLE"), found.cafile, certifi.where())
    return next((Path(each) for each in candidates if each and os.path.isfile(each)), None)
