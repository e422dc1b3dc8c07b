"""The command: the API, the upstream and the file that were named become a recorder that serves until it is stopped."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx

from emulator import server, settings
from emulator.app import build
from emulator.clock import Clock
from emulator.errors import ConfigError
from emulator.record.file import RecordingFile
from emulator.record.recorder import GRACE, PATIENCE, Recorder
from emulator.record.upstream import find_api, parse_upstreams


def open_recorder(
    api: str,
    upstream: Sequence[str],
    out: str,
    force: bool = False,
    own: tuple[str, int] | None = None,
    patience: httpx.Timeout = PATIENCE,
    grace: float = GRACE,
    clock: Clock | None = None,
) -> tuple[Recorder, str]:
    """A recorder and the base path of its API; `own` is the address at which it will serve, `clock` takes the time.

    Raises ConfigError, before anything is asked or written.
    """
    file = find_api(api)
    emulated = build(settings.load({"scenarios": (file,), "cache": "off"}, {}), clock)
    (name,) = emulated.playbook.apis
    base = emulated.playbook.apis[name].base
    upstreams = parse_upstreams("--upstream", upstream, base)
    source = ", ".join(url.netloc.decode() for url in upstreams.urls)
    if own is not None and (itself := upstreams.leading_to(own)) is not None:
        raise ConfigError(f"--upstream {itself} is this recorder itself; expected the service that it records")
    tape = RecordingFile.begin(Path(out), Path(file).stem, source, force)
    return Recorder(emulated, name, upstreams, tape, patience, grace), base


def record(
    api: str, upstream: Sequence[str], out: str, listen: str | None, force: bool, say: Callable[[str], None]
) -> int:
    """Record until SIGINT or SIGTERM; gives the exit status."""
    import uvloop

    chosen = settings.load({"listen": listen}, os.environ)
    sock = server.bind(chosen)
    host, port = sock.getsockname()[:2]
    try:
        recorder, base = open_recorder(api, upstream, out, force, (host, port))
    except BaseException:
        sock.close()
        raise
    origin = f"http://{settings.Listen(host, port)}"
    urls = ", ".join(upstream)

    def ready() -> None:
        say(f"Recording {api} on {origin}{base}: calls are passed on to {urls}, keys included; {out} replays them.")
        say("Ctrl-C stops it.")

    uvloop.run(server.Server(recorder, ready).serve([sock]))
    recorder.tape.close()
    count = recorder.tape.count
    say(f"{count} exchange{'' if count == 1 else 's'} recorded: emulator serve --scenario {out}")
    return 0
