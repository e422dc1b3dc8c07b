"""A curl line becomes the request that curl would send, or the option that is not understood is named."""

from __future__ import annotations

import base64
import shlex
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from emulator.errors import ConfigError
from emulator.http.curl import CurlRequest, read_curl
from tests.process import environment
from tests.waiting import PATIENCE

URL = "http://127.0.0.1:8484/v2/messages"
FILES = {
    "body.json": b'{"a":\r\n 1}',
    "-": b"from standard input",
    "lines": b"X-A: 1\nX-B: 2\n",
    "latin": b"X-A: caf\xe9",
}


def read(line: str) -> CurlRequest:
    return read_curl(shlex.split(line), FILES.__getitem__)


def test_the_line_of_a_page_is_read_as_it_stands() -> None:
    request = read(f"curl -s {URL} -H 'X-API-Key: axp_test_pro' -H 'Content-Type: application/json' -d '{{\"a\": 1}}'")
    assert (request.method, request.url, request.body) == ("POST", URL, b'{"a": 1}')
    assert request.headers == {
        "X-API-Key": "axp_test_pro",
        "Content-Type": "application/json",
        "User-Agent": "curl",
        "Accept": "*/*",
    }


@pytest.mark.parametrize(
    ("options", "method", "body"),
    [
        ("", "GET", b""),
        ("-I", "HEAD", b""),
        ("-XDELETE", "DELETE", b""),
        ("-sSX PATCH --data-raw @body.json", "PATCH", b"@body.json"),
        ("-d a=1 -d b=2", "POST", b"a=1&b=2"),
        ("-d @body.json", "POST", b'{"a": 1}'),
        ("--data-binary @body.json", "POST", b'{"a":\r\n 1}'),
        ("--json '{\"a\":' --json '1}'", "POST", b'{"a":1}'),
        ("--json @-", "POST", b"from standard input"),
        (
            "--data-urlencode 'text=a b&c' --data-urlencode =x+y --data-urlencode '~ü'",
            "POST",
            b"text=a+b%26c&x%2By&~%C3%BC",
        ),
        ("--data-urlencode text@-", "POST", b"text=from+standard+input"),
        ("--data-urlencode '\udcff=a'", "POST", b"\xff=a"),
        ("-d ''", "POST", b""),
    ],
)
def test_the_method_and_the_body_are_those_of_curl(options: str, method: str, body: bytes) -> None:
    request = read(f"curl {options} {URL}")
    assert (request.method, request.body) == (method, body)


@pytest.mark.parametrize(
    ("options", "name", "value"),
    [
        ("-d a=1", "Content-Type", "application/x-www-form-urlencoded"),
        ("--json {}", "Content-Type", "application/json"),
        ("--json {}", "Accept", "application/json"),
        ("--json {} -H 'content-type: text/plain'", "content-type", "text/plain"),
        ("-d a=1 -H Content-Type:", "Content-Type", None),
        ("-H 'X-Empty;'", "X-Empty", ""),
        ("-H @lines", "X-B", "2"),
        ("-u ann:secret", "Authorization", "Basic " + base64.b64encode(b"ann:secret").decode()),
        ("-u ann:secret -H 'Authorization: Bearer t'", "Authorization", "Bearer t"),
        ("--oauth2-bearer t", "Authorization", "Bearer t"),
        ("-A mine", "User-Agent", "mine"),
        ("-b a=1", "Cookie", "a=1"),
        ("--compressed", "Accept-Encoding", "deflate, gzip"),
    ],
)
def test_headers_are_those_of_curl(options: str, name: str, value: str | None) -> None:
    assert read(f"curl {options} {URL}").headers.get(name) == value


def test_a_url_may_stand_anywhere_and_lack_its_scheme() -> None:
    assert read("curl --url localhost:8484/v2/models -k").url == "http://localhost:8484/v2/models"
    assert read("curl https://api.aiexport.io").url == "https://api.aiexport.io/"
    assert read("curl -G http://h/a?x=1 -d y=2 --data-urlencode 'z=a b'").url == "http://h/a?x=1&y=2&z=a+b"
    user = read("curl http://ann:s%40cret@h/a#end")
    assert (user.url, user.headers["Authorization"]) == (
        "http://h/a",
        "Basic " + base64.b64encode(b"ann:s@cret").decode(),
    )


def test_options_that_change_nothing_of_the_request_are_skipped() -> None:
    line = f"curl -sSkivNLfg -4 -o out -w '%{{http_code}}' --max-time 5 --retry 3 -x http://proxy --http1.1 {URL}"
    assert read(line) == read(f"curl {URL}")


def test_the_line_may_be_one_text() -> None:
    line = "curl -X POST \\\n  'http://h/a' \\\n  -d '{\"a\": \"b c\"}'"
    assert read_curl([line], FILES.__getitem__).body == b'{"a": "b c"}'


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("curl --fancy http://h", "curl option --fancy is not understood"),
        ("curl -sZ http://h", "curl option -Z is not understood"),
        ("curl -F a=b http://h", "curl option --form: multipart forms are not understood"),
        ("curl -T file http://h", "curl option --upload-file: uploads are not understood"),
        ("curl -K file http://h", "curl option --config: "),
        ("curl http://h --next http://i", "explain one request at a time"),
        ("curl http://h http://i", "has one URL; found http://h and http://i"),
        ("curl -s", "has one URL; found none"),
        ("curl http://h -H", "curl option -H needs a value"),
        ("curl http://h --header", "curl option --header needs a value"),
        ("curl http://h -H Nothing", "curl option -H is 'Nothing'; expected 'Name: value'"),
        ("curl http://h -H @latin", "curl option -H: 'latin' is not UTF-8; expected lines such as 'Name: value'"),
        ("curl -X 'A B' http://h", "curl option -X is 'A B'; expected a method such as POST"),
        ("curl -X '' http://h", "curl option -X is ''; expected a method such as POST"),
        ("curl -u ann http://h", "curl option -u is 'ann'; expected user:password"),
        ("curl -b jar http://h", "files of cookies are not understood"),
        ("curl http://[v1", "is no URL"),
        ("wget http://h", "expected a curl command line, such as"),
        ("", "found nothing"),
    ],
)
def test_what_is_not_understood_is_refused_by_name(line: str, reason: str) -> None:
    with pytest.raises(ConfigError) as raised:
        read(line)
    assert reason in str(raised.value)


def test_a_text_that_only_a_shell_can_read_is_refused() -> None:
    for line, reason in (
        ("curl 'http://h", "can't be read: No closing quotation"),
        ("curl $'http://h' -s", "is for a shell"),
    ):
        with pytest.raises(ConfigError, match=r"curl line|shell") as raised:
            read_curl([line], FILES.__getitem__)
        assert reason in str(raised.value)


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        "-d a=1 -d @body.json -H 'X-A:  1 ' -H 'X-B;' -H Accept:",
        "--json '{\"a\": 1}' -X PUT --data-urlencode 'n=a b+c/~ü'",
        "-G -d a=1 --data-urlencode 'b=x y' -u ann:secret -A mine -e http://before -b c=1",
        "-sS -I --compressed",
        "--data-binary @body.json -H 'Content-Type: text/plain'",
        "--oauth2-bearer token -r 0-5",
    ],
)
def test_it_is_what_curl_sends(options: str, tmp_path: Path) -> None:
    (tmp_path / "body.json").write_bytes(FILES["body.json"])
    with socket.create_server(("127.0.0.1", 0)) as server:
        line = f"curl {options} http://127.0.0.1:{server.getsockname()[1]}/p/a?q=1"
        came: list[bytes] = []
        listener = threading.Thread(target=lambda: came.append(receive(server)))
        listener.start()
        subprocess.run(shlex.split(line), cwd=tmp_path, env=environment(), capture_output=True, timeout=PATIENCE)
        listener.join(PATIENCE)
    head, _, body = came[0].partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in lines)}
    request = read(line)
    assert (request.method, request.body) == (method, body)
    assert request.url.endswith(target)
    expected = {name.lower(): value for name, value in request.headers.items()}
    sent = {name: value for name, value in headers.items() if name not in ("host", "content-length")}
    sent["user-agent"] = sent["user-agent"].partition("/")[0]
    if "--compressed" in options:
        sent["accept-encoding"] = expected["accept-encoding"]  # which ones depends on how curl was built
    assert expected == sent


def receive(server: socket.socket) -> bytes:
    """One request, which is answered and ends."""
    connection, _ = server.accept()
    with connection:
        data = b""
        while b"\r\n\r\n" not in data or len(data.partition(b"\r\n\r\n")[2]) < length(data):
            data += connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    return data


def length(data: bytes) -> int:
    lines = data.partition(b"\r\n\r\n")[0].lower().split(b"\r\n")
    return next((int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:")), 0)
