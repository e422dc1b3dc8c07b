"""Settings of one server: a frozen value, made from options and environment variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import IPv4Network, IPv6Network
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import fields, replace

from emulator.errors import ConfigError
from emulator.settings.clock_start import ClockStart, parse_clock
from emulator.settings.listen import Listen, parse_listen
from emulator.settings.parsers import (
    MIB,
    LogFormat,
    WebhookTime,
    parse_bool,
    parse_cors,
    parse_count,
    parse_faults,
    parse_file,
    parse_folder,
    parse_hosts,
    parse_keys,
    parse_log,
    parse_networks,
    parse_public_url,
    parse_scenarios,
    parse_seconds,
    parse_size,
    parse_store,
    parse_token,
    parse_webhook_time,
    parse_whole,
    parse_workers,
)


class Settings(Struct, frozen=True):
    """Settings of one server. Sizes are in bytes; `scenarios` are names or paths, the first takes precedence.

    `max_body` is the largest body that every operation takes; 0: what the APIs' files say of each.
    `control_listen` is an address for the control API alone, which answers at `listen` too.
    `tls_listen` is the address of the TLS listener, `intercept_hosts` are hosts emulated besides those of the APIs, and
    `authority` is the folder of the certificate authority (`auto`: in the user's data folder). `control_token` is the
    token that the control API requires; empty: none, as long as only this machine can reach it. `cache` has no effect:
    compiling is quick enough to need none; older command lines name it. `webhook_allow` are networks that
    webhooks may go to besides this machine and private ones; `webhook_time` is whose time signs them.
    `public_url` is what URLs in responses begin with; empty: scheme and host as the client used them.
    `cors` are the origins whose pages may call the APIs besides those on loopback, `*` for all of them; `off` alone:
    none may, not even those on loopback.
    `read_timeout` is in real seconds: how long a head may take, and a body of which nothing comes; 0: any time.
    `log` is the format of the request log; `quiet`: there is none; `verbose`: it has bodies. `workers` processes serve.
    `clock` is how the clock of each world starts. `state` is the file of a snapshot that the default world begins with;
    `keep`: it is written back. `keys` are further API keys that each world knows, each with the one that it is like.
    `faults` are armed in the default world from the start, each in the syntax of the header.
    `store` is the URL of the Redis server that keeps the state; empty: memory. `metrics`: it counts for Prometheus.
    """

    listen: Listen = Listen()
    scenarios: tuple[str, ...] = ("default",)
    seed: int = 0
    max_body: int = 0
    journal_entries: int = 500
    journal_bytes: int = 16 * MIB
    reload: bool = True
    documented_only: bool = False
    cache: str = ""
    control_token: str = ""
    control_listen: Listen | None = None
    tls_listen: Listen | None = None
    intercept_hosts: tuple[str, ...] = ()
    authority: str = "auto"
    webhook_allow: tuple[IPv4Network | IPv6Network, ...] = ()
    webhook_time: WebhookTime = "world"
    public_url: str = ""
    cors: tuple[str, ...] = ()
    read_timeout: float = 60.0
    log: LogFormat = "text"
    quiet: bool = False
    verbose: bool = False
    clock: ClockStart = ClockStart()
    state: str = ""
    keep: bool = False
    keys: tuple[tuple[str, str], ...] = ()
    faults: tuple[str, ...] = ()
    store: str = ""
    metrics: bool = False
    workers: int = 1

    @property
    def body_limit(self) -> int:
        """The largest body that is read where no operation of an API says how large it may be."""
        return self.max_body or 64 * MIB  # 10,000 rows of a batch, as long as a page each

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        listens = (
            self.listen,
            self.control_listen,
            self.tls_listen,
            Listen(self.public_host) if self.public_url else None,
        )
        return all(each is None or each.is_loopback for each in listens)

    @property
    def public_host(self) -> str:
        """Host of the public URL, in lower case; empty without one."""
        return urlsplit(self.public_url).hostname or ""

    @property
    def public_site(self) -> str:
        """Public URL without its path, as a page there states its origin; empty without one."""
        return "/".join(self.public_url.split("/", 3)[:3])

    def guarded(self) -> Settings:
        """Returns the settings with a generated token, if other machines can reach the server and none is set."""
        if self.control_token or self.is_loopback:
            return self
        from secrets import token_urlsafe  # rarely needed

        return replace(self, control_token=token_urlsafe(18))


def load_settings(
    options: Mapping[str, Any], env: Mapping[str, str], project: Mapping[str, Any] = MappingProxyType({})
) -> Settings:
    """Loads the settings: for each one its option, else EMULATOR_<NAME>, else that of the project, else the default.

    `options` maps names of settings to values from the command line; None or an empty sequence means a missing option.
    `project` holds what a project file says, parsed already. Raises ConfigError that names the option or variable, its
    value unless it is secret, and what was expected.
    """
    unknown = set(options) - {field.name for field in fields(Settings)}
    if unknown:
        raise ConfigError(f"unknown setting {', '.join(sorted(map(repr, unknown)))}")
    values = dict(project)
    for name, (flag, parse) in PARSERS.items():
        variable = "EMULATOR_" + flag.removeprefix("--").replace("-", "_").upper()
        for source, value in ((flag, options.get(name)), (variable, env.get(variable))):
            if value not in (None, (), []) and (value != "" or source == flag):
                values[name] = _parse(source, name, value, parse)
                break
    settings = Settings(**values)
    if settings.keep and not settings.state:
        raise ConfigError("--keep has no file to keep the state in; name one with --state FILE")
    return settings


def _parse(source: str, name: str, value: Any, parse: Callable[[Any], Any]) -> Any:
    try:
        return parse(value)
    except ValueError as error:
        raise ConfigError(f"{source} is {shown(name, value)}; expected {error}") from None


def shown(name: str, value: Any) -> str:
    """Returns the value of a setting as messages show it."""
    return "(hidden)" if name in SECRETS else repr(value)


PARSERS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "listen": ("--listen", parse_listen),
    "scenarios": ("--scenario", parse_scenarios),
    "seed": ("--seed", parse_whole),
    "max_body": ("--max-body", parse_size),
    "journal_entries": ("--journal-entries", parse_count),
    "journal_bytes": ("--journal-bytes", parse_size),
    "reload": ("--reload", parse_bool),
    "documented_only": ("--documented-only", parse_bool),
    "cache": ("--cache", str),
    "control_token": ("--control-token", parse_token),
    "control_listen": ("--control-listen", parse_listen),
    "tls_listen": ("--tls-listen", parse_listen),
    "intercept_hosts": ("--intercept-host", parse_hosts),
    "authority": ("--authority", parse_folder),
    "webhook_allow": ("--webhook-allow", parse_networks),
    "webhook_time": ("--webhook-time", parse_webhook_time),
    "public_url": ("--public-url", parse_public_url),
    "cors": ("--cors", parse_cors),
    "read_timeout": ("--read-timeout", parse_seconds),
    "log": ("--log", parse_log),
    "quiet": ("--quiet", parse_bool),
    "verbose": ("--verbose", parse_bool),
    "clock": ("--clock", parse_clock),
    "state": ("--state", parse_file),
    "keep": ("--keep", parse_bool),
    "keys": ("--key", parse_keys),
    "faults": ("--fault", parse_faults),
    "store": ("--store", parse_store),
    "metrics": ("--metrics", parse_bool),
    "workers": ("--workers", parse_workers),
}
SECRETS = frozenset({"control_token", "keys", "store"})  # settings whose values no message shows
