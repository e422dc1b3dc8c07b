"""HAR 1.2 as its specification has it: every required field, streams as text, the times of their events."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from emulator.reports.har import har
from tests.reports.records import exchange

URL = "http://127.0.0.1:8484"
# The fields that HAR 1.2 requires.
ENTRY = {"startedDateTime", "time", "request", "response", "cache", "timings"}
REQUEST = {"method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"}
RESPONSE = {
    *("status", "statusText", "httpVersion", "cookies", "headers", "content"),
    *("redirectURL", "headersSize", "bodySize"),
}


def entry(sent: tuple[float, ...] = (), **changes: Any) -> dict[str, Any]:
    log = har([exchange(**changes)], {1: sent}, URL)["log"]
    assert (log["version"], log["creator"].keys()) == ("1.2", {"name", "version"})
    (only,) = log["entries"]
    shown: dict[str, Any] = only
    return shown


def test_every_required_field_is_there() -> None:
    only = entry()
    assert only.keys() >= ENTRY
    assert only["request"].keys() >= REQUEST
    assert only["response"].keys() >= RESPONSE
    assert only["response"]["content"].keys() >= {"size", "mimeType"}
    assert only["request"]["postData"].keys() >= {"mimeType", "params", "text"}
    assert sum(only["timings"].values()) == only["time"] == 500
    started = datetime.fromisoformat(only["startedDateTime"])
    assert (started.timestamp(), started.tzinfo is not None) == (1767225600.25, True)


def test_a_request_is_as_it_was_sent() -> None:
    request = entry()["request"]
    assert request["url"] == f"{URL}/things?a=1&a=2&b=c+d"
    assert [(each["name"], each["value"]) for each in request["queryString"]] == [("a", "1"), ("a", "2"), ("b", "c d")]
    assert request["postData"]["text"] == '{"name": "x"}'
    assert "postData" not in entry(body=None)["request"]
    form = entry(headers={"content-type": "application/x-www-form-urlencoded"}, body={"a": ["1", "2"]})
    assert form["request"]["postData"]["text"] == "a=1&a=2"


def test_an_emulated_host_is_called_over_https() -> None:
    assert entry(headers={"host": "api.demo.example"})["request"]["url"].startswith("https://api.demo.example/things?")


def test_a_stream_is_text_with_the_times_of_its_events() -> None:
    text = "data: 1\n\ndata: 2\n\n"
    stream = entry((0.1, 0.25), reply_body=text, events=3, events_sent=2)
    assert stream["response"]["content"]["text"] == text
    assert stream["_events"] == [{"time": 100.0, "text": "data: 1"}, {"time": 250.0, "text": "data: 2"}]
    assert stream["timings"] == {"send": 0, "wait": 250.0, "receive": 250.0}


def test_a_call_without_a_response_has_status_0() -> None:
    response = entry(status=0, reply_body=None, reply_headers={})["response"]
    assert (response["status"], response["statusText"], response["content"]["size"]) == (0, "", 0)
