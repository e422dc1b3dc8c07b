"""The variables that lead a program's calls here: each API's own, the proxy's, the trust in our authority, Node's."""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from emulator import paths as resources
from emulator.errors import ConfigError
from emulator.https.authority import Authority
from emulator.settings import Settings

HERE = ("127.0.0.1", "localhost", "::1")  # never through the proxy
PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
ADDED_TRUST = "NODE_EXTRA_CA_CERTS"  # beside the usual authorities; the others stand in their place
TRUST = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", ADDED_TRUST)
QUIET = ("npm_config_update_notifier",)  # npm asks its registry each week whether there is a newer one
PRELOAD = Path(__file__).with_name("proxy.cjs")
_HOST = re.compile(r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)*")


def variables(
    apis: Iterable[Mapping[str, Any]],
    proxy_url: str,
    ca_path: str | Path | None,
    allowed: Sequence[str] = (),
    node_options: str = "",
) -> dict[str, str]:
    """By name, what a program needs whose calls are to arrive at `proxy_url`.

    `apis` are those that `GET /_emulator/apis` tells; `ca_path` is a PEM file of the authorities to trust, None when
    there is none to trust; calls to the `allowed` hosts go straight there; `node_options` are those that Node is given
    already.
    """
    found = {name: value for api in apis for name, value in api["environment"].items()}
    found["EMULATOR_URL"] = proxy_url
    for name in PROXIES:
        found[name] = found[name.lower()] = proxy_url
    found["NO_PROXY"] = found["no_proxy"] = ",".join((*HERE, *allowed))
    if ca_path is not None:
        found.update(dict.fromkeys(TRUST, str(ca_path)))
    found.update(dict.fromkeys(QUIET, "false"))
    found["NODE_USE_ENV_PROXY"] = "1"
    found["NODE_OPTIONS"] = with_preload(node_options)
    return found


def with_preload(options: str) -> str:
    """Node's options with the file that stands in for NODE_USE_ENV_PROXY where Node does not know it."""
    path = str(PRELOAD).replace("\\", "\\\\").replace('"', '\\"')
    preload = f'--require "{path}"' if re.search(r'[\s"\\]', path) else f"--require {path}"
    return options if preload in options else f"{options} {preload}".strip()


def allowed_hosts(hosts: Sequence[str], emulated: Collection[str]) -> tuple[str, ...]:
    """The hosts that are opened. Raises ConfigError for what is no host name, and for a host that is emulated."""
    for host in hosts:
        if not _HOST.fullmatch(host) and not _is_address(host):
            raise ConfigError(
                f"--allow-host is {host!r}; expected a host name such as example.com, without port or path"
            )
        # What is left out of the proxy is left out with all that is below it.
        taken = [name for name in emulated if name == host.lower() or name.endswith(f".{host.lower()}")]
        if taken:
            raise ConfigError(
                f"--allow-host {host} would let calls go to the real {taken[0]}, which is emulated; play a scenario"
                " that does not serve it, or run the command without `emulator run`"
            )
    return tuple(hosts)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def lines(variables: Mapping[str, str], shell: str) -> Iterator[str]:
    """`export NAME='value'` for `sh` and its kin, `set -gx NAME 'value'` for `fish`."""
    for name, value in sorted(variables.items()):
        yield f"set -gx {name} {fish_quoted(value)}" if shell == "fish" else f"export {name}={sh_quoted(value)}"


def sh_quoted(text: str) -> str:
    """One word of a POSIX shell (XCU 2.2.2), always in quotes."""
    return "'" + text.replace("'", "'\"'\"'") + "'"


def fish_quoted(text: str) -> str:
    """One word of fish, in whose single quotes a backslash escapes itself and the quote."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


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
