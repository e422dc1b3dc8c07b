"""Hiding: whatever secrets are planted in calls and answers, none of them is in the file, in any form."""

from __future__ import annotations

import json
import string
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from tests import loopback
from tests.running import live
from tests.studio import Served, Studio

pytestmark = pytest.mark.slow

LETTERS = string.ascii_letters + string.digits
SECRETS = st.lists(
    st.text(LETTERS + "-_./+=:~!\"'\\{}é", min_size=8, max_size=40)
    .map(lambda text: f"s{text}t")
    .filter(lambda text: "****" not in text and "{{" not in text),
    min_size=12,
    max_size=12,
    unique=True,
)
PLAIN = st.lists(st.text(LETTERS, min_size=10, max_size=40), min_size=12, max_size=12, unique=True)


class Parrot:
    """An upstream that answers with all it was asked, and with what it is told to: `body`, or `pieces` as a stream."""

    def __init__(self) -> None:
        self.body: Any = {}
        self.pieces: list[str] = []
        self.lines: list[tuple[bytes, bytes]] = []

    async def __call__(self, connection: Scope, receive: Receive, send: Send) -> None:
        if connection["type"] == "lifespan":
            await live(receive, send)
            return
        said = (await receive()).get("body", b"").decode()
        heard = {name.decode(): value.decode("latin-1") for name, value in connection["headers"]}
        echo = {"you said": said, "with": heard, "to": connection["raw_path"].decode(), **self.body}
        events = [json.dumps({"delta": {"text": piece}}) for piece in self.pieces]
        content = "".join(f"data: {each}\n\n" for each in events) or json.dumps(echo)
        media = b"text/event-stream" if events else b"application/json"
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", media), *self.lines]})
        await send({"type": "http.response.body", "body": content.encode()})


@pytest.fixture(scope="module")
def parrot() -> Iterator[tuple[Parrot, str]]:
    parrot = Parrot()
    with Served(parrot) as served:
        yield parrot, served.url


def ask(base: str, parrot: Parrot, secrets: list[str], plain: list[str]) -> list[str]:
    """Calls with secrets in all places; gives what may not be written."""
    key, client_secret, deep, told, webhook, echoed, cookie, query, piece, split, fresh, late = secrets
    safe_key, basic, bearer, header, given, line, user, *_ = plain
    with loopback.Client(base_url=base, headers={"X-API-Key": safe_key}) as client:

        def say(body: Any, **more: Any) -> None:
            client.post("/messages", json={"model": "m", "messages": [], **body}, **more)

        parrot.body, parrot.pieces, parrot.lines = {}, [], []
        say({"say": late})  # before anybody knows that it is one
        say({"api_key": key, "n": {"deep": [{"client-secret": deep}]}, "webhookSecret": webhook, "again": f"[{key}]"})
        say({"more": f"x{basic}"}, headers={"Authorization": f"Bearer {bearer}", "X-Goog-Api-Key": header})
        encoded = b64encode(f"client:{basic}".encode()).decode()
        client.post(
            "/oauth/token", data={"client_secret": client_secret}, headers={"Authorization": f"Basic {encoded}"}
        )
        client.get("/models", params={"key": query, "limit": 3}, headers={"Cookie": f"a={line}"})
        client.get(f"/batch/{quote(safe_key)}")
        client.get(f"/batch/{quote(echoed, safe='')}", params={"api_key": echoed})
        parrot.body = {"access_token": told, "say": [told], "url": f"https://me:{user}@x/?sig={given}"}
        parrot.lines = [
            (b"set-cookie", f"b={quote(cookie, safe='')}; Path=/".encode()),
            (b"x-auth-token", given.encode()),
        ]
        say({"n": 2})
        say({"n": 3, "say": f"{told} {quote(told)} {b64encode(told.encode()).decode()}"})
        parrot.body, parrot.lines = {}, []
        say({"n": 4, "password": piece})
        parrot.pieces = [f"it is {split[:3]}", split[3:5], f"{split[5:]}!", *piece]
        say({"n": 5, "secret": split})
        parrot.pieces = []
        say({"n": 6, "secret": late, "private_key": {"a": [fresh]}})
    shown = [key, client_secret, deep, told, webhook, echoed, quote(cookie, safe=""), query, split, fresh, late]
    return [*shown, safe_key, basic, encoded, bearer, header, given, line, user]


def forms(secret: str) -> list[str]:
    raw = secret.encode()
    return [
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        quote(secret),
        quote_plus(secret),
        quote(secret, safe=""),
        b64encode(raw).decode().rstrip("="),
        urlsafe_b64encode(raw).decode().rstrip("="),
        raw.hex(),
    ]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(secrets=SECRETS, plain=PLAIN)
def test_no_secret_is_in_the_file_in_any_form(
    parrot: tuple[Parrot, str], tmp_path: Path, secrets: list[str], plain: list[str]
) -> None:
    upstream, url = parrot
    studio = Studio(tmp_path, None)  # type: ignore[arg-type]
    with studio.recording("aiexport", url, force=True) as (base, recorder):
        planted = ask(base, upstream, secrets, plain)
        assert recorder.recording_file.count >= 8
    text = studio.out.read_text()
    unescaped = text.replace("\\\\", "\\").replace('\\"', '"')
    for secret in planted:
        found = [form for form in forms(secret) if form in text or form in unescaped]
        assert not found, (secret, [text[max(0, text.find(form) - 60) :][:150] for form in found])
    assert text.count("********") > 20
