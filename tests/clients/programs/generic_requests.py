"""One message by each of Python's HTTP clients, in its own words."""

import asyncio
import io
import json
import os
import urllib.error
import urllib.request

import aiohttp
import httpx
import httpx2
import pycurl
import requests
import urllib3
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


def by_httpx2(body):
    answer = httpx2.post(URL, headers=HEADERS, json=body)
    return shown(answer.status_code, answer.headers, answer.json())


def by_urllib3(body):
    answer = urllib3.request("POST", URL, headers=HEADERS, json=body)
    return shown(answer.status, answer.headers, answer.json())


def by_pycurl(body):
    client, head, content = pycurl.Curl(), [], io.BytesIO()
    client.setopt(client.URL, URL)
    client.setopt(client.HTTPHEADER, [f"X-API-Key: {KEY}", "Content-Type: application/json"])
    client.setopt(client.POSTFIELDS, json.dumps(body))
    client.setopt(client.HEADERFUNCTION, lambda line: head.append(line.decode().partition(":")))
    client.setopt(client.WRITEDATA, content)
    client.perform()
    headers = {name.title().replace("Api", "API"): value.strip() for name, _, value in head}
    return shown(client.getinfo(client.RESPONSE_CODE), headers, json.loads(content.getvalue()))


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


CLIENTS = {
    "requests": by_requests,
    "httpx": by_httpx,
    "httpx2": by_httpx2,
    "aiohttp": by_aiohttp,
    "urllib": by_urllib,
    "urllib3": by_urllib3,
    "pycurl": by_pycurl,
}
for name, ask in CLIENTS.items():
    told(name, lambda ask=ask: ask(BODY))
    told(f"{name}, refused", lambda ask=ask: ask(WRONG))
told.end()
