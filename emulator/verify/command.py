"""`emulator verify`: runs every example here and against a target, and reports the differences."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import httpx

from emulator.app import Application, build
from emulator.errors import ConfigError
from emulator.playbook.apis import Api
from emulator.record.upstream import Upstreams, client, describe, find_api, parse_upstreams
from emulator.settings.options import load_settings
from emulator.verify.compare import compare
from emulator.verify.report import Outcome, Report, junit, text
from emulator.verify.run import CallFailed, ExamplePlayer, NoReply, PlannedCall, VerifiedReply, examples

HERE = "http://emulator.invalid"  # the emulator in this process; no name is looked up
TIMEOUT = httpx.Timeout(60.0, connect=10.0)
MAX_FAILURES = 3  # failures in a row that stop the run: the target as a whole is not usable
UNAUTHORIZED = 401


def verify(
    api: str,
    target: Sequence[str],
    key: str | None,
    out: str | None,
    report_line: Callable[[str], None],
    timeout: httpx.Timeout = TIMEOUT,
) -> int:
    """Returns 0 when the target responds as the emulator does, else 1.

    Raises ConfigError for an unknown API, a target that is invalid, unreachable or rejects the key, and a report that
    can't be written.
    """
    app = build(load_settings({"scenarios": (find_api(api),), "cache": "off"}, {}))
    (api_plan,) = app.playbook.apis.values()
    targets = parse_upstreams("--target", target, api_plan.base)
    if out is not None:
        _write(Path(out), None)  # check that it can be written before any request is sent
    report = asyncio.run(_report(app, api_plan, targets, key, timeout))
    for line in text(report):
        report_line(line)
    if out is not None:
        _write(Path(out), junit(report))
    return int(report.differs)


def _write(path: Path, report: bytes | None) -> None:
    """Writes a report, or with None only checks that it can be written."""
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


async def _report(app: Application, api: Api, targets: Upstreams, key: str | None, timeout: httpx.Timeout) -> Report:
    examples_to_run = [each for each in examples(api) if _is_served(each, targets)]
    known = {(each.operation.name, each.number): each for each in examples_to_run}
    own = parse_upstreams("", [HERE], api.base)
    demo = _demo_key(api)
    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(app), trust_env=False) as here,
        client(targets, timeout) as there,
    ):
        await _check_reachable(there, targets)
        reference = ExamplePlayer(api, known, here, own, demo, app.clock)
        player = ExamplePlayer(api, known, there, targets, key or demo, app.clock)
        try:
            outcomes = await _Progress(reference, player, ", ".join(targets.origins)).outcomes(examples_to_run)
        finally:
            remaining = await player.clean()
            await app.close()
    not_run = sorted(set(api.operations) - {each.operation.name for each in examples_to_run})
    return Report(
        api, ", ".join(targets.origins), outcomes, not_run, [f"{made.operation} {made.id}" for made in remaining]
    )


class _Progress:
    """Runs examples here and against the target, and stops when the target as a whole is not usable."""

    def __init__(self, reference: ExamplePlayer, target: ExamplePlayer, name: str) -> None:
        self._reference = reference
        self._target = target
        self._name = name
        self._unreachable = self._refused = 0
        self._admitted = False

    async def outcomes(self, examples_to_run: Sequence[PlannedCall]) -> list[Outcome]:
        """Runs all examples. Raises ConfigError when several in a row get no response, or only 401."""
        return [Outcome(each.title, each.claims, await self._differences(each)) for each in examples_to_run]

    async def _differences(self, example: PlannedCall) -> tuple[str, ...]:
        # Concurrently, so that jobs have the same age in both.
        expected, actual = await asyncio.gather(_run(self._reference, example), _run(self._target, example))
        self._unreachable = self._unreachable + 1 if isinstance(actual, NoReply) else 0
        if self._unreachable == MAX_FAILURES:
            raise ConfigError(f"--target {self._name} is no longer reachable: {actual}")
        if isinstance(expected, CallFailed) or isinstance(actual, CallFailed):
            return (str(actual if isinstance(actual, CallFailed) else expected),)
        self._check_key(example, expected, actual)
        return tuple(compare(expected, actual))

    def _check_key(self, example: PlannedCall, expected: VerifiedReply, actual: VerifiedReply) -> None:
        if not example.operation.auth or expected.status >= 400:
            return
        self._admitted = self._admitted or actual.status != UNAUTHORIZED
        self._refused += 1
        if self._refused == MAX_FAILURES and not self._admitted:
            raise ConfigError(f"--target {self._name} rejects the key (401); set one that it knows with --key")


async def _run(player: ExamplePlayer, example: PlannedCall) -> VerifiedReply | CallFailed:
    try:
        return await player.play(example)
    except CallFailed as error:
        return error


def _is_served(example: PlannedCall, targets: Upstreams) -> bool:
    """Whether one of the targets serves the example's host; a single target serves all."""
    host = example.operation.host
    return host is None or len(targets.urls) == 1 or any(url.host == host for url in targets.urls)


async def _check_reachable(http: httpx.AsyncClient, targets: Upstreams) -> None:
    """Raises ConfigError when one of the targets is unreachable."""
    for origin in targets.origins:
        try:
            async with http.stream("GET", origin):  # any response will do
                pass
        except httpx.HTTPError as error:
            raise ConfigError(f"--target {origin} is unreachable: {describe(error)}") from error


def _demo_key(api: Api) -> str | None:
    """Returns the key of the API's example, or else its first key."""
    shown = _shown(api)
    return next(shown, None) or next(iter(api.keys), None)


def _shown(api: Api) -> Iterator[str]:
    values = [] if api.example is None else list(api.example.headers.values())
    return (key for key in api.keys if any(value.endswith(key) for value in values))
