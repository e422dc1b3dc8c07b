"""`emulator record`: serves a recorder for an API, its upstreams and a file, until a signal stops it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx

from emulator.app import build
from emulator.clock.world_clock import Clock
from emulator.errors import ConfigError
from emulator.record.file import RecordingFile
from emulator.record.recorder import STREAM_GRACE_SECONDS, TIMEOUT, Recorder
from emulator.record.upstream import find_api, parse_upstreams
from emulator.server.http_server import Server
from emulator.server.listeners import bind
from emulator.server.running import run_loop
from emulator.settings.listen import Listen
from emulator.settings.options import load_settings


def open_recorder(
    api: str,
    upstream: Sequence[str],
    out: str,
    force: bool = False,
    own: tuple[str, int] | None = None,
    timeout: httpx.Timeout = TIMEOUT,
    grace: float = STREAM_GRACE_SECONDS,
    clock: Clock | None = None,
) -> tuple[Recorder, str]:
    """Opens a recorder; returns it with the base path of its API. `own` is the address at which it will serve.

    Raises ConfigError before anything is sent or written.
    """
    file = find_api(api)
    emulated = build(load_settings({"scenarios": (file,), "cache": "off"}, {}), clock)
    (name,) = emulated.playbook.apis
    base = emulated.playbook.apis[name].base
    upstreams = parse_upstreams("--upstream", upstream, base)
    source = ", ".join(url.netloc.decode() for url in upstreams.urls)
    if own is not None and (itself := upstreams.serving(own)) is not None:
        raise ConfigError(f"--upstream {itself} is this recorder itself; expected the service to record")
    recording_file = RecordingFile.create(Path(out), Path(file).stem, source, force)
    return Recorder(emulated, name, upstreams, recording_file, timeout, grace), base


def record(
    api: str, upstream: Sequence[str], out: str, listen: str | None, force: bool, report: Callable[[str], None]
) -> int:
    """Records until SIGINT or SIGTERM; returns the exit status."""
    chosen = load_settings({"listen": listen, "keep": False, "store": "memory"}, os.environ)
    sockets = bind(chosen)
    host, port = sockets[0].getsockname()[:2]
    try:
        recorder, base = open_recorder(api, upstream, out, force, (host, port))
    except BaseException:
        for sock in sockets:
            sock.close()
        raise
    origin = f"http://{Listen(host, port)}"
    urls = ", ".join(upstream)

    def ready() -> None:
        report(f"Recording {api} on {origin}{base}: calls are forwarded to {urls}, keys included; {out} replays them.")
        report("Ctrl-C stops it.")

    run_loop(Server(recorder, ready, read_timeout=chosen.read_timeout).serve(sockets))
    recorder.recording_file.close()
    count = recorder.recording_file.count
    report(f"{count} exchange{'' if count == 1 else 's'} recorded: emulator serve --scenario {out}")
    return 0
