"""`X-Emulator-Fault`: what it may say, and that anything else is a 400 that costs nothing."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.engine.accounting import limit_states
from emulator.errors import ConfigError
from emulator.faults.header import armed_order, requested_faults
from emulator.faults.registry import FAULTS
from tests.faults.conftest import BODY, Faulty
from tests.running import loaded
from tests.small import KEY


@pytest.mark.parametrize(
    ("line", "played"),
    [
        ("malformed_json", ("malformed_json",)),
        ("latency=0s", ("latency",)),
        (" latency ; delay = 0s ; jitter=0s , truncate_body;bytes=3 ", ("latency", "truncate_body")),
        ('status; status=503; message="later, perhaps; or not", latency=0s', ("status", "latency")),
        ("fixedDelayMilliseconds=0", ("latency",)),
        ('status; message="a { in quotes"', ("status",)),
        ("truncate_body=3, malformed_json, latency=0s", ("malformed_json", "latency", "truncate_body")),
    ],
)
def test_what_it_may_say(faulty: Faulty, line: str, played: tuple[str, ...]) -> None:
    faulty.everything(line)
    assert faulty.emulated.exchanges(1)[0].faults == played


@pytest.mark.bound("`X-Emulator-Fault`")
@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("latncy=2s", "did you mean 'latency'?"),
        ("reset_pear", "did you mean 'reset_peer'?"),
        ("cut_after", "events is missing; expected a whole number from 0"),
        ("cut_after; event=3", "did you mean 'events'?"),
        ("cut_after=-1", "expected a whole number from 0; found '-1'"),
        ("cut_after=three", "expected a whole number from 0; found 'three'"),
        ("latency=2", "expected a duration such as '340ms'"),
        ("latency=0x2s", "expected a duration"),
        ("timeout=soon", "expected a duration such as '340ms'"),
        ("split=charcter", "did you mean 'character'?"),
        ("bandwidth=fast", "expected a rate such as '10KB/s'"),
        ("bandwidth", "expected either a rate"),
        ("status=99", "from 400 to 599"),
        ("status; error=overlaoded", "unknown error 'overlaoded'"),
        ("malformed_json=1", "it takes no parameters"),
        ("empty_response=1", "its parameter has to be named: done (one of: yes, no, random)"),
        ("reset_peer; done=maybe", "done: expected yes, no or random; found 'maybe'"),
        ("latency; 2s", "'2s' is not a parameter; expected latency; delay=2s, or latency=2s"),
        ("latency=2s; delay=1s", "delay is given twice: latency=2s is short for latency; delay=2s"),
        ("malformed_json=1; where=x", "unknown parameter 'where'; there are none"),
        ("reset_peer=no", "found 'no'; did you mean `done: no`?"),
        ("", "the name of a fault is missing"),
        ("latency=1s,", "the name of a fault is missing"),
        (";", "the name of a fault is missing"),
        ("\xff\xfe", "unknown fault"),
        (",".join(["latency=1s"] * 21), "more than 20 faults"),
        ('"' * 2_001, "more than 2,000 characters"),
        ('status; message="later', "a quote or a bracket has no counterpart"),
        ("latency; uniform=[1s, 2s", "a quote or a bracket has no counterpart"),
        ("latency; uniform=]1s[", "a quote or a bracket has no counterpart"),
        ("latency; lognormal={p50: 1s, sigma: 1, mst: 2s}", "unknown key 'mst' in lognormal"),
        ("latency; lognormal={p50: {}", "a quote or a bracket has no counterpart"),
        ("latency; lognormal={p50: 1s, p50: 2s}", "duplicate key 'p50'"),
        ("latency; lognormal={p50: *a}", "{p50: *a}: "),
        ("refuse", "arm it with POST /_emulator/faults, or write it in a scenario's rule"),
        ("latency=1s, refuse; lasts=30d", "refuse closes the port to every client, so no header may name it"),
    ],
)
def test_anything_else_is_a_400_in_the_shape_of_the_api(faulty: Faulty, line: str, hint: str) -> None:
    with faulty.wire() as wire:
        lines: list[tuple[str, str | bytes]] = [*KEY.items(), ("X-Emulator-Fault", line.encode("latin-1"))]
        answer = wire.ask("POST", "/one", lines, b"")
    said = answer.json()
    assert (answer.status, said["kind"], said["about"]) == (400, "invalid", "X-Emulator-Fault")
    assert hint in said["said"]
    assert "expected X-Emulator-Fault: name; param=value, name2; param=value" in (
        answer.header("x-emulator-hint") or ""
    )


def test_the_hint_has_the_nearest_name_and_not_the_whole_list_again(faulty: Faulty) -> None:
    with faulty.wire() as wire:
        answer = wire.ask("POST", "/one", [*KEY.items(), ("X-Emulator-Fault", "reset_pear")], b"")
    assert answer.header("x-emulator-hint") == (
        "unknown fault 'reset_pear'; did you mean 'reset_peer'? "
        "(expected X-Emulator-Fault: name; param=value, name2; param=value)"
    )


@pytest.mark.parametrize(
    ("line", "fault", "parameters"),
    [
        ("status=502; page=nginx", "status", {"status": 502, "page": "nginx"}),
        ("latency=2s; jitter=1s", "latency", {"delay": "2s", "jitter": "1s"}),
        ("chunkedDribbleDelay=1000; numberOfChunks=5", "bandwidth", {"over": "1s", "parts": 5}),
    ],
)
def test_a_first_parameter_without_its_name_may_have_others_beside_it(
    line: str, fault: str, parameters: object
) -> None:
    api = loaded("default").apis["aiexport"]
    found = requested_faults([(b"x-emulator-fault", line.encode())], api, api.operations["messages.create"])
    assert found == (FAULTS.make(fault, parameters),)


LOGNORMAL = {"lognormal": {"p50": "2s", "sigma": 0.5, "most": "4s"}}
UNIFORM = {"uniform": ["1s", "2s"]}


@pytest.mark.finding("L3")
@pytest.mark.parametrize(
    ("line", "parameters"),
    [
        ("latency; lognormal={p50: 2s, sigma: 0.5, most: 4s}", LOGNORMAL),
        ('latency; lognormal={"p50": "2s", "sigma": 0.5, "most": "4s"}', LOGNORMAL),
        ("latency={lognormal: {p50: 2s, sigma: 0.5, most: 4s}}", LOGNORMAL),
        ("latency;lognormal={p50: 2s, sigma: 0.5, most: 4s};jitter=1s", LOGNORMAL | {"jitter": "1s"}),
        ("latency; delay={lognormal: {p50: 2s, sigma: 0.5, most: 4s}}", {"delay": LOGNORMAL}),
        ("latency; uniform=[1s, 2s]", UNIFORM),
        ("latency={uniform: [1s, 2s]}", UNIFORM),
        ("delayDistribution={type: uniform, lower: 1000, upper: 2000}", UNIFORM),
    ],
)
def test_a_parameter_that_is_no_text_is_written_as_in_a_scenario(line: str, parameters: object) -> None:
    api = loaded("default").apis["aiexport"]
    lines = [(b"x-emulator-fault", f"{line}, malformed_json".encode())]
    found = requested_faults(lines, api, api.operations["messages.create"])
    assert found == (FAULTS.make("latency", parameters), FAULTS.make("malformed_json", None))


def test_an_invalid_header_costs_nothing_and_applies_no_fault(faulty: Faulty) -> None:
    with faulty.wire() as wire:
        wire.send(faulty.asks("latency=1s, nonsense"))
        assert wire.answer().status == 400
        wire.send(faulty.asks(None))
        assert wire.answer().body == BODY
    assert [exchange.faults for exchange in faulty.emulated.exchanges(2)] == [(), ()]
    service = faulty.emulated.app.pipeline.services["small"]
    assert limit_states(service, "key-of-ann")["calls"]["used"] == 1


def test_it_is_for_this_request_only(faulty: Faulty) -> None:
    faulty.everything("reset_peer")
    assert faulty.everything(None)[1] == "closed"


def test_two_lines_are_one_list(faulty: Faulty) -> None:
    lines: list[tuple[str, str | bytes]] = [*KEY.items(), ("X-Emulator-Fault", "latency=0s")]
    with faulty.wire() as wire:
        assert wire.ask("POST", "/one", [*lines, ("X-Emulator-Fault", "status=503")], b"").status == 503
    assert faulty.emulated.exchanges(1)[0].faults == ("latency", "status")


def test_an_event_comes_a_thousand_times_at_most(faulty: Faulty) -> None:
    with faulty.wire() as wire:
        lines: list[tuple[str, str | bytes]] = [*KEY.items(), ("X-Emulator-Fault", "duplicate_event; times=3000000")]
        answer = wire.ask("POST", "/one", lines, b"")
    assert answer.status == 400
    assert "from 1 to 1000" in answer.json()["said"]


NO_STREAM = "this request is not answered with a stream"
NO_JOB = "this request started no job"


@pytest.mark.finding("L3")
@pytest.mark.parametrize(
    ("line", "hint"),
    [
        (
            "cut_after; events=1",
            f"the fault cut_after did not play: it is for streams, and {NO_STREAM}",
        ),
        ("stuck", f"the fault stuck did not play: it is for jobs, and {NO_JOB}"),
        (
            "latency=0s, stuck, bad_signature",
            f"the fault stuck did not play: it is for jobs, and {NO_JOB}; "
            f"the fault bad_signature did not play: it is for webhooks, and {NO_JOB} that tells of its end",
        ),
        ("latency=0s", None),
    ],
)
def test_a_fault_that_did_not_play_is_told_of(faulty: Faulty, line: str, hint: str | None) -> None:
    with faulty.wire() as wire:
        answer = wire.ask("POST", "/one", [*KEY.items(), ("X-Emulator-Fault", line)], b"")
    assert (answer.status, answer.header("x-emulator-hint")) == (200, hint)


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("reset_peer", {"fault": "reset_peer"}),
        ("status=503", {"fault": "status", "params": "503"}),
        (
            "messages.*: status=503; probability=0.1",
            {"fault": "status", "params": "503", "on": ["messages.*"], "probability": 0.1},
        ),
        (
            "aiexport/batch.create, messages.* : latency ; delay=1s; times=2; after=10s",
            {
                "fault": "latency",
                "params": {"delay": "1s"},
                "on": ["aiexport/batch.create", "messages.*"],
                "times": 2,
                "after": "10s",
            },
        ),
        # `after` is a parameter of this fault.
        ("error_event; after=4; for=1m", {"fault": "error_event", "params": {"after": "4"}, "for": "1m"}),
        (
            'status; status=503; message="a: b; c"',
            {"fault": "status", "params": {"status": "503", "message": "a: b; c"}},
        ),
        ("status=502; page=nginx", {"fault": "status", "params": {"status": "502", "page": "nginx"}}),
        (
            "status=502; page=nginx; times=2",
            {"fault": "status", "params": {"status": "502", "page": "nginx"}, "times": 2},
        ),
        ("fixedDelayMilliseconds=10; nth=1", {"fault": "fixedDelayMilliseconds", "params": "10", "nth": 1}),
    ],
)
def test_a_fault_to_be_armed_is_written_likewise(text: str, order: dict[str, Any]) -> None:
    assert armed_order(text) == order


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the name of a fault is missing"),
        ("messages.*: statuss=503", "did you mean 'status'?"),
        ("status=503; tims=2", "unknown parameter 'tims'; expected one of: status, "),
        ("latency; tims=2", "unknown parameter 'tims'"),
        ("latency; delay=1s; times=two", "times is 'two'; expected a number"),
        ("latency; delay=1s; times", "'times' is not a parameter"),
    ],
)
def test_a_wrong_one_says_what_was_expected(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        armed_order(text)
    assert said in str(caught.value)
