"""Environment variables that redirect a program's calls here: each API's, the proxy's, and those of its languages."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from emulator import paths as resources
from emulator.environment.trust import TrustFiles
from emulator.errors import ConfigError
from emulator.https.authority import Authority
from emulator.settings.options import Settings

HERE = ("127.0.0.1", "localhost", "::1")  # never through the proxy
PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
# Programs that call home of themselves, to look for a newer version or to count their uses.
QUIET = {
    "npm_config_update_notifier": "false",
    "NO_UPDATE_NOTIFIER": "1",
    "DENO_NO_UPDATE_CHECK": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "DO_NOT_TRACK": "1",
}
NODE_PRELOAD = Path(__file__).with_name("proxy.cjs")
PYTHON_PRELOAD = Path(__file__).with_name("python")  # a folder, with the file that Python looks for
_HOST = re.compile(r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)*")


def variables(
    apis: Iterable[Mapping[str, Any]],
    proxy_url: str,
    trust: TrustFiles | None,
    allowed: Sequence[str] = (),
    env: Mapping[str, str] = {},
) -> dict[str, str]:
    """Returns the variables, by name, of a program whose calls should arrive at `proxy_url`.

    `apis` are from `GET /_emulator/apis`; `trust` are the files that name the CAs to trust, or None; calls to the
    `allowed` hosts bypass the proxy; `env` are the program's own variables, to some of which ours are added.
    """
    result = {name: value for api in apis for name, value in api["environment"].items()}
    result["EMULATOR_URL"] = proxy_url
    for name in PROXIES:
        result[name] = result[name.lower()] = proxy_url
    direct = (*HERE, *allowed)
    result["NO_PROXY"] = result["no_proxy"] = ",".join(direct)
    java = java_proxy_options(proxy_url, direct)
    if trust is not None:
        result.update(trust.variables(env))
        java += trust.java_options()
    result.update(QUIET)
    result["NODE_USE_ENV_PROXY"] = "1"
    result["NODE_OPTIONS"] = _added(env.get("NODE_OPTIONS", ""), [f"--require {_quoted(str(NODE_PRELOAD))}"])
    result["JAVA_TOOL_OPTIONS"] = _added(env.get("JAVA_TOOL_OPTIONS", ""), [_in_quotes(each) for each in java])
    paths = [str(PYTHON_PRELOAD), *filter(None, [env.get("PYTHONPATH", "")])]
    result["PYTHONPATH"] = os.pathsep.join(paths)
    return result


def java_proxy_options(proxy_url: str, direct: Iterable[str]) -> list[str]:
    """Returns the properties by which Java's clients use the proxy, but for `direct` hosts and those below them."""
    proxy = urlsplit(proxy_url)
    hosts = [f"[{host}]" if ":" in host else host for host in direct]
    left = "|".join([*hosts, *(f"*.{host}" for host in hosts if _HOST.fullmatch(host) and not host[-1].isdigit())])
    places = [f"-D{scheme}.proxy{name}" for scheme in ("http", "https") for name in ("Host", "Port")]
    values = [proxy.hostname, proxy.port] * 2
    return [
        *(f"{place}={value}" for place, value in zip(places, values, strict=True)),
        f"-Dhttp.nonProxyHosts={left}",
    ]


def _added(options: str, more: Sequence[str]) -> str:
    """Returns options with more at the end, without those that are there already."""
    return " ".join([options, *(each for each in more if each not in options)]).strip()


def _quoted(path: str) -> str:
    """Quotes a path for Node's options, where it needs that."""
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"' if re.search(r'[\s"\\]', path) else path


def _in_quotes(option: str) -> str:
    """Quotes one of Java's options, where it needs that; it may not contain both kinds of quotes."""
    quote = "'" if '"' in option else '"'
    return f"{quote}{option}{quote}" if re.search(r"[\s\"']", option) else option


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
