"""Settings of one server: a frozen value, made from options and environment variables."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from types import MappingProxyType
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import fields, replace

from emulator.clock.start import ClockStart, parse_clock
from emulator.errors import ConfigError

LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
HOST = re.compile(rf"({LABEL}\.)*(?![0-9]+$){LABEL}")  # in lower case; a name that ends in a number is an address
# An origin in lower case, as browsers serialize it (RFC 6454 section 6.2); `null` is a file's or a sandboxed frame's.
ORIGIN = re.compile(
    r"null|(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._~%-]*)(?::(?P<port>[0-9]{1,5}))?"
)
KIB, MIB, GIB = 2**10, 2**20, 2**30
WORLD_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
MAX_WORKERS = 64
SIZES = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": KIB, "MIB": MIB, "GIB": GIB}
BOOLEANS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


class Listen(Struct, frozen=True):
    """Address to listen on; port 0 lets the system choose."""

    host: str = "127.0.0.1"
    port: int = 8484

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return self.host in ("localhost", "::1") or self.host.startswith("127.")

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


WebhookTime = Literal["world", "real"]
LogFormat = Literal["text", "json"]


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


def load(
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


def parse_listen(value: Any) -> Listen:
    """Parses `HOST:PORT`, `[IPv6]:PORT`, or a port alone. Raises ValueError with what was expected."""
    match = re.fullmatch(
        r"(?:(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[^\s:\[\]/]+)):)?(?P<port>[0-9]{1,5})", str(value).strip()
    )
    if match is None or int(match["port"]) > 65_535:
        raise ValueError("HOST:PORT such as 127.0.0.1:8484, [::1]:8484 or 8484, with a port from 0 to 65535")
    return Listen(match["six"] or match["host"] or Listen().host, int(match["port"]))


def parse_scenarios(value: Any) -> tuple[str, ...]:
    """Parses names and paths, as a sequence or separated by commas. Raises ValueError with what was expected."""
    names = tuple(name.strip() for name in (value.split(",") if isinstance(value, str) else map(str, value)))
    if not all(names):
        raise ValueError("names or paths of scenarios, separated by commas")
    return names


def parse_whole(value: Any) -> int:
    """Parses a whole number, with or without a sign. Raises ValueError with what was expected."""
    if isinstance(value, bool) or not re.fullmatch(r"[+-]?[0-9]{1,18}", str(value).strip()):
        raise ValueError("a whole number such as 42")
    return int(value)


def parse_count(value: Any) -> int:
    """Parses a whole number from 0. Raises ValueError with what was expected."""
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,18}", str(value).strip()):
        raise ValueError("a whole number from 0, such as 2000")
    return int(value)


def parse_seconds(value: Any) -> float:
    """Parses a number of seconds from 0, with or without a fraction. Raises ValueError with what was expected."""
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", str(value).strip()):
        raise ValueError("a number of seconds from 0, such as 60 or 0.5")
    return float(value)


def parse_size(value: Any) -> int:
    """Parses a number of bytes, `4194304` or with a unit `4MiB`. Raises ValueError with what was expected."""
    match = re.fullmatch(r"([0-9]{1,15})\s*([A-Za-z]*)", str(value).strip())
    if match is None or match[2].upper() not in SIZES:
        raise ValueError("a size such as 4194304, 4MiB or 500kB")
    return int(match[1]) * SIZES[match[2].upper()]


def parse_folder(value: Any) -> str:
    """Parses a folder, with `~` for the home folder, or `auto`. Raises ValueError with what was expected."""
    if not str(value).strip():
        raise ValueError("a folder, or auto for the user's data folder")
    return os.path.expanduser(str(value))


def parse_hosts(value: Any) -> tuple[str, ...]:
    """Parses host names, as a sequence or separated by commas. Raises ValueError with what was expected."""
    names = tuple(name.strip().lower() for name in (value.split(",") if isinstance(value, str) else map(str, value)))
    if not all(len(name) <= 253 and HOST.fullmatch(name) for name in names):
        raise ValueError("host names such as api.example.com, without scheme and port, separated by commas")
    return names


def parse_networks(value: Any) -> tuple[IPv4Network | IPv6Network, ...]:
    """Parses addresses and networks, as a sequence or separated by commas. Raises ValueError with what was expected."""
    names = [name.strip() for name in (value.split(",") if isinstance(value, str) else map(str, value))]
    try:
        return tuple(map(ip_network, names))
    except ValueError:
        raise ValueError("addresses or networks such as 169.254.1.2 or 198.18.0.0/15, separated by commas") from None


def parse_file(value: Any) -> str:
    """Parses the path of a file, with `~` for the home folder. Raises ValueError with what was expected."""
    if not str(value).strip() or "\0" in str(value):
        raise ValueError("a file such as state.json")
    return os.path.expanduser(str(value))


def parse_keys(value: Any) -> tuple[tuple[str, str], ...]:
    """Parses `KEY=LIKE`, several as a sequence or separated by commas, or a mapping; each key has 8 to 200 characters.

    Raises ValueError with what was expected.
    """
    pairs = value.items() if isinstance(value, Mapping) else value.split(",") if isinstance(value, str) else value
    split = [each.strip().rpartition("=")[::2] if isinstance(each, str) else tuple(each) for each in pairs]
    if not all(re.fullmatch(r"[!-~]{8,200}", str(key)) and str(like).strip() for key, like in split):
        raise ValueError("a key of 8 to 200 visible ASCII characters and the demo key that it is like, as KEY=LIKE")
    return tuple((str(key), str(like).strip()) for key, like in split)


def parse_webhook_time(value: Any) -> str:
    """Parses whose time signs webhooks. Raises ValueError with what was expected."""
    if str(value) not in get_args(WebhookTime):
        raise ValueError("world, or real for the system's time")
    return str(value)


def parse_log(value: Any) -> str:
    """Parses the format of the request log. Raises ValueError with what was expected."""
    if str(value) not in get_args(LogFormat):
        raise ValueError("text or json")
    return str(value)


def parse_public_url(value: Any) -> str:
    """Parses an http or https URL, as browsers write it: host in lower case, no default port, no slash at the end.

    Raises ValueError with what was expected.
    """
    match = re.fullmatch(
        r"(?i:(https?)://(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::([0-9]{1,5}))?)((?:/[!$-.0-;=@-Z_a-z~]+)*)/*",
        str(value).strip(),
    )
    if match is None or int(match[3] or 0) > 65_535:
        raise ValueError("an http or https URL such as https://ai.example.com/emulator, without a query")
    scheme = match[1].lower()
    port = "" if match[3] in (None, {"http": "80", "https": "443"}[scheme]) else f":{match[3]}"
    return f"{scheme}://{match[2].lower()}{port}{match[4]}"


def parse_cors(value: Any) -> tuple[str, ...]:
    """Parses origins as browsers write them, `*` or `off`, as a sequence or separated by commas.

    Raises ValueError with what was expected.
    """
    given = tuple(name.strip() for name in (value.split(",") if isinstance(value, str) else map(str, value)))
    if given in (("off",), ("*",)):
        return given
    if "off" in given:
        raise ValueError("off alone, or origins without it")
    return tuple(each if each == "*" else _parse_origin(each) for each in given)


def _parse_origin(text: str) -> str:
    match = ORIGIN.fullmatch(text.lower()) or ORIGIN.fullmatch(text.lower().removesuffix("/"))
    if match is None or int(match["port"] or 0) > 65_535:
        raise ValueError(
            "origins such as https://app.example.com or http://192.168.1.7:5173 without a path, null, * or off"
        )
    default = {"http": "80", "https": "443"}.get(match["scheme"] or "")
    return match[0].removesuffix(f":{default}") if match["port"] == default else match[0]


def parse_faults(value: Any) -> tuple[str, ...]:
    """Parses faults, as a sequence or one a line. Raises ValueError with what was expected."""
    texts = tuple(text.strip() for text in (value.splitlines() if isinstance(value, str) else map(str, value)))
    if not all(texts):
        raise ValueError("a fault such as 'messages.*: status=503; times=2', or several on lines of their own")
    return texts


def parse_store(value: Any) -> str:
    """Parses the URL of a Redis server; `memory` is none. Raises ValueError with what was expected."""
    text = str(value).strip()
    if text == "memory":
        return ""
    if not re.fullmatch(
        r"rediss?://([^@/\s]*@)?(\[[0-9a-fA-F:.]+\]|[\w.-]+)(:[0-9]{1,5})?(/[0-9]{0,4})?|unix://([^@/\s]*@)?/\S+", text
    ):
        raise ValueError("memory, or a URL such as redis://localhost:6379/0 or unix:///run/redis.sock")
    return text


def parse_workers(value: Any) -> int:
    """Parses a number of processes. Raises ValueError with what was expected."""
    if not re.fullmatch(r"[0-9]{1,3}", text := str(value).strip()) or not 1 <= int(text) <= MAX_WORKERS:
        raise ValueError(f"a whole number from 1 to {MAX_WORKERS}, such as 2")
    return int(text)


def parse_token(value: Any) -> str:
    """Parses a token of visible ASCII characters. Raises ValueError with what was expected."""
    if not re.fullmatch(r"[!-~]{8,200}", str(value)):
        raise ValueError("8 to 200 visible ASCII characters without spaces")
    return str(value)


def parse_world(value: Any) -> str:
    """Returns the name of a world. Raises ValueError."""
    if not WORLD_NAME.fullmatch(value):
        raise ValueError("the name of a world, such as default")
    return str(value)


def parse_bool(value: Any) -> bool:
    """Parses a boolean, in the usual spellings. Raises ValueError with what was expected."""
    if isinstance(value, bool):
        return value
    if str(value).strip().lower() not in BOOLEANS:
        raise ValueError("one of " + ", ".join(BOOLEANS))
    return BOOLEANS[str(value).strip().lower()]


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
