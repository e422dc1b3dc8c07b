from __future__ import annotations

import pytest

from emulator.server.known_heads import MAX_BUFFERED, MAX_KNOWN, MAX_LENGTH, read_head, whole_request

HEAD = b"POST /v1/words?a=%201 HTTP/1.1\r\nHost: words.test:80\r\nContent-Length: 2\r\n\r\n"


def with_line(line: bytes) -> bytes:
    return HEAD.replace(b"Content-Length", line + b"\r\nContent-Length")


def test_a_whole_request_is_read() -> None:
    found = whole_request(HEAD + b"{}")
    assert found is not None
    head, body = found
    assert body == b"{}"
    request = head.request(body, "https", None)
    assert (request.method, request.path, request.query) == ("POST", "/v1/words", "a=%201")
    assert (request.host, request.authority, request.scheme) == ("words.test", "words.test:80", "https")
    assert request.origin == "https://words.test:80"
    assert request.lines == ((b"host", b"words.test:80"), (b"content-length", b"2"))
    assert request.fields == dict(request.lines)


def test_a_head_that_comes_again_is_not_parsed_again() -> None:
    found, again = whole_request(HEAD + b"{}"), whole_request(HEAD + b"[]")
    assert found is not None
    assert again is not None
    assert found[0] is again[0]


def test_the_last_head_of_a_connection_is_not_looked_up_again() -> None:
    last, other = whole_request(HEAD + b"{}"), whole_request(with_line(b"X-Number: 1") + b"{}")
    assert last is not None
    assert other is not None
    for number in range(MAX_KNOWN):
        whole_request(with_line(b"X-Number: %d" % number) + b"{}")
    assert whole_request(HEAD + b"[]", last[0]) == (last[0], b"[]")
    again = whole_request(with_line(b"X-Number: 1") + b"[]", last[0])
    assert again is not None
    assert (again[0].lines, again[1]) == (other[0].lines, b"[]")


@pytest.mark.bound("heads that are kept parsed, as clients send the same again")
def test_the_head_that_came_longest_ago_is_parsed_again() -> None:
    first = whole_request(HEAD + b"{}")
    for number in range(MAX_KNOWN):
        whole_request(with_line(b"X-Number: %d" % number) + b"{}")
    again = whole_request(HEAD + b"{}")
    assert first is not None
    assert again is not None
    assert first[0] is not again[0]


def test_a_request_without_a_body_is_whole() -> None:
    found = whole_request(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n")
    assert found is not None
    assert found[1] == b""


@pytest.mark.parametrize("data", [b"", HEAD[:-2], HEAD, HEAD + b"{", HEAD + b"{}G", HEAD + b"{}" + HEAD + b"{}"])
def test_what_is_less_or_more_than_one_request_is_left_to_the_parser(data: bytes) -> None:
    last = whole_request(HEAD + b"{}")
    assert last is not None
    assert whole_request(data) is None
    assert whole_request(data, last[0]) is None


@pytest.mark.parametrize(
    "data",
    [
        HEAD.replace(b"1.1", b"1.0"),
        HEAD.replace(b"POST", b"HEAD"),
        HEAD.replace(b"POST", b"P OST"),
        HEAD.replace(b"POST /v1/words?a=%201", b"CONNECT words.test:80"),
        HEAD.replace(b"/v1", b"http://words.test/v1"),
        HEAD.replace(b"/v1", b"/%ff\xff"),
        HEAD.replace(b"words.test:80", b"a b"),
        HEAD.replace(b"words.test:80", b""),
        HEAD.replace(b"Host", b"Other"),
        HEAD.replace(b"Length: 2", b"Length: +2"),
        with_line(b"Host: words.test"),
        with_line(b"Content-Length: 3"),
        with_line(b"Connection: close"),
        with_line(b"Connection: close\r\nConnection: keep-alive"),
        with_line(b"Connection: upgrade\r\nUpgrade: h2c"),
        with_line(b"Connection: upgrade\r\nUpgrade: h2c")
        .replace(b"POST", b"GET")
        .replace(b"Content-Length: 2\r\n", b""),
        with_line(b"Expect: 100-continue"),
        HEAD.replace(b"Content-Length: 2", b"Transfer-Encoding: chunked"),
        HEAD.replace(b"\r\nContent", b"\nContent"),
        b"POST / HTTP/1.1\nHost: a\nContent-Length: 9\n\nx\r\n\r\n",
    ],
)
def test_what_is_invalid_or_says_more_about_the_connection_is_left_to_the_parser(data: bytes) -> None:
    assert read_head(data) is None


def test_what_is_long_is_left_to_the_parser() -> None:
    assert whole_request(with_line(b"X-Long: " + b"a" * MAX_LENGTH) + b"{}") is None
    body = b" " * (MAX_BUFFERED + 1)
    assert whole_request(HEAD.replace(b"Length: 2", b"Length: %d" % len(body)) + body) is None
