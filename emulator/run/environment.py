"""Environment variables that redirect a program's calls here: each API's, the proxy's, the CA's and Node's."""

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
ADDED_TRUST = "NODE_EXTRA_CA_CERTS"  # adds to the default CAs; the others replace them
TRUST = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", ADDED_TRUST)
DISABLED = ("npm_config_update_notifier",)  # npm calls its registry every week to look for a newer version
PRELOAD = Path(__file__).with_name("proxy.cjs")
_HOST = re.compile(r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)*")


def variables(
    apis: Iterable[Mapping[str, Any]],
    proxy_url: str,
    ca_path: str | Path | None,
    allowed: Sequence[str] = (),
    node_options: str = "",
) -> dict[str, str]:
    """Returns the variables, by name, of a program whose calls should arrive at `proxy_url`.

    `apis` are from `GET /_emulator/apis`; `ca_path` is a PEM file of the CAs to trust, or None; calls to the `allowed`
    hosts bypass the proxy; `node_options` are existing options for Node.
    """
    result = {name: value for api in apis for name, value in api["environment"].items()}
    result["EMULATOR_URL"] = proxy_url
    for name in PROXIES:
        result[name] = result[name.lower()] = proxy_url
    result["NO_PROXY"] = result["no_proxy"] = ",".join((*HERE, *allowed))
    if ca_path is not None:
        result.update(dict.fromkeys(TRUST, str(ca_path)))
    result.update(dict.fromkeys(DISABLED, "false"))
    result["NODE_USE_ENV_PROXY"] = "1"
    result["NODE_OPTIONS"] = with_preload(node_options)
    return result


def with_preload(options: str) -> str:
    """Returns Node's options with a preload that replaces NODE_USE_ENV_PROXY in versions without it."""
    path = str(PRELOAD).replace("\\", "\\\\").replace('"', '\\"')
    preload = f'--require "{path}"' if re.search(r'[\s"\\]', path) else f"--require {path}"
    return options if preload in options else f"{options} {preload}".strip()


def allowed_hosts(hosts: Sequence[str], emulated: Collection[str]) -> tuple[str, ...]:
    """Returns the hosts to let through. Raises ConfigError for an invalid name, and for a host that is emulated."""
    for host in hosts:
        if not _HOST.fullmatch(host) and not _is_address(host):
            raise ConfigError(
                f"--allow-host is {host!r}; expected a host name such as example.com, without port or path"
            )
        # A host in NO_PROXY excludes its subdomains as well.
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
    """Yields `export NAME='value'` for `sh` and similar shells, `set -gx NAME 'value'` for `fish`."""
    for name, value in sorted(variables.items()):
        yield f"set -gx {name} {fish_quoted(value)}" if shell == "fish" else f"export {name}={sh_quoted(value)}"


def sh_quoted(text: str) -> str:
    """Quotes a text as one word of a POSIX shell (XCU 2.2.2)."""
    return "'" + text.replace("'", "'\"'\"'") + "'"


def fish_quoted(text: str) -> str:
    """Quotes a text as one word of fish, in whose single quotes a backslash escapes itself and the quote."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def authority(settings: Settings, hosts: Iterable[str], env: Mapping[str, str]) -> Path:
    """Returns the certificate of this machine's CA for these hosts, as a server with these settings uses it.

    Raises ConfigError when a permission for its folder is missing.
    """
    return Authority(resources.data(settings.authority, env), hosts).certificate_path


@contextmanager
def bundle(certificate: Path, open_hosts: bool, env: Mapping[str, str]) -> Iterator[Path]:
    """Yields a PEM file to trust while the program runs: our certificate, with `open_hosts` after the default CAs."""
    if not open_hosts:
        yield certificate
        return
    with tempfile.TemporaryDirectory(prefix="emulator-") as folder:
        path = Path(folder) / "authorities.pem"
        parts = [*default_cas(env), certificate]
        path.write_bytes(b"\n".join(part.read_bytes().rstrip() for part in parts) + b"\n")
        yield path


def default_cas(env: Mapping[str, str]) -> list[Path]:
    """Returns the CA files that the program trusts by default: those that its variables name, and the system's, or else
    Mozilla's, unless a variable replaces it."""
    import certifi

    named = {name: Path(env[name]) for name in TRUST if env.get(name) and os.path.isfile(env[name])}
    if not named.keys() - {ADDED_TRUST}:
        named[""] = Path(ssl.get_default_verify_paths().cafile or certifi.where())
    return list(dict.fromkeys(named.values()))
