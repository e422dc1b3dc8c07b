"""The command: each example is played twice, here and against the target, and the differences are told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import httpx

from emulator import settings
from emulator.app import Application, build
from emulator.errors import ConfigError
from emulator.record.recorder import PATIENCE
from emulator.record.upstream import Upstreams, find_api, parse_upstreams
from emulator.scenario.playbook import Api
from emulator.verify.compare import compare
from emulator.verify.examples import Example, examples
from emulator.verify.play import Player, Unplayable
from emulator.verify.tell import Outcome, findings, junit, text

HERE = "http://emulator.invalid"  # the emulator in this process; no name is looked up


def verify(api: str, target: Sequence[str], key: str | None, out: str | None, say: Callable[[str], None]) -> int:
    """0 when the target answers as the emulator does, 1 when not. Raises ConfigError: an unknown API, a target that is
    none or does not answer, a report that can't be written."""
    app = build(settings.load({"scenarios": (find_api(api),), "cache": "off"}, {}))
    (served,) = app.playbook.apis.values()
    targets = parse_upstreams("--target", target, served.base)
    outcomes = asyncio.run(_outcomes(app, served, targets, key))
    found = findings(served, outcomes)
    for line in text(served, ", ".join(targets.origins), found):
        say(line)
    if out is not None:
        try:
            Path(out).write_bytes(junit(served, found))
        except OSError as error:
            raise ConfigError(f"--junit is {out!r}, which can't be written: {error.strerror}") from error
    return int(any(found.values()))


async def _outcomes(app: Application, api: Api, targets: Upstreams, key: str | None) -> list[Outcome]:
    played = list(examples(api))
    firsts = {each.operation.name: each for each in reversed(played)}
    own = parse_upstreams("", [HERE], api.base)
    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(app), trust_env=False) as here,
        httpx.AsyncClient(timeout=PATIENCE, trust_env=not targets.is_loopback) as there,
    ):
        await _reach(there, targets)
        demo = _demo_key(api)
        reference = Player(api, firsts, here, own, demo)
        target = Player(api, firsts, there, targets, key or demo)
        try:
            return [Outcome(each.title, each.claims, await _differences(each, reference, target)) for each in played]
        finally:
            await app.close()


async def _differences(example: Example, reference: Player, target: Player) -> tuple[str, ...]:
    try:
        wanted = await reference.play(example)
        return tuple(compare(wanted, await target.play(example)))
    except Unplayable as error:
        return (str(error),)


async def _reach(client: httpx.AsyncClient, targets: Upstreams) -> None:
    """Raises ConfigError when one of them does not answer at all."""
    for origin in targets.origins:
        try:
            await client.get(origin)
        except httpx.HTTPError as error:
            raise ConfigError(f"--target {origin} does not answer: {str(error) or type(error).__name__}") from error


def _demo_key(api: Api) -> str | None:
    """The key of the API's example; else the first that it knows."""
    shown = _shown(api)
    return next(shown, None) or next(iter(api.keys), None)


def _shown(api: Api) -> Iterator[str]:
    values = [] if api.example is None else list(api.example.headers.values())
    return (key for key in api.keys if any(value.endswith(key) for value in values))
