"""Recording: what one emulator answers through a recorder, another replays byte for byte."""

from __future__ import annotations

import gzip
import json
import logging
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from emulator import Emulator
from emulator.cli import main
from emulator.language.document.reader import read
from tests import loopback
from tests.studio import Studio
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.slow, pytest.mark.measured]

KEY = "axp_live_0123456789abcdefSECRET"
OWN = {"X-API-Key": KEY}
OTHER = {"X-API-Key": "axp_live_another_key"}
AX = {"x-api-key": "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f"}
MODEL = "695fce4c27b4e3580e43d126"


def message(text: str, **more: Any) -> dict[str, Any]:
    said = [{"role": "user", "content": text}]
    return {"model": "apex-sonnet-4-20250501", "max_tokens": 64, "messages": said, **more}


Call = tuple[str, str, Any]
CALLS: list[Call] = [
    ("POST", "/messages", message("Hello!")),
    ("POST", "/messages", message("What is 2 + 2?")),
    ("POST", "/messages", message("What is 2 + 2?", stream=True)),
    ("POST", "/messages/stream", message("Tell me of the sea: 1e5, no, {{ braces }} {% and %} «ü» 😀")),
    ("POST", "/messages", message("Hello!")),
    ("GET", "/models?limit=3", None),
    ("GET", "/models?limit=2&family=haiku", None),
    ("GET", "/models", None),
    ("POST", "/messages", {"model": "nobody", "messages": [{"role": "user", "content": "x"}]}),
    ("POST", "/batch", {"requests": [message("One"), message("Two")]}),
    ("GET", "/status", None),
]


def play(base: str, calls: list[Call], headers: dict[str, str]) -> list[httpx.Response]:
    with loopback.Client(headers=headers, timeout=PATIENCE) as client:
        return [client.request(method, base + path, json=body) for method, path, body in calls]


def told(answer: httpx.Response) -> tuple[int, bytes, str]:
    return answer.status_code, answer.content, answer.headers.get("content-type", "")


def checked(file: Path) -> None:
    result = CliRunner().invoke(main, ["check", str(file)])
    assert (result.exit_code, result.output) == (0, "1 scenario OK\n")


def test_another_emulator_replays_what_was_recorded_byte_for_byte(studio: Studio) -> None:
    with studio.recording("aiexport") as (base, _):
        recorded = play(base, CALLS, OWN)
    assert [each.status_code for each in recorded] == [200, 200, 200, 200, 200, 200, 200, 200, 404, 202, 200]
    checked(studio.out)
    with studio.replaying("/v2") as base:
        replayed = play(base, CALLS, OTHER)
    assert [told(each) for each in replayed] == [told(each) for each in recorded]
    assert replayed[0].headers["x-cost-usd"] == recorded[0].headers["x-cost-usd"]
    assert KEY not in studio.out.read_text()


def test_the_order_of_replaying_does_not_matter_for_requests_that_differ(studio: Studio) -> None:
    calls = CALLS[1:4]
    with studio.recording("aiexport") as (base, _):
        recorded = play(base, calls, OWN)
    with studio.replaying("/v2") as base:
        replayed = play(base, calls[::-1], OTHER)
    assert [told(each) for each in replayed[::-1]] == [told(each) for each in recorded]


def test_the_same_request_is_answered_in_the_order_of_the_recording_and_then_as_the_last_time(studio: Studio) -> None:
    with studio.recording("aiexport") as (base, _):
        recorded = play(base, [CALLS[0]] * 3, OWN)
    assert len({each.content for each in recorded}) == 3
    with studio.replaying("/v2") as base:
        replayed = play(base, [CALLS[0]] * 4, OTHER)
    assert [each.content for each in replayed] == [each.content for each in [*recorded, recorded[-1]]]


def test_different_responses_to_one_request_are_the_replies_of_one_rule(studio: Studio, tmp_path: Path) -> None:
    unsteady = tmp_path / "unsteady.yaml"
    unsteady.write_text(
        "scenario: unsteady\nextends: default\nrules:\n- on: models.list\n  when: {query.limit: 1}\n  replies:\n"
        "  - {times: 2, status: 503, text: Not yet.}\n"
        "  - {error: overloaded}\n"
        "  - {stream: {events: [{event: one, data: {n: 1}}, {text: '[DONE]'}]}}\n"
        "  - {times: 3, body: {data: [], next: '{{ request.origin }}/v2/models'}}\n"
        "  - {body: {data: [last]}}\n"
    )
    again, other = ("GET", "/models?limit=1", None), ("GET", "/models?limit=2", None)
    calls = [again, again, other, *[again] * 8, other]
    with Emulator(scenarios=[str(unsteady)]) as upstream, studio.recording("aiexport", upstream.url) as (base, _):
        recorded = play(base, calls, OWN)
    checked(studio.out)
    rules = read(studio.out).data["rules"]
    assert [(rule["when"], len(rule.get("replies", []))) for rule in rules] == [
        ({"query.limit": 1}, 5),
        ({"query.limit": 2}, 0),
    ]
    assert [reply.get("times") for reply in rules[0]["replies"]] == [2, None, None, 3, None]
    with studio.replaying("/v2") as replayer:
        replayed = play(replayer, [*calls, again], OTHER)
    expected = [*recorded, recorded[-2]]
    bodies = [each.content.replace(base.encode(), replayer.encode()) for each in expected]
    assert [each.content for each in replayed] == bodies
    assert [told(each)[::2] for each in replayed] == [told(each)[::2] for each in expected]


def test_a_recording_of_an_older_version_with_a_rule_for_each_response_is_still_replayed(studio: Studio) -> None:
    rule = "- {name: recorded models.list %d, on: models.list, when: {%s}, unchecked: true, reply: {text: %s}}\n"
    older = [(1, "query.limit: 1, times: 2", "first"), (3, "query.limit: 1, times: 1", "then"), (4, "", "last")]
    studio.out.write_text(
        "scenario: recorded\napis: {aiexport: null}\nrules:\n" + "".join(rule % each for each in older)
    )
    checked(studio.out)
    with studio.replaying("/v2") as base:
        replayed = play(base, [("GET", "/models?limit=1", None)] * 5, OTHER)
    assert [each.text for each in replayed] == ["first", "first", "then", "last", "last"]


def test_a_run_that_is_polled_for_is_recorded_and_its_url_points_to_the_replayer(studio: Studio) -> None:
    run = ("POST", "/v2/agents/68f0000000000000000000a1/run", {"query": "What is 2 + 2?"})
    stats = ("POST", "/sdk/models/stats", {"startDay": "2020-01-01", "endDay": "2020-01-02", "modelId": MODEL})
    with studio.recording("aixplain") as (base, _):
        (started,) = play(base, [run], AX)
        url = started.json()["data"]
        assert url.startswith(base)
        poll = ("GET", url.removeprefix(base), None)
        polled = play(base, [poll, stats], AX)
    checked(studio.out)
    with studio.replaying() as base:
        (again,) = play(base, [run], AX)
        assert again.json() == {**started.json(), "data": base + poll[1]}
        assert [told(each) for each in play(base, [poll, stats], AX)] == [told(each) for each in polled]


def test_what_the_emulator_does_not_know_is_replayed_all_the_same(studio: Studio, tmp_path: Path) -> None:
    more = tmp_path / "more.yaml"
    more.write_text(
        "scenario: more\nabout: One model more.\nextends: default\n"
        "apis: {aixplain: {collections: {models: [{id: mine, name: Mine}]}}}\n"
    )
    call = ("POST", "/api/v2/execute/mine", {"text": "What is 2 + 2?"})
    with Emulator(scenarios=[str(more)]) as upstream, studio.recording("aixplain", upstream.url) as (base, _):
        recorded = play(base, [call], AX)
    with studio.replaying() as base:
        replayed = play(base, [call], AX)
    assert recorded[0].status_code == 200
    assert [told(each) for each in replayed] == [told(each) for each in recorded]


def test_secrets_are_never_written_not_even_where_they_are_echoed(studio: Studio) -> None:
    grant = {"grant_type": "client_credentials", "client_id": "demo-enterprise", "client_secret": "demo-secret"}
    with studio.recording("aiexport") as (base, _), loopback.Client() as client:
        token = client.post(f"{base}/oauth/token", data=grant).json()["access_token"]
        keys = client.get(f"{base}/keys", headers=OWN).json()["data"]
        made = client.post(f"{base}/keys/{keys[0]['id']}/rotate", headers=OWN).json()["key"]
        client.get(f"{base}/models?api_key=query-secret-1", headers={"Authorization": f"Bearer {token}"})
        client.post(f"{base}/messages", headers=OWN | {"Cookie": "a=cookie-secret"}, json=message(f"My key is {KEY}."))
        client.post(f"{base}/messages", headers=OWN, json={**message("x"), "model": KEY})
    text = studio.out.read_text()
    for secret in (token, made, KEY, "demo-secret", "query-secret-1", "cookie-secret"):
        assert secret not in text
    assert "********" in text
    checked(studio.out)


def test_an_upstream_that_goes_down_is_reported_and_what_was_recorded_is_kept(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    with Emulator(scenarios=["default"]) as upstream, studio.recording("aiexport", upstream.url) as (base, _):
        play(base, CALLS[:1], OWN)
        before = studio.out.read_bytes()
        upstream.stop()
        with caplog.at_level(logging.ERROR, "emulator"):
            (answer,) = play(base, CALLS[:1], OWN)
    assert answer.status_code == 502
    assert set(answer.json()) == {"type", "error", "request_id"}
    assert "is unreachable" in answer.json()["error"]["message"]
    assert "Exchanges recorded in recorded.yaml so far: 1" in answer.headers["x-emulator-hint"]
    assert "is unreachable" in caplog.text
    assert studio.out.read_bytes() == before
    checked(studio.out)


def test_the_file_is_a_scenario_after_every_exchange(studio: Studio) -> None:
    with studio.recording("aiexport") as (base, _):
        checked(studio.out)
        for call in CALLS[:4]:
            play(base, [call], OWN)
            checked(studio.out)
    assert [file.name for file in studio.out.parent.iterdir()] == ["recorded.yaml"]


def test_a_path_cannot_forge_lines_of_the_log(studio: Studio, caplog: pytest.LogCaptureFixture) -> None:
    with studio.recording("aiexport") as (base, _), caplog.at_level(logging.WARNING, "emulator"):
        play(base.removesuffix("/v2"), [("GET", "/v2/nowhere%0aforged%00", None)], OWN)
    assert "GET /v2/nowhere%0Aforged%00" in caplog.text


def test_a_recorder_has_no_control_api_and_records_no_unknown_path(studio: Studio) -> None:
    with studio.recording("aiexport") as (base, recorder):
        answers = play(base.removesuffix("/v2"), [("GET", "/_emulator", None), ("GET", "/v2/nowhere", None)], OWN)
        assert [each.status_code for each in answers] == [404, 404]
        assert recorder.recording_file.count == 0


@pytest.mark.finding("L3")
@pytest.mark.parametrize("name", ["X-Emulator-Fault", "X-Emulator-World", "X-Emulator-Provenance"])
def test_a_header_that_only_an_emulator_reads_is_refused(studio: Studio, name: str) -> None:
    with studio.recording("aiexport") as (base, recorder):
        (answer,) = play(base, CALLS[:1], OWN | {name: "1"})
        assert recorder.recording_file.count == 0
    reason = f"{name} has no effect on a recorder, which forwards calls as they are; leave it out"
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, reason)
    assert answer.headers["x-emulator-hint"].startswith(reason)


def test_a_secret_of_a_call_that_is_not_recorded_leaves_the_file(studio: Studio) -> None:
    with studio.recording("aiexport") as (base, recorder):
        play(base, [("POST", "/messages", message(text)) for text in (f"Is {KEY} mine?", "No.")], OTHER)
        assert KEY in studio.out.read_text(), "nobody knows yet that it is one"
        play(base, [("GET", "/nowhere", None)], OWN)
        assert KEY not in studio.out.read_text()
        assert recorder.recording_file.count == 2


def test_a_call_without_a_key_is_not_recorded(studio: Studio) -> None:
    with studio.recording("aiexport") as (base, recorder):
        (answer,) = play(base, CALLS[:1], {})
        assert answer.status_code == 401
        assert recorder.recording_file.count == 0


def test_a_file_that_is_there_is_written_over_with_force(studio: Studio) -> None:
    studio.out.write_text("mine")
    with studio.recording("aiexport", force=True):
        assert "mine" not in studio.out.read_text()
        checked(studio.out)


@pytest.mark.finding("A2")
def test_a_compressed_request_is_recorded_as_what_it_says_and_forwarded_as_it_is(studio: Studio) -> None:
    headers = {**OWN, "content-encoding": "gzip", "content-type": "application/json"}
    body = gzip.compress(json.dumps(message("Hello!")).encode())
    with studio.recording("aiexport") as (base, _), loopback.Client(headers=headers, timeout=PATIENCE) as client:
        recorded = client.post(base + "/messages", content=body)
    assert recorded.status_code == 200
    assert "Hello!" in studio.out.read_text()
    with studio.replaying("/v2") as base:
        (replayed,) = play(base, [("POST", "/messages", message("Hello!"))], OTHER)
    assert told(replayed) == told(recorded)
