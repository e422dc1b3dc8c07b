"""Verifying: a target that is an emulator holds, one that was changed is told of claim by claim."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from xml.etree import ElementTree as xml

import httpx
import pytest
from click.testing import CliRunner, Result
from starlette.types import Receive, Scope, Send

from emulator import Emulator
from emulator.cli import main
from emulator.errors import ConfigError
from emulator.verify import run as play
from emulator.verify.command import verify
from emulator.verify.run import examples
from tests.running import live, loaded
from tests.studio import Served

pytestmark = [pytest.mark.slow, pytest.mark.measured]

CHANGED = """
scenario: changed
about: Five things are not as they should be.
extends: default
rules:
  - on: status.get
    reply: {body: {status: 7, description: All systems operational}}
  - on: models.list
    reply: {status: 206, body: {}}
  - on: messages.stream
    reply: {stream: {events: [{event: message_start, data: {type: message_start}}, {text: "[DONE]"}]}}
  - on: messages.create
    when: {body.stream: true}
    reply: {stream: {events: [
      {event: content_block_start, data: {type: content_block_start, index: 0, content_block: {type: text, text: ""}}},
      {event: message_start, data: {type: message_start}}]}}
  - on: messages.list
    reply: {headers: {Content-Type: application/problem+json}, body: {object: list, data: [], has_more: false}}
"""


def check(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["verify", *arguments])


@pytest.fixture(scope="module")
def target() -> Iterator[str]:
    with Emulator(scenarios=["default"], seed=5) as emulator:
        yield emulator.url


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    path = tmp_path_factory.mktemp("changed") / "changed.yaml"
    path.write_text(CHANGED)
    with Emulator(scenarios=[str(path)]) as emulator:
        yield emulator.url


@pytest.mark.parametrize("api", ["aiexport", "aixplain"])
def test_another_emulator_answers_alike(api: str, target: str) -> None:
    result = check("--api", api, "--target", target)
    assert result.exit_code == 0, result.output
    assert result.output.rstrip().endswith("0 differ")


@pytest.mark.parametrize("api", ["aiexport", "aixplain"])
def test_every_operation_is_played(api: str) -> None:
    playbook = loaded("default")
    plan = playbook.apis[api]
    assert set(plan.operations) - {each.operation.name for each in examples(plan)} == set()


def test_what_differs_is_reported_by_claim_as_text_and_as_junit(changed: str, tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    result = check("--api", "aiexport", "--target", f"{changed}/v2", "--junit", str(report))
    assert result.exit_code == 1
    for line in (
        "status.get, example 1: body.status: expected a text, got a number",
        "status.get, example 1: body.version: expected a text, got nothing",
        "models.list, example 1: status: expected 200, got 206",
        "messages.stream, example 1: events: expected message_start, content_block_start, content_block_delta,",
        "messages.stream, example 1: event message_start.message: expected a mapping, got nothing",
        "messages.create, example 3: events: expected message_start, content_block_start, content_block_delta, "
        "content_block_stop, message_delta, message_stop, got content_block_start, message_start",
        "messages.list, example 1: header content-type: expected application/json, got application/problem+json",
    ):
        assert line in result.output
    assert "differs    AE-STATUS              documented" in result.output
    assert "holds      AE-MSG-JSON            documented" in result.output
    suite = xml.fromstring(report.read_text())
    failed = {case.get("name") for case in suite.iter("testcase") if case.find("failure") is not None}
    assert suite.get("failures") == str(len(failed))
    assert {"AE-STATUS", "AE-MODELS-ROUTE", "AE-STREAM-ROUTE"} <= failed
    assert "AE-MSG-JSON" not in failed


def test_a_header_that_is_missing_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "bare.yaml"
    path.write_text(
        "scenario: bare\nabout: Without a header.\nextends: default\n"
        "rules: [{on: messages.list, reply: {headers: {X-API-Version: null}, "
        "body: {object: list, data: [], has_more: false}}}]\n"
    )
    with Emulator(scenarios=[str(path)]) as emulator:
        result = check("--api", "aiexport", "--target", emulator.url)
    assert "messages.list, example 1: header x-api-version: expected one, got none" in result.output
    assert result.exit_code == 1


def test_a_key_that_is_refused_is_reported_in_one_line_and_never_shown(target: str) -> None:
    result = check("--api", "aiexport", "--target", target, "--key", "axp_test_revoked")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.endswith(f"--target {target} rejects the key (401); set one that it knows with --key\n")
    assert "axp_test_revoked" not in result.output


def test_a_target_that_stops_answering_is_reported_in_one_line() -> None:
    """It answers that it is there, and then nothing any more."""
    with Served(mute) as served:
        with pytest.raises(ConfigError) as caught:
            verify("aiexport", [served.url], None, None, print, httpx.Timeout(1.0))
        wanted = f"--target {served.url} is no longer reachable: no reply: it timed out"
    assert str(caught.value) == wanted


def test_a_target_whose_answers_never_end_is_reported_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Something comes all the time, so nobody waits for long, and yet for ever."""
    monkeypatch.setattr(play, "MAX_REPLY", 0.2)
    with Served(endless) as served:
        with pytest.raises(ConfigError) as caught:
            verify("aiexport", [served.url], None, None, print)
        wanted = f"--target {served.url} is no longer reachable: no reply: it had not ended after 0.2 s"
    assert str(caught.value) == wanted


async def endless(connection: Scope, receive: Receive, send: Send) -> None:
    if connection["type"] == "lifespan":
        await live(receive, send)
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
    message = {"type": "http.request"}
    while message["type"] != "http.disconnect":
        await send({"type": "http.response.body", "body": b": wait\n\n", "more_body": True})
        with suppress(TimeoutError):
            message = dict(await asyncio.wait_for(receive(), 0.02))


async def mute(connection: Scope, receive: Receive, send: Send) -> None:
    if connection["type"] == "lifespan":
        await live(receive, send)
        return
    if connection["path"] != "/":
        while (await receive())["type"] != "http.disconnect":
            pass
        return
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


def test_a_job_is_polled_to_its_end(target: str) -> None:
    """The documents say that it is; an answer on the way says nothing of results."""
    with Emulator(scenarios=["default"]) as emulator:
        result = check("--api", "aixplain", "--target", emulator.url)
        assert result.exit_code == 0, result.output
        said = emulator.requests("agents.result").all()
    assert said[-1].reply_body["completed"] is True
    assert len(said) > 1


def test_what_was_made_is_taken_away_again() -> None:
    with Emulator(scenarios=["default"]) as emulator:
        assert check("--api", "aixplain", "--target", emulator.url).exit_code == 0
        made = {each.reply_body["id"] for each in emulator.requests("sessions.create", status=201)}
        gone = {each.path.rpartition("/")[2] for each in emulator.requests("sessions.delete", status=200)}
        keys = {each.reply_body["id"] for each in emulator.requests("keys.create", status=201)}
        revoked = {each.path.rpartition("/")[2] for each in emulator.requests("keys.delete", status=200)}
    assert (made, keys) == (gone, revoked)
    assert made
    assert keys


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--api", "aiexprt"],
            "unknown API 'aiexprt'; expected one of: aiexport, aixplain; did you mean 'aiexport'?",
        ),
        (["--target", "here"], "--target is 'here'; expected a URL such as https://api.example.com"),
        (["--target", "http://127.0.0.1:1"], "--target http://127.0.0.1:1 is unreachable: "),
        (["--junit", "no/where.xml"], "--junit is 'no/where.xml', which can't be written: No such file or directory"),
    ],
)
def test_an_error_is_reported_and_the_status_is_2(arguments: list[str], said: str, target: str) -> None:
    given = {"--api": "aiexport", "--target": target, arguments[0]: arguments[1]}
    result = check(*(word for pair in given.items() for word in pair))
    assert result.exit_code == 2
    assert said in result.stderr
