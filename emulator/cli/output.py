"""Output of `serve`: the banner when it is ready, and the request log."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from emulator.app import Application
from emulator.clock.world_clock import Clock
from emulator.compile.lint import CONTROL
from emulator.log.line import json_text, uses_colour
from emulator.log.request_log import RequestLog
from emulator.log.writer import LineWriter
from emulator.playbook.apis import Api, Playbook
from emulator.settings.clock_start import ClockStart
from emulator.settings.options import Settings

STDOUT = 1
MAX_KEYS = 3  # demo keys of an API that the banner names
INSPECTOR = f"{CONTROL}/ui"


@contextmanager
def request_log(app: Application, env: Mapping[str, str], output: int = STDOUT) -> Iterator[None]:
    """Prints a line for each exchange meanwhile, to a file descriptor, unless the settings say that it is quiet."""
    settings = app.settings
    if settings.quiet:
        yield
        return
    warnings = logging.getLogger("emulator.requests")
    level = warnings.level
    warnings.setLevel(logging.ERROR)  # of a refused request the line says what a warning would say again
    writer = LineWriter(output)
    log = RequestLog(app.worlds, writer, settings.log == "json", uses_colour(os.isatty(output), env), settings.verbose)
    try:
        yield
    finally:
        log.close()
        writer.close()
        warnings.setLevel(level)


def started(
    settings: Settings, project: str, clock: Clock, control: tuple[str, int] | None = None
) -> Mapping[str, str]:
    """Returns what is unusual about how the server started; `project` is what the project file is called, `control`
    the address of the control API alone."""
    state = f"{settings.state}, which is kept" if settings.keep else settings.state
    time = ""
    if settings.state or settings.clock != ClockStart():
        time = str(ClockStart(clock.now(), None if clock.speed == 1 else clock.speed, clock.auto))
    own = "" if control is None else _origin(*control) + CONTROL
    workers = f"{settings.workers}" if settings.workers > 1 else ""
    said = {"workers": workers, "project": project, "clock": time, "state": state, "control": own}
    return {name: text for name, text in said.items() if text}


def banner(
    playbook: Playbook,
    host: str,
    port: int,
    token: str = "",
    secure: int | None = None,
    start: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Returns the banner; `token` is that of the control API, `secure` the TLS listener's port; see `started`."""
    origin = _origin(host, port)
    lines = [f"Ready on {origin}, scenario {' + '.join(playbook.scenarios)}"]
    lines += [*(f"  {name:<10} {text}" for name, text in start.items()), ""]
    for api in playbook.apis.values():
        lines.append(f"{api.title} {api.version}")
        lines.append(f"  base URL   {origin}{api.base}")
        lines.extend(_keys(api))
        lines.extend(_example(api, origin))
        lines.append("")
    lines.append(f"Inspector    {origin}{INSPECTOR}")
    if token:
        lines.append(f"  send       Authorization: Bearer {token}")
    if secure is not None:
        lines.append(f"TLS on port {secure}; `emulator certs` shows what clients must trust")
    lines.append("Ctrl-C stops it.")
    return "\n".join(lines)


def ready_line(
    playbook: Playbook,
    host: str,
    port: int,
    token: str = "",
    secure: int | None = None,
    start: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Returns the same as one line of JSON, with all keys."""
    origin = _origin(host, port)
    apis = {
        api.name: {"base_url": origin + api.base, "keys": {key: entry.tier for key, entry in api.keys.items()}}
        for api in playbook.apis.values()
    }
    ready = {"ready": origin, "scenarios": playbook.scenarios, "apis": apis, "inspector": origin + INSPECTOR}
    more = {"control_token": token or None, "tls_port": secure, **start}
    return json_text(ready | {name: value for name, value in more.items() if value is not None}).rstrip("\n")


def _origin(host: str, port: int) -> str:
    """Returns the address that this machine can call."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}"


def _keys(api: Api) -> list[str]:
    """Returns the line of some demo keys with their tiers: that of examples, then one of each tier, short ones."""
    active = sorted((key for key, entry in api.keys.items() if entry.status == "active"), key=len)
    first_of_tier = {api.keys[key].tier: key for key in reversed(active)}
    one_of_each = sorted(first_of_tier.values(), key=active.index)
    keys = [key for key in dict.fromkeys((api.client.key, *one_of_each, *active)) if key in active][:MAX_KEYS]
    shown = ", ".join(f"{key} ({api.keys[key].tier})" for key in keys)
    return [f"  demo keys  {shown}"] if keys else []


def _example(api: Api, origin: str) -> list[str]:
    if api.example is None:
        return []
    return ["  try        " + " \\\n             ".join(api.example.command(api.file, origin))]
