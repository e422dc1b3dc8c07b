"""A stream that is cut: what each third-party reader had by then, and what it raises."""

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
BODY = {"model": "apex-sonnet-4-20250501", "stream": True, "messages": [{"role": "user", "content": "Count to 20"}]}
told = Told()


def until_cut(events):
    seen = 0
    try:
        for _ in events:
            seen += 1
    except Exception as error:
        return {"events": seen, "raised": type(error).__name__}
    return {"events": seen, "raised": None}


def by_httpx_sse():
    with (
        httpx.Client() as client,
        connect_sse(client, "POST", f"{BASE}/messages", headers=HEADERS, json=BODY) as source,
    ):
        return until_cut(source.iter_sse())


def by_sseclient():
    with requests.post(f"{BASE}/messages", headers=HEADERS, data=json.dumps(BODY), stream=True) as answer:
        return until_cut(sseclient.SSEClient(answer).events())


def by_anthropic():
    client = anthropic.Anthropic(api_key="-", base_url=BASE, default_headers=HEADERS, max_retries=0)
    reader = anthropic.Stream[RawMessageStreamEvent]
    return until_cut(client.post("/messages", body=BODY, cast_to=object, stream=True, stream_cls=reader))


told("httpx-sse", by_httpx_sse)
told("sseclient-py", by_sseclient)
told("anthropic", by_anthropic)
told.end()
