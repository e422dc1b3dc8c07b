"""Every refusal of the control API has one shape, whatever is wrong: the path, the method, the body, the world."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from emulator.control.routes import TABLE
from tests import loopback
from tests.running import Emulated, Running
from tests.wire import Wire


def told(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The error, after checking status and shape."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json()) == ["error"]
    error: dict[str, Any] = answer.json()["error"]
    return error


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/clok", "no control route '/_emulator/clok'; did you mean '/_emulator/clock'?"),
        ("/nothing/like/this", "no control route '/_emulator/nothing/like/this'"),
        ("/faults/fault_1/more", "no control route '/_emulator/faults/fault_1/more'"),
        ("/clock/../apis", None),
        ("/faults//", "no control route '/_emulator/faults/'"),
        ("/cl%6Fck", None),
    ],
)
def test_an_unknown_path_is_404_with_the_nearest(control: httpx.Client, path: str, message: str | None) -> None:
    answer = control.get(path)
    if message is None:
        assert answer.status_code == 200
    else:
        error = told(answer, 404)
        assert error["message"].startswith(message)
        assert error["hint"] == "GET /_emulator lists all"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/health", "GET, HEAD"),
        ("PATCH", "/clock", "GET, HEAD, POST"),
        ("GET", "/reset", "POST"),
        ("PATCH", "/faults/x", "DELETE"),
        ("TRACE", "/clock", "GET, HEAD, POST"),
        ("GET", "/scenarios/use", "POST"),
        ("PUT", "/scenarios/use", "POST"),
    ],
)
def test_a_wrong_method_is_405_and_says_which_are_right(
    control: httpx.Client, method: str, path: str, allowed: str
) -> None:
    answer = control.request(method, path)
    assert answer.headers["allow"] == ", ".join(sorted([*allowed.split(", "), "OPTIONS"]))
    assert told(answer, 405)["message"] == f"/_emulator{path} is not asked with {method}; expected {allowed}"


@pytest.mark.finding("A4")
@pytest.mark.parametrize(("path", "allowed"), [("/faults/x", "DELETE, OPTIONS"), ("/health", "GET, HEAD, OPTIONS")])
def test_options_says_the_methods_of_a_route(control: httpx.Client, path: str, allowed: str) -> None:
    answer = control.request("OPTIONS", path)
    assert (answer.status_code, answer.content, answer.headers["allow"]) == (204, b"", allowed)
    assert "content-length" not in answer.headers


@pytest.mark.parametrize("entry", [each for each in TABLE if each.method == "GET"], ids=lambda each: each.path)
def test_head_is_get_without_its_body(control: httpx.Client, entry: Any) -> None:
    path = entry.path
    for name, value in entry.at.items():
        path = path.replace(f"{{{name}}}", value) if not name.startswith("?") else f"{path}?{name[1:]}={value}"
    head, get = control.head(path), control.get(path)
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers.get("content-length") == get.headers.get("content-length")
    assert head.headers["content-type"] == get.headers["content-type"]


@pytest.mark.finding("A10")
@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"advance": }', "the body is not valid JSON"),
        (b"\xff", "the body is not valid JSON"),
        (b'{"advance": NaN}', "the body is not valid JSON"),
        (b'{"advance": 1, "advance": 2}', "body.advance: this key is given more than once"),
        (b'{"advance": 18446744073709551616}', "body.advance: a whole number of more than 64 bits"),
        (b'{"advance": ' + b"[" * 300 + b"]" * 300 + b"}", "the body is nested deeper than 100 levels"),
        (b"null", "body: expected at least one of"),
        (b"7", "body: expected a JSON object; found a number"),
        (b'"x"', "body: expected a JSON object; found a text"),
        (b"true", "body: expected a JSON object; found true or false"),
    ],
)
def test_a_body_that_is_no_json_object_is_400(control: httpx.Client, body: bytes, message: str) -> None:
    answer = control.post("/clock", content=body, headers={"Content-Type": "application/json; charset=utf-8"})
    assert told(answer, 400)["message"].startswith(message)


def test_a_route_without_a_body_takes_an_empty_one_and_no_other(control: httpx.Client) -> None:
    assert control.post("/reset").status_code == 200
    assert control.post("/reset", json={}).status_code == 200
    assert told(control.post("/reset", json={"all": True}), 400)["message"] == "body: this route takes none"


@pytest.mark.bound("body of a control request")
@pytest.mark.finding("A9")
@pytest.mark.parametrize(
    ("path", "content", "status", "message"),
    [
        ("/faults", {"fault": "x" * 2**20}, 413, "the body is larger than 1,048,576 bytes"),
        ("/faults", {"fault": "status", "params": {"a": [0] * 100_000}}, 400, "the body has more than 100,000 values"),
        ("/faults", {"params": {f"{at}": 0 for at in range(10_001)}}, 400, "the body has an object with 10,001 keys"),
        ("/explain", {"path": "x" * 2**20, "method": 1}, 400, "body.method: expected text"),
    ],
    ids=["bytes", "values", "keys", "a route that takes more"],
)
def test_a_body_has_only_so_many_bytes_and_values(
    control: httpx.Client, path: str, content: dict[str, object], status: int, message: str
) -> None:
    assert told(control.post(path, json=content), status)["message"].startswith(message)


@pytest.mark.bound("body of a control request")
def test_a_body_that_is_too_large_is_413(running: Running) -> None:
    emulator = Emulated(running, ("default",), settings=replace(running.settings, max_body=1_000))
    try:
        fault = {"fault": "latency", "on": "x" * 2_000}  # --max-body is about the APIs
        assert loopback.post(f"{emulator.origin}/_emulator/faults", json=fault).status_code == 400
        answer = loopback.post(f"{emulator.origin}/_emulator/faults", json={"fault": "x" * 2**20})
        assert told(answer, 413) == {"message": "the body is larger than 1,048,576 bytes"}
        with Wire(running.port) as wire:
            lines = [("host", "localhost"), ("expect", "100-continue"), ("content-length", "5000000")]
            wire.send(
                b"POST /_emulator/faults HTTP/1.1\r\n" + b"".join(f"{n}: {v}\r\n".encode() for n, v in lines) + b"\r\n"
            )
            assert wire.line().split()[1] == b"413"
    finally:
        emulator.close()


@pytest.mark.parametrize("path", ["/clock?world=nobody", "/clock"])
def test_an_unknown_world_is_404(control: httpx.Client, path: str) -> None:
    headers = {} if "?" in path else {"X-Emulator-World": "nobody"}
    error = told(control.post(path, json={"advance": 1}, headers=headers), 404)
    assert error["message"] == "there is no world 'nobody'; expected one of: default"
    assert error["hint"] == "PUT /_emulator/worlds/{name} makes a world"


def test_header_and_query_that_name_two_worlds_are_refused(control: httpx.Client) -> None:
    error = told(control.get("/clock?world=default", headers={"X-Emulator-World": "other"}), 400)
    assert error["message"] == "X-Emulator-World says 'other' and ?world= says 'default'; expected one world"
    assert control.get("/clock?world=default", headers={"X-Emulator-World": "default"}).status_code == 200


@pytest.mark.bound("query of a control request")
@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("status=abc", "query.status: expected a whole number"),
        ("operation=a&operation=b", "query.operation: given twice"),
        (
            "stat=200",
            "query: unknown key 'stat'; "
            "expected one of: operation, status, api, last, limit, after, filter; did you mean 'status'?",
        ),
        ("last=0", "query.last: expected a whole number from 1"),
        ("&".join(f"a{n}=1" for n in range(60)), "query: more than 50 parameters"),
        ("a=%ff", "query: "),
    ],
)
def test_a_wrong_query_is_400(control: httpx.Client, query: str, message: str) -> None:
    assert told(control.get(f"/exchanges?{query}"), 400)["message"].startswith(message)


def test_a_mistake_of_the_emulator_is_500_and_is_told(
    emulator: Emulated, control: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emulator.app.state.clock, "pending", lambda: 1 / 0)
    assert told(control.get("/clock"), 500) == {
        "message": "ZeroDivisionError: division by zero",
        "hint": "the log says where",
    }


@pytest.mark.parametrize("path", ["", "/clock", "/keys", "/faults", "/jobs", "/webhooks", "/worlds", "/openapi.json"])
def test_an_answer_that_the_client_has_already_is_not_sent_again(control: httpx.Client, path: str) -> None:
    first = control.get(path)
    tag = first.headers["etag"]
    again = control.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert again.headers["cache-control"] == first.headers["cache-control"]
    assert control.head(path, headers={"If-None-Match": f'"other", W/{tag}'}).status_code == 304
    other = control.get(path, headers={"If-None-Match": '"other"'})
    assert (other.status_code, other.content) == (200, first.content)


def test_an_answer_has_another_tag_once_it_has_changed(control: httpx.Client) -> None:
    tag = control.get("/faults").headers["etag"]
    control.post("/faults", json={"fault": "status"}).raise_for_status()
    changed = control.get("/faults", headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


def test_what_is_done_or_refused_has_no_tag(control: httpx.Client) -> None:
    assert "etag" not in control.post("/clock", json={}, headers={"If-None-Match": "*"}).headers
    refused = control.get("/nothing", headers={"If-None-Match": "*"})
    assert refused.status_code == 404
    assert "etag" not in refused.headers
