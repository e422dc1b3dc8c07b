"""One message by requests, httpx, aiohttp and urllib, each in its own words."""

import asyncio
import json
import os
import urllib.error
import urllib.request

import aiohttp
import httpx
import requests
from telling import Told

BASE, KEY = os.environ["AIEXPORT_BASE_URL"], os.environ["AIEXPORT_API_KEY"]
URL, HEADERS = f"{BASE}/messages", {"X-API-Key": KEY}
BODY = {"model": "apex-haiku-4-20250401", "messages": [{"role": "user", "content": "What is 2 + 2? ✓"}]}
WRONG = {"model": "apex-haiku-4-20250401", "messages": []}
told = Told()


def shown(status, headers, body):
    said = body["content"][0]["text"] if status == 200 else body["error"]["param"]
    return [status, headers["Content-Type"].partition(";")[0], headers["X-API-Version"], said]


def by_requests(body):
    answer = requests.post(URL, headers=HEADERS, json=body)
    return shown(answer.status_code, answer.headers, answer.json())


def by_httpx(body):
    answer = httpx.post(URL, headers=HEADERS, json=body)
    return shown(answer.status_code, answer.headers, answer.json())


def by_aiohttp(body):
    async def ask():
        async with (
            aiohttp.ClientSession(trust_env=True) as session,
            session.post(URL, headers=HEADERS, json=body) as answer,
        ):
            return shown(answer.status, answer.headers, await answer.json())

    return asyncio.run(ask())


def by_urllib(body):
    asked = urllib.request.Request(URL, json.dumps(body).encode(), HEADERS | {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(asked) as answer:
            return shown(answer.status, answer.headers, json.load(answer))
    except urllib.error.HTTPError as error:
        with error:
            return shown(error.code, error.headers, json.load(error))


for name, ask in {"requests": by_requests, "httpx": by_httpx, "aiohttp": by_aiohttp, "urllib": by_urllib}.items():
    told(name, lambda ask=ask: ask(BODY))
    told(f"{name}, refused", lambda ask=ask: ask(WRONG))
told.end()
