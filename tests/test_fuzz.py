"""Fuzzing: whatever is sent to any operation, the answer is the API's own, and no mistake of ours."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.apis.aiexport_calls import asking
from tests.apis.aixplain_calls import AGENT, SLOW_LLM
from tests.fuzzing import KEYS, Line, Request, lines, requests
from tests.running import Emulated, Running, loaded
from tests.wire import Answer, Wire

pytestmark = pytest.mark.slow

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "20"))  # more find more; then they are different ones each time
APIS = {name: api.file for name, api in loaded("default").apis.items()}
OPERATIONS = [(api, name) for api, file in APIS.items() for name in file.operations]
METHODS = st.sampled_from([None] * 15 + ["PUT", "HEAD", "OPTIONS"])
FUZZ = settings(
    max_examples=EXAMPLES,
    derandomize="FUZZ_EXAMPLES" not in os.environ,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def in_shape(api: str, answer: Answer) -> bool:
    """Whether a refusal has the shape that the API's document (or our guess) gives it; a hint is in the header too."""
    said = answer.json()
    hints = {"hint"} if answer.header("x-emulator-hint") else set()
    if api == "aixplain":
        texts = [said.get("message"), said.get("error"), said.get("hint", "none")]
        fits = said.keys() - hints == {"statusCode", "message", "error"} and said["statusCode"] == answer.status
    elif said.keys() == {"error", "error_description"}:
        texts, fits = list(said.values()), True
    elif said.keys() == {"type", "error", "request_id"} and isinstance(said["error"], dict):
        error = said["error"]
        texts = [error.get("type"), error.get("message"), error.get("param", "none"), error.get("hint", "none")]
        fits = error.keys() - hints - {"param"} == {"type", "message"}
        fits = fits and said["type"] == "error" and said["request_id"] == answer.header("x-request-id")
    else:
        return False
    return fits and all(isinstance(text, str) and text for text in texts)


def judge(answer: Answer, method: str, api: str | None) -> None:
    """Nothing of ours went wrong, and what is refused is refused in the API's words; None: in those of any API."""
    assert answer.header("x-emulator-error") is None
    assert 200 <= answer.status < 500, (answer.status, answer.body[:500])
    if method == "HEAD" or (method == "OPTIONS" and answer.status == 204):
        assert answer.body == b""
    elif answer.status >= 400:
        assert answer.header("content-type") == "application/json"
        assert any(in_shape(name, answer) for name in APIS if api in (None, name)), answer.body[:500]
    elif answer.header("content-type") == "text/event-stream":
        assert answer.body.decode().endswith("\n\n")
    else:
        answer.json()


def made(emulated: Emulated, api: str) -> list[str]:
    """Ids of what there is now: a job of each kind, a conversation, a key."""
    client = emulated.client(api, headers={"x-api-key": KEYS[api]})
    if api == "aiexport":
        batch = client.post("/batch", json={"requests": [asking()]}).json()
        return [batch["id"], client.get("/keys").json()["data"][0]["id"]]
    run = client.post(f"/v2/agents/{AGENT}/run", json={"query": "Hi", "sessionId": "talk"}).json()
    slow = client.post(f"/api/v2/execute/{SLOW_LLM}", json={"text": "Hi"}).json()
    return [run["requestId"], "talk", slow["requestId"], client.get("/sdk/api-keys").json()[0]["id"]]


@pytest.mark.parametrize(("api", "name"), OPERATIONS, ids=[f"{api}/{name}" for api, name in OPERATIONS])
def test_any_request_gets_an_answer_of_the_api(running: Running, api: str, name: str) -> None:
    """Each operation has an emulator of its own, which keeps what the requests before have done to it."""
    part = APIS[api].operations[name]
    with closing(Emulated(running, ("default",))) as emulated:

        @FUZZ
        @given(requests(part, APIS[api], made(emulated, api)), METHODS)
        def ask(sent: Request, other: str | None) -> None:
            method = other or part.route.partition(" ")[0]
            with Wire(running.port) as wire:
                answer = wire.ask(method, sent.target, sent.lines, sent.body)
            judge(answer, method, None if sent.strayed or other or part.shared or answer.status == 404 else api)

        ask()


@pytest.fixture(scope="module")
def any_path(running: Running) -> Iterator[Emulated]:
    emulated = Emulated(running, ("default",))
    yield emulated
    emulated.close()


@FUZZ
@given(
    st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"]),
    st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="#?"), max_size=30),
    lines(APIS["aiexport"].operations["messages.create"], "aiexport"),
    st.none() | st.binary(max_size=20),
)
def test_any_path_gets_an_answer_in_the_shape_of_one_of_the_apis(
    any_path: Emulated, method: str, path: str, sent: list[Line], body: bytes | None
) -> None:
    any_path.play()
    with Wire(any_path.running.port) as wire:
        judge(wire.ask(method, f"/{path}", sent, body), method, None)
