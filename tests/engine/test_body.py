"""Reading bodies: bounded, whatever their framing, and said back as JSON or a form; clients that leave are noticed."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.engine.body import MAX_UNDER_WAY, UNCOUNTED, BodyQuota, QuotaExceeded
from emulator.http.exact_json import MAX_VALUES
from emulator.settings.options import Settings
from tests.apis.aiexport_calls import PRO, asking
from tests.running import Emulated, Running
from tests.small import KEY, Small, play
from tests.waiting import until
from tests.wire import Answer, Wire, request

ECHO = """
echo:
  route: POST /echo
  accept: [json, form, text]
  request: {type: object}
  rules: [{reply: {body: "{{ body }}"}}]
form:
  route: POST /form
  accept: [form]
  request: {type: object}
  rules: [{reply: {body: "{{ body }}"}}]
bodiless:
  route: POST /bodiless
  rules: [{reply: {body: {has: "{{ body is defined }}"}}}]
"""
CAP = 1_000
TINY = Settings(reload=False, max_body=CAP)
HEADERS = [*KEY.items(), ("content-type", "application/json")]


@pytest.fixture
def wire(small: Small) -> Iterator[Wire]:
    with Wire(small(ECHO, settings=TINY).running.port) as connected:
        yield connected


def padded(size: int) -> bytes:
    """A JSON object of so many bytes."""
    return b'{"a":"' + b"x" * (size - 8) + b'"}'


def chunked(*chunks: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))


def refused(answer: Answer, status: int, kind: str, words: str = "") -> None:
    assert (answer.status, answer.json()["kind"]) == (status, kind)
    assert words in answer.json()["said"]


@pytest.mark.finding("A10")
@pytest.mark.parametrize(
    ("body", "about", "reason"),
    [
        (b'{"a": 1, "b": 2, "a": 3}', "a", "more than once"),
        (b'{"in": [{"\\u0061" : {}, "a": []}]}', "in.0.a", "in.0.a: this key is given more than once"),
        (b'{"a": "\\u0022\\u0022", "b": 1, "b": 2}', "b", "more than once"),
        (b'{"a": 18446744073709551616}', "a", "more than 64 bits"),
        (b'{"list": [1, {"n": -9223372036854775809}]}', "list.1.n", "more than 64 bits"),
        (b'{"n":' + b"1" * 300 + b"}", "n", "more than 64 bits"),
    ],
)
def test_what_would_not_be_kept_exactly_is_refused_by_name(wire: Wire, body: bytes, about: str, reason: str) -> None:
    answer = wire.ask("POST", "/echo", HEADERS, body)
    refused(answer, 400, "invalid", reason)
    assert answer.json()["about"] == about


@pytest.mark.finding("A10")
@pytest.mark.parametrize(
    "body",
    [
        b'{"a": 18446744073709551615, "b": -9223372036854775808, "c": 1e30, "d": 0.1234567890123456789012}',
        b'{"a": "12345678901234567890123", "b": "\\u0022", "c": [{"a": 1}, {"a": 2}], "d": "\\"a\\": 1"}',
        '{"a": "é\\u00e9\\ud83d\\ude00", "": {"": 1}}'.encode(),
    ],
)
def test_what_only_looks_like_it_is_kept(wire: Wire, body: bytes) -> None:
    answer = wire.ask("POST", "/echo", HEADERS, body)
    assert (answer.status, answer.json()) == (200, json.loads(body))


@pytest.mark.bound("body")
def test_a_body_of_exactly_the_cap_is_read_and_a_byte_more_is_413(wire: Wire) -> None:
    assert wire.ask("POST", "/echo", HEADERS, padded(CAP)).status == 200
    refused(wire.ask("POST", "/echo", HEADERS, padded(CAP + 1)), 413, "too_large", "1,000 bytes")
    assert wire.ask("POST", "/echo", HEADERS, b"{}").status == 200  # the connection is still good


SIZED = ECHO.replace("  route: POST /form\n", "  route: POST /form\n  max_body: 2 KiB\n")


@pytest.mark.bound("body")
@pytest.mark.finding("A9")
def test_an_operation_takes_what_its_api_or_it_itself_says(small: Small) -> None:
    form = {**KEY, "content-type": "application/x-www-form-urlencoded"}
    client = small(SIZED, "max_body: 1 KiB").client("small")
    for path, headers, limit in (("/echo", dict(HEADERS), 1_024), ("/form", form, 2_048)):
        body = padded(limit) if path == "/echo" else b"a=" + b"x" * (limit - 2)
        assert client.post(path, content=body, headers=headers).status_code == 200
        response = client.post(path, content=body + b" ", headers=headers)
        assert (response.status_code, response.json()["kind"]) == (413, "too_large")
        assert f"larger than {limit:,} bytes" in response.json()["said"]
        assert "--max-body SIZE" in response.headers["x-emulator-hint"]


@pytest.mark.bound("body")
@pytest.mark.finding("A9")
def test_the_option_replaces_what_the_files_say(small: Small) -> None:
    client = small(SIZED, "max_body: 1 KiB", settings=Settings(reload=False, max_body=70_000)).client("small")
    assert client.post("/echo", content=padded(70_000), headers=dict(HEADERS)).status_code == 200
    assert client.post("/echo", content=padded(70_001), headers=dict(HEADERS)).status_code == 413


@pytest.mark.finding("A9")
def test_a_body_that_is_too_large_stands_in_the_journal_with_its_operation(small: Small) -> None:
    emulator = small(SIZED, "max_body: 1 KiB")
    assert emulator.client("small").post("/echo", content=padded(2_000), headers=dict(HEADERS)).status_code == 413
    assert emulator.client("small").post("/nowhere", content=padded(2_000), headers=dict(HEADERS)).status_code == 404
    too_large, nowhere = emulator.exchanges(2)
    assert (too_large.operation, too_large.status, nowhere.operation) == ("echo", 413, "")


@pytest.mark.finding("A9")
def test_a_body_beyond_reason_is_refused_before_it_comes(wire: Wire) -> None:
    wire.send(request("POST", "/echo", [*HEADERS, ("content-length", str(2**40))]))
    answer = wire.answer()
    refused(answer, 413, "too_large")
    assert answer.header("connection") == "close"


@pytest.mark.bound("long bodies")
@pytest.mark.finding("A9")
@pytest.mark.parametrize("coding", ["", "gzip"])
def test_others_get_a_turn_while_a_long_body_is_read(
    small: Small, monkeypatch: pytest.MonkeyPatch, coding: str
) -> None:
    emulator, turns = small(ECHO), []
    sleep = emulator.app.state.clock.sleep

    async def counted(seconds: float) -> None:
        turns.append(seconds)
        await sleep(seconds)

    monkeypatch.setattr(emulator.app.state.clock, "sleep", counted)
    body = padded(5 * 2**20)
    headers = dict(HEADERS) | ({"content-encoding": coding} if coding else {})
    sent = gzip.compress(body, 1) if coding else body
    assert emulator.client("small").post("/echo", content=sent, headers=headers).status_code == 200
    assert len(turns) >= 15  # a turn looks at 2 MiB for one of several things


@pytest.mark.bound("fields of a form or a query")
@pytest.mark.finding("A9")
def test_a_form_that_is_long_is_refused(small: Small) -> None:
    headers = {**KEY, "content-type": "application/x-www-form-urlencoded"}
    response = small(ECHO).client("small").post("/form", content=b"a=" + b"%41" * 100_000, headers=headers)
    assert (response.status_code, response.json()["said"]) == (413, "the form is larger than 262,144 bytes")


def test_a_chunked_body_is_counted_as_it_comes(wire: Wire) -> None:
    headers = [*HEADERS, ("transfer-encoding", "chunked")]
    for size, status in ((CAP, 200), (CAP + 1, 413), (4 * CAP, 413)):
        body = padded(size)
        wire.send(request("POST", "/echo", headers) + chunked(*(body[at : at + 70] for at in range(0, size, 70))))
        assert wire.answer().status == status


def test_a_client_that_asks_first_is_told_before_it_sends_anything(wire: Wire) -> None:
    """It sends no body after a 413, so what follows on the connection could be taken for one: the server closes it."""
    wire.send(request("POST", "/echo", [*HEADERS, ("expect", "100-continue"), ("content-length", str(CAP + 1))]))
    answer = wire.answer()
    refused(answer, 413, "too_large")
    assert answer.header("connection") == "close"
    assert wire.ended


def test_a_client_that_asks_first_with_a_body_that_fits_is_told_to_go_on(wire: Wire) -> None:
    wire.send(request("POST", "/echo", [*HEADERS, ("expect", "100-continue"), ("content-length", "7")]))
    assert wire.answer().status == 100
    wire.send(b'{"a":1}')
    assert wire.answer().json() == {"a": 1}


def test_a_client_that_asks_first_and_does_not_wait_is_told_all_the_same(wire: Wire) -> None:
    wire.send(request("POST", "/echo", [*HEADERS, ("Expect", "100-Continue"), ("content-length", "7")]) + b'{"a":1}')
    assert wire.answer().status == 100
    assert wire.answer().json() == {"a": 1}


def test_a_client_that_asks_first_and_sends_chunks_is_stopped_at_the_cap(wire: Wire) -> None:
    wire.send(request("POST", "/echo", [*HEADERS, ("expect", "100-continue"), ("transfer-encoding", "chunked")]))
    assert wire.answer().status == 100
    wire.send(chunked(padded(CAP + 1)))
    refused(wire.answer(), 413, "too_large")


def test_a_body_without_end_is_answered_and_cut_off(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.engine.body.LEAST_DISCARDED", 0)
    wire.send(request("POST", "/echo", [*HEADERS, ("transfer-encoding", "chunked")]))
    for _ in range(9):
        wire.send(b"%x\r\n%b\r\n" % (CAP, b"x" * CAP))
    answer = wire.answer()
    refused(answer, 413, "too_large")
    assert answer.header("connection") == "close"


@pytest.mark.one_worker("each process has a quota")
@pytest.mark.bound("bodies of all requests under way")
def test_bodies_beyond_the_quota_are_refused_and_small_ones_do_not_count(small: Small) -> None:
    emulated = small(ECHO)
    bodies = emulated.app.pipeline.bodies
    assert bodies.size == MAX_UNDER_WAY
    bodies.size = 100_000
    long, head = padded(160_000), [*HEADERS, ("content-length", "160000")]
    port = emulated.running.port
    with Wire(port) as slow, Wire(port) as other:
        slow.send(request("POST", "/echo", head) + long[:150_000])
        until(lambda: bodies.taken > 0)
        other.send(request("POST", "/echo", HEADERS, long))
        answer = other.answer()
        assert (answer.status, answer.json()["kind"]) == (503, "internal")
        assert "would take more than 100,000 bytes; send this one later" in answer.json()["said"]
        assert answer.header("retry-after") == "1", "though the API's error states none"
        other.send(request("POST", "/echo", HEADERS, padded(60_000)))
        assert other.answer().status == 200, "the connection goes on, and a small body does not count"
        slow.send(long[150_000:])
        assert slow.answer().status == 200
        until(lambda: bodies.taken == 0)
        other.send(request("POST", "/echo", HEADERS, long))
        assert other.answer().status == 200
    until(lambda: bodies.taken == 0)


def test_what_a_body_is_decoded_to_counts_too(small: Small) -> None:
    emulated = small(ECHO)
    bodies = emulated.app.pipeline.bodies
    bodies.size = 100_000
    coded = gzip.compress(padded(400_000))
    with Wire(emulated.running.port) as wire:
        wire.send(request("POST", "/echo", [*HEADERS, ("content-encoding", "gzip")], coded))
        assert wire.answer().status == 503
    until(lambda: bodies.taken == 0)


def test_what_a_small_body_might_be_decoded_to_does_not_count(small: Small) -> None:
    emulated = small(ECHO, "max_body: 64 MiB")
    emulated.app.pipeline.bodies.size = 100_000
    coded = {**dict(HEADERS), "content-encoding": "gzip"}
    response = emulated.client("small").post("/echo", content=gzip.compress(b'{"a":1}'), headers=coded)
    assert (response.status_code, response.json()) == (200, {"a": 1})


def test_a_body_that_exceeds_the_quota_once_decoded_is_not_kept(small: Small) -> None:
    emulated = small(ECHO)
    emulated.app.pipeline.bodies.size = 100_000
    coded = {**dict(HEADERS), "content-encoding": "gzip"}
    response = emulated.client("small").post("/echo", content=gzip.compress(padded(400_000)), headers=coded)
    (exchange,) = emulated.exchanges(1)
    assert (response.status_code, response.headers["retry-after"], exchange.body) == (503, "1", b"")


@pytest.mark.finding("A9")
def test_the_quota_is_four_times_the_largest_body_of_any_operation(small: Small) -> None:
    largest = SIZED.replace("max_body: 2 KiB", "max_body: 300 MiB")
    assert small(largest, "max_body: 1 KiB").app.pipeline.bodies.size == 4 * 300 * 2**20
    option = Settings(reload=False, max_body=70_000)
    assert small(largest, settings=option).app.pipeline.bodies.size == MAX_UNDER_WAY, "the option takes precedence"


def test_a_share_takes_what_its_body_needs_until_it_is_released() -> None:
    quota = BodyQuota()
    with quota.share() as share:
        share.hold(UNCOUNTED + 100)
        share.grow(50)
        assert quota.taken == 150
        share.hold(UNCOUNTED + 30)
        assert quota.taken == 30
        with pytest.raises(QuotaExceeded):
            share.grow(MAX_UNDER_WAY)
        assert quota.taken == 30, "what is in memory still counts"
        share.release()
        assert quota.taken == 0
        share.grow(UNCOUNTED + 1)
    assert quota.taken == 0


@pytest.mark.parametrize("length", ["99999999999999999999", "9" * 40])
def test_a_length_that_no_machine_has_does_not_reach_us(wire: Wire, length: str) -> None:
    """The parser refuses it: there is no request yet, so there is no API whose shape the answer could have."""
    wire.send(request("POST", "/echo", [*HEADERS, ("expect", "100-continue"), ("content-length", length)]))
    assert wire.answer().status == 400


def test_a_slow_body_is_waited_for_and_others_are_served_meanwhile(wire: Wire, small: Small) -> None:
    emulator = small(ECHO)
    body = json.dumps({"slow": "é" * 5}, ensure_ascii=False).encode()
    wire.send(request("POST", "/echo", [*HEADERS, ("content-length", str(len(body)))]))
    for at in range(len(body)):
        wire.send(body[at : at + 1])
        if at % 5 == 0:
            assert emulator.client("small").post("/echo", json={"n": at}, headers=KEY).json() == {"n": at}
    assert wire.answer().json() == {"slow": "é" * 5}


def test_a_client_that_leaves_in_the_middle_of_its_request_is_noted_and_costs_nothing(small: Small) -> None:
    emulator = small(ECHO)
    with Wire(emulator.running.port) as wire:
        wire.send(request("POST", "/echo", [*HEADERS, ("content-length", "100")]) + b'{"a":')
        assert emulator.client("small").get("/nowhere").status_code == 404  # the server is past that by now
        wire.leave()
    nowhere, left = emulator.exchanges(2)
    assert (nowhere.outcome, left.outcome) == ("complete", "left")
    assert (left.path, left.status, left.sent_bytes) == ("/echo", 0, 0)
    assert emulator.app.state.store.windows.peek("small/ann/calls", 60) is None


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"\xff", b'{"a":1}x', b"\x00", b"{'a':1}", b'{"a":NaN}', b'"\\ud800"', b"\xef\xbb\xbf{}", b"01"]
)
def test_what_is_no_json_is_refused(wire: Wire, raw: bytes) -> None:
    refused(wire.ask("POST", "/echo", HEADERS, raw), 400, "invalid", "the body is")


@pytest.mark.bound("values in a JSON body")
@pytest.mark.parametrize("depth", [150, 250, 260, 500, 1_000, 1_023, 1_025, 100_000])
@pytest.mark.parametrize("left_right", [(b"[", b"]"), (b'{"a":', b"}")])
def test_a_body_is_echoed_or_refused_however_deep_it_is(
    small: Small, depth: int, left_right: tuple[bytes, bytes]
) -> None:
    left, right = left_right
    emulator = small(ECHO)
    with Wire(emulator.running.port) as wire:
        answer = wire.ask("POST", "/echo", HEADERS, b'{"a":' + left * depth + b"1" + right * depth + b"}")
    assert answer.header("x-emulator-error") is None
    if depth <= 150:
        assert answer.status == 200
    else:
        refused(answer, 400, "invalid")


@pytest.mark.parametrize(
    "path", ["/v2/messages", "/v2/batch", "/api/v2/execute/695fce4c27b4e3580e43d126", "/v2/agents"]
)
@pytest.mark.parametrize("depth", [99, 190, 253, 300, 900])
def test_a_deep_body_is_no_trouble_to_the_two_apis(emulator: Emulated, path: str, depth: int) -> None:
    deep: Any = "x"
    for at in range(depth):
        deep = [deep] if at % 2 else {"deep": deep}
    body = {**asking(), "requests": [asking(z=deep)], "name": "deep", "data": deep, "z": deep}
    response = emulator.client("aixplain").post(path, json=body, headers={"x-api-key": PRO})
    assert response.status_code < 500, response.text
    assert "x-emulator-error" not in response.headers


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 200),
        ("APPLICATION/JSON; charset=utf-8", 200),
        ("application/vnd.api+json", 200),
        ("text/plain;charset=UTF-8", 200),
        ("text/html", 415),
        ("multipart/form-data; boundary=x", 415),
        ("", 415),
        (";", 415),
        ("json", 415),
    ],
)
def test_the_kind_of_body_is_what_the_header_says(wire: Wire, kind: str, status: int) -> None:
    answer = wire.ask("POST", "/echo", [*KEY.items(), ("content-type", kind)], b'{"a":1}')
    assert answer.status == status
    if status == 415:
        refused(answer, 415, "media_type", "expected application/json or text/plain with JSON or application/x-www")
        assert answer.json()["about"] == "content-type"


def test_without_a_header_a_body_is_what_the_operation_takes_first(wire: Wire) -> None:
    assert wire.ask("POST", "/echo", KEY.items(), b'{"a":1}').json() == {"a": 1}
    assert wire.ask("POST", "/form", KEY.items(), b"a=1&b=%C3%A9+%2B").json() == {"a": "1", "b": "é +"}


def test_a_form_gives_texts_and_no_name_may_come_twice(wire: Wire) -> None:
    headers = [*KEY.items(), ("content-type", "application/x-www-form-urlencoded")]
    assert wire.ask("POST", "/form", headers, b"a=1&empty=&=x").json() == {"a": "1", "empty": "", "": "x"}
    twice = wire.ask("POST", "/form", headers, b"a=1&a=1").json()
    assert (twice["kind"], twice["said"], twice["about"]) == ("invalid", "a: given more than once", "a")
    refused(wire.ask("POST", "/form", headers, b"\xff=1"), 400, "invalid", "the body is not a form")


@pytest.mark.bound("fields of a form or a query")
def test_a_form_of_very_many_fields_is_refused(small: Small) -> None:
    headers = {**KEY, "content-type": "application/x-www-form-urlencoded"}
    answer = small(ECHO).client("small").post("/form", content="&".join(["a=1"] * 1_001), headers=headers)
    assert (answer.status_code, answer.json()["said"]) == (400, "the form has more than 1,000 fields")


def test_an_operation_that_wants_no_body_does_not_look_at_one(wire: Wire) -> None:
    assert wire.ask("POST", "/bodiless", KEY.items(), b"\xff").json() == {"has": False}


MANY = {"a": [[0] * 1_000] * 198}  # with "b": 2 + 198 + 198,000 values, and those of b


@pytest.mark.bound("values in a JSON body")
@pytest.mark.finding("A9")
@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: {str(at): 1 for at in range(10_000)}, None),
        (lambda: {str(at): 1 for at in range(10_001)}, "the body has an object with 10,001 keys; at most 10,000"),
        (
            lambda: {"a": [{str(at): 1 for at in range(100_000)}]},
            "the body has an object with 100,000 keys; at most 10,000",
        ),
        (lambda: {"a": [{str(at): 1 for at in range(400_000)}]}, "the body has more than 200,000 values"),
        (lambda: {**MANY, "b": [0] * 1_801}, "the body has more than 200,000 values"),
        (lambda: {**MANY, "b": [0] * 1_800}, None),
        (lambda: {"a": [[]] * 200_001}, "the body has more than 200,000 values"),
        (lambda: {"a": ",[{" * 200_000}, None),
        (lambda: {"a": '\\",[{' * 100_000, "b": "\\"}, None),
        (lambda: {"a": [","] * 199_999}, None),
        (lambda: {"a": [",\\"] * 200_000}, "the body has more than 200,000 values"),
        (lambda: {"a": [""] * 900_000}, "the body has more than 200,000 values"),
    ],
    ids=[
        "most keys",
        "too many keys",
        "too many keys inside",
        "too many values in an object",
        "too many values",
        "most values",
        "too many empty lists",
        "commas in a text",
        "commas between escaped quotation marks",
        "most texts",
        "too many texts",
        "far too many texts",
    ],
)
def test_a_body_of_very_many_values_is_refused_before_it_is_checked(
    small: Small, make: Callable[[], object], reason: str | None
) -> None:
    client = small(ECHO).client("small")
    response = client.post("/echo", json=make(), headers=KEY)
    assert response.status_code == (200 if reason is None else 400)
    assert reason is None or reason in response.text


@pytest.mark.finding("A9")
def test_of_too_many_values_nothing_is_read(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("emulator.http.exact_json.orjson")
    body = b'{"a":{' + b",".join([b'"a":1'] * MAX_VALUES) + b"}}"
    response = small(ECHO).client("small").post("/echo", content=body, headers=dict(HEADERS))
    assert (response.status_code, response.json()["said"]) == (400, "the body has more than 200,000 values")


@pytest.mark.finding("A10")
@pytest.mark.parametrize("text", [rb"\u0022", rb"\\u0022", rb"\\\u0022\"", rb"\\\\u0022"])
def test_a_quotation_mark_by_its_number_hides_no_key_that_comes_twice(small: Small, text: bytes) -> None:
    client = small(ECHO).client("small")
    once, twice = b'{"a": "%s"}' % text, b'{"a": "%s", "b": 1, "b": 2}' % text
    assert client.post("/echo", content=once, headers=dict(HEADERS)).json() == json.loads(once)
    response = client.post("/echo", content=twice, headers=dict(HEADERS))
    assert (response.status_code, response.json()["about"]) == (400, "b")


@given(st.dictionaries(st.text(max_size=5), st.text() | st.integers(-(2**53), 2**53) | st.booleans() | st.none()))
def test_what_is_json_comes_through_unchanged(small_echo: Emulated, said: dict[str, Any]) -> None:
    small_echo.play()
    with Wire(small_echo.running.port) as wire:
        assert wire.ask("POST", "/echo", HEADERS, json.dumps(said).encode()).json() == said


@pytest.fixture(scope="module")
def small_echo(running: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulated]:
    emulated = play(running, tmp_path_factory.mktemp("echo"), ECHO)
    yield emulated
    emulated.close()
