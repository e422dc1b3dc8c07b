"""Test a proxy's page: a gateway in front of the API returns HTML, and the client must not parse it as JSON.

`page` returns the HTML page of a proxy instead of the API's error: `nginx`, `cloudflare`, `load_balancer`, or
`gateway`, which is one of these.
"""

from __future__ import annotations

import httpx
import pytest

from emulator import Emulator

MESSAGE = {"model": "apex-sonnet-4-20250501", "messages": [{"role": "user", "content": "What is 2 + 2?"}]}


class Failed(Exception):
    """The request failed; says why."""


# The client under test.
def ask(http: httpx.Client) -> str:
    """Returns what the model says. Raises Failed with the API's message, or with the status where there is none."""
    response = http.post("/messages", json=MESSAGE)
    if response.is_success:
        return str(response.json()["content"][0]["text"])
    if response.headers["Content-Type"].startswith("application/json"):
        raise Failed(response.json()["error"]["message"])
    raise Failed(f"{response.status_code} {response.reason_phrase}, not from the API")


def client(emulator: Emulator) -> httpx.Client:
    # The key belongs to this test: it leads to this test's world, whatever runs beside it.
    return httpx.Client(base_url=emulator.base_url("aiexport"), headers={"X-API-Key": emulator.key("pro")})


@pytest.mark.parametrize("page", ["nginx", "cloudflare", "load_balancer", "gateway"])
def test_a_client_reports_a_page_that_is_no_json(emulator: Emulator, page: str) -> None:
    emulator.fail("messages.create", status=502, page=page, times=1)

    with client(emulator) as http:
        with pytest.raises(Failed, match="502 Bad Gateway, not from the API"):
            ask(http)
        assert ask(http) == "2 + 2 = 4."


def test_a_client_reports_the_message_of_the_api(emulator: Emulator) -> None:
    emulator.fail("messages.create", status=503, message="Down for an hour.")

    with client(emulator) as http, pytest.raises(Failed, match=r"Down for an hour\."):
        ask(http)
