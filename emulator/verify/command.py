"""The command: each example is played twice, here and against the target, and the differences are told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import httpx

from emulator import settings
from emulator.app import Application, build
from emulator.errors import ConfigError
from emulator.playbook import Api
from emulator.record.upstream import Upstreams, client, describe, find_api, parse_upstreams
from emulator.verify.compare import compare
from emulator.verify.report import Outcome, Report, junit, text
from emulator.verify.run import NoReply, PlannedCall, Player, Unplayable, VerifiedReply, examples

HERE = "http://emulator.invalid"  # the emulator in this process; no name is looked up
PATIENCE = httpx.Timeout(60.0, connect=10.0)
ENOUGH = 3  # examples in a row that say the same of the target as a whole
UNAUTHORIZED = 401


def verify(
    api: str,
    target: Sequence[str],
    key: str | None,
    out: str | None,
    say: Callable[[str], None],
    patience: httpx.Timeout = PATIENCE,
) -> int:
    """0 when the target answers as the emulator does, 1 when not. Raises ConfigError: an unknown API, a target that is
    none, does not answer or refuses the key, a report that can't be written."""
    app = build(settings.load({"scenarios": (find_api(api),), "cache": "off"}, {}))
    (served,) = app.playbook.apis.values()
    targets = parse_upstreams("--target", target, served.base)
    if out is not None:
        _write(Path(out), None)  # that it can't be written is told before anything is asked
    report = asyncio.run(_report(app, served, targets, key, patience))
    for line in text(report):
        say(line)
    if out is not None:
        _write(Path(out), junit(report))
    return int(report.differs)


def _write(path: Path, report: bytes | None) -> None:
    """Write a report, or only see that it can be."""
    try:
        if report is not None:
            path.write_bytes(report)
        elif path.exists():
            path.open("ab").close()
        else:
            path.touch()
            path.unlink()
    except OSError as error:
        raise ConfigError(f"--junit is {str(path)!r}, which can't be written: {error.strerror}") from error


async def _report(app: Application, api: Api, targets: Upstreams, key: str | None, patience: httpx.Timeout) -> Report:
    played = [each for each in examples(api) if _is_served(each, targets)]
    known = {(each.operation.name, each.number): each for each in played}
    own = parse_upstreams("", [HERE], api.base)
    demo = _demo_key(api)
    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(app), trust_env=False) as here,
        client(targets, patience) as there,
    ):
        await _reach(there, targets)
        reference = Player(api, known, here, own, demo, app.clock)
        player = Player(api, known, there, targets, key or demo, app.clock)
        try:
            outcomes = await _Progress(reference, player, ", ".join(targets.origins)).outcomes(played)
        finally:
            left = await player.clean()
            await app.close()
    unplayed = sorted(set(api.operations) - {each.operation.name for each in played})
    return Report(api, ", ".join(targets.origins), outcomes, unplayed, [f"{made.operation} {made.id}" for made in left])


class _Progress:
    """Plays examples here and there, and stops when the target as a whole is of no use."""

    def __init__(self, reference: Player, target: Player, name: str) -> None:
        self._reference = reference
        self._target = target
        self._name = name
        self._unanswered = self._refused = 0
        self._admitted = False

    async def outcomes(self, played: Sequence[PlannedCall]) -> list[Outcome]:
        """Raises ConfigError when nothing, or only 401, is answered to several examples in a row."""
        return [Outcome(each.title, each.claims, await self._differences(each)) for each in played]

    async def _differences(self, example: PlannedCall) -> tuple[str, ...]:
        # Together, so that jobs are of the same age here and there.
        wanted, found = await asyncio.gather(_tried(self._reference, example), _tried(self._target, example))
        self._unanswered = self._unanswered + 1 if isinstance(found, NoReply) else 0
        if self._unanswered == ENOUGH:
            raise ConfigError(f"--target {self._name} does not answer any more: {found}")
        if isinstance(wanted, Unplayable) or isinstance(found, Unplayable):
            return (str(found if isinstance(found, Unplayable) else wanted),)
        self._judge_key(example, wanted, found)
        return tuple(compare(wanted, found))

    def _judge_key(self, example: PlannedCall, wanted: VerifiedReply, found: VerifiedReply) -> None:
        if not example.operation.auth or wanted.status >= 400:
            return
        self._admitted = self._admitted or found.status != UNAUTHORIZED
        self._refused += 1
        if self._refused == ENOUGH and not self._admitted:
            raise ConfigError(f"--target {self._name} refuses the key (401); give one that it knows with --key")


async def _tried(player: Player, example: PlannedCall) -> VerifiedReply | Unplayable:
    try:
        return await player.play(example)
    except Unplayable as error:
        return error


def _is_served(example: PlannedCall, targets: Upstreams) -> bool:
    """Whether one of the targets is for the example's host: a single one is for all."""
    host = example.operation.host
    return host is None or len(targets.urls) == 1 or any(url.host == host for url in targets.urls)


async def _reach(asking: httpx.AsyncClient, targets: Upstreams) -> None:
    """Raises ConfigError when one of them does not answer at all."""
    for origin in targets.origins:
        try:
            async with asking.stream("GET", origin):  # whatever it says there, and however long
                pass
        except httpx.HTTPError as error:
            raise ConfigError(f"--target {origin} does not answer: {describe(error)}") from error


def _demo_key(api: Api) -> str | None:
    """The key of the API's example; else the first that it knows."""
    shown = _shown(api)
    return next(shown, None) or next(iter(api.keys), None)


def _shown(api: Api) -> Iterator[str]:
    values = [] if api.example is None else list(api.example.headers.values())
    return (key for key in api.keys if any(value.endswith(key) for value in values))
