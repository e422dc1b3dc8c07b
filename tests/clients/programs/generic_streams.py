"""One message, streamed, by readers that know nothing of the emulator."""

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
told = Told()


def text_of(events):
    """What the deltas say, and the names of the events, runs of the same one told once."""
    names = [name for name, _ in events]
    return {
        "events": [name for at, name in enumerate(names) if at == 0 or names[at - 1] != name],
        "text": "".join(data["delta"]["text"] for name, data in events if name == "content_block_delta"),
    }


def by_httpx_sse(path, **more):
    with (
        httpx.Client() as client,
        connect_sse(client, "POST", BASE + path, headers=HEADERS, json=BODY | more) as source,
    ):
        return text_of([(each.event, each.json()) for each in source.iter_sse()])


def by_sseclient():
    with requests.post(f"{BASE}/messages", headers=HEADERS, json=BODY | {"stream": True}, stream=True) as answer:
        return text_of([(each.event, json.loads(each.data)) for each in sseclient.SSEClient(answer).events()])


# It sends its key as a bearer token, which here is what OAuth gives; the API's own key goes into its own header.
client = anthropic.Anthropic(api_key="-", base_url=BASE, default_headers=HEADERS, max_retries=0)


def by_anthropic():
    """Its low-level reader: its own verb, pointed at /messages instead of its /v1/messages."""
    events = client.post(
        "/messages",
        body=BODY | {"stream": True},
        cast_to=object,
        stream=True,
        stream_cls=anthropic.Stream[RawMessageStreamEvent],
    )
    seen = list(events)
    stop = next(each for each in seen if each.type == "message_delta")
    found = text_of([(each.type, each.model_dump()) for each in seen])
    return found | {"stop": stop.delta.stop_reason, "output_tokens": stop.usage.output_tokens}


def whole():
    return httpx.post(f"{BASE}/messages", headers=HEADERS, json=BODY).json()["content"][0]["text"]


def refused():
    return client.post("/messages", body={"model": "nothing"}, cast_to=object)


READERS = {
    "httpx-sse": lambda: by_httpx_sse("/messages", stream=True),
    "httpx-sse, own route": lambda: by_httpx_sse("/messages/stream"),
    "sseclient-py": by_sseclient,
    "anthropic": by_anthropic,
    "anthropic, refused": refused,
}
told("whole", whole)
for name, reader in READERS.items():
    told(name, reader)
told.end()
