"""One message, streamed, and a stream that may be cut, by readers that know nothing of the emulator."""

import json
import os

import anthropic
import httpx
import requests
import sseclient
from anthropic.types import RawMessageStreamEvent
from httpx_sse import connect_sse
from telling import Told

BASE, KEY = os.environ["AIEXPORT_BASE_URL"], os.environ["AIEXPORT_API_KEY"]
HEADERS = {"X-API-Key": KEY}
BODY = {
    "model": "apex-sonnet-4-20250501",
    "max_tokens": 200,
    "messages": [{"role": "user", "content": "What are the colours of the rainbow? ✓"}],
}
STREAMED = BODY | {"stream": True}
COUNTING = STREAMED | {"messages": [{"role": "user", "content": "Count to 20"}]}
told = Told()

# It sends its key as a bearer token, which here is what OAuth gives; the API's own key goes into its own header.
client = anthropic.Anthropic(api_key="-", base_url=BASE, default_headers=HEADERS, max_retries=0)


def by_httpx_sse(body, path="/messages"):
    with httpx.Client() as session, connect_sse(session, "POST", BASE + path, headers=HEADERS, json=body) as source:
        for event in source.iter_sse():
            yield event.event, event.json()


def by_sseclient(body):
    with requests.post(f"{BASE}/messages", headers=HEADERS, json=body, stream=True) as answer:
        for event in sseclient.SSEClient(answer).events():
            yield event.event, json.loads(event.data)


def by_anthropic(body):
    """Its low-level reader: its own verb, pointed at /messages instead of its /v1/messages."""
    reader = anthropic.Stream[RawMessageStreamEvent]
    for event in client.post("/messages", body=body, cast_to=object, stream=True, stream_cls=reader):
        yield event.type, event.model_dump()


def message(events):
    """What the deltas say, the names of the events, runs of the same one told once, and how it ended."""
    seen = list(events)
    names = [name for name, _ in seen]
    stop = next(data for name, data in seen if name == "message_delta")
    return {
        "events": [name for at, name in enumerate(names) if at == 0 or names[at - 1] != name],
        "text": "".join(data["delta"]["text"] for name, data in seen if name == "content_block_delta"),
        "stop": stop["delta"]["stop_reason"],
        "output_tokens": stop["usage"]["output_tokens"],
    }


def until_cut(events):
    seen = 0
    try:
        for _ in events:
            seen += 1
    except Exception as error:
        return {"events": seen, "raised": type(error).__name__}
    return {"events": seen, "raised": None}


def whole():
    return httpx.post(f"{BASE}/messages", headers=HEADERS, json=BODY).json()["content"][0]["text"]


def key_as_token():
    try:
        anthropic.Anthropic(api_key=KEY, base_url=BASE, max_retries=0).post("/messages", body=BODY, cast_to=object)
    except anthropic.AuthenticationError as error:
        return {"status_code": error.status_code, "hint": error.response.headers["X-Emulator-Hint"]}


told("whole", whole)
told("httpx-sse, own route", lambda: message(by_httpx_sse(BODY, "/messages/stream")))
for name, reader in {"httpx-sse": by_httpx_sse, "sseclient-py": by_sseclient, "anthropic": by_anthropic}.items():
    told(name, lambda reader=reader: message(reader(STREAMED)))
    told(f"{name}, counting", lambda reader=reader: until_cut(reader(COUNTING)))
told("anthropic, refused", lambda: client.post("/messages", body={"model": "nothing"}, cast_to=object))
told("anthropic, key as a token", key_as_token)
told.end()
