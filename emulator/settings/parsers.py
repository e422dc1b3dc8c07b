"""Parsers of the values of settings, as options and environment variables write them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, Literal, get_args

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
WebhookTime = Literal["world", "real"]
LogFormat = Literal["text", "json"]


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
    found = re.fullmatch(
        r"rediss?://([^@/\s]*@)?(\[[0-9a-fA-F:.]+\]|[\w.-]+)(:(?P<port>[0-9]{1,5}))?(/[0-9]{0,4})?"
        r"|unix://([^@/\s]*@)?/\S+",
        text,
    )
    if found is None or int(found["port"] or 0) > 65_535:
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
