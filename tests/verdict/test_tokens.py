"""Tokens: not one for every call, and none that has expired."""

from __future__ import annotations

import httpx
import pytest

from tests import loopback
from tests.apis.aiexport_calls import asking
from tests.running import Emulated
from tests.verdict.conftest import Story, numbers, verdict

CREDENTIALS = {"grant_type": "client_credentials", "client_id": "demo-enterprise", "client_secret": "demo-secret"}


def token(client: httpx.Client) -> dict[str, str]:
    """The header of a fresh token."""
    response = client.post("/oauth/token", data=CREDENTIALS)
    return {"Authorization": f"Bearer {response.json()['access_token']}"}


@pytest.fixture
def emulated(story: Story) -> Emulated:
    return story("")


@pytest.fixture
def client(emulated: Emulated) -> httpx.Client:
    return emulated.client("aiexport")


def test_a_token_for_every_call_is_told(emulated: Emulated, client: httpx.Client) -> None:
    for _ in range(4):
        assert client.post("/messages", json=asking(), headers=token(client)).status_code == 200
        emulated.advance(10)
    found = verdict(emulated, 8)
    assert list(found) == ["token_refreshed_on_every_call"]
    assert found["token_refreshed_on_every_call"].exchanges == numbers(emulated, 8)[::2]
    assert found["token_refreshed_on_every_call"].wanted == "one token for 3,600 s"


def test_a_token_for_many_calls_is_right(emulated: Emulated, client: httpx.Client) -> None:
    for _ in range(4):
        header = token(client)
        for _ in range(2):
            client.post("/messages", json=asking(), headers=header)
    assert verdict(emulated, 12) == {}


def test_a_token_in_time_before_the_last_one_expires_is_right(emulated: Emulated, client: httpx.Client) -> None:
    for _ in range(5):
        client.post("/messages", json=asking(), headers=token(client))
        emulated.advance(3_500)
    assert verdict(emulated, 10) == {}


def test_workers_with_a_token_each_are_right(emulated: Emulated) -> None:
    emulated.clock.run()
    for _ in range(5):
        with loopback.Client(base_url=f"{emulated.origin}/v2") as client:
            client.post("/messages", json=asking(), headers=token(client))
    assert verdict(emulated, 10) == {}


def test_a_token_that_has_expired_and_is_sent_on_is_told(emulated: Emulated, client: httpx.Client) -> None:
    header = token(client)
    assert client.post("/messages", json=asking("0"), headers=header).status_code == 200
    emulated.advance(3_700)
    for number in range(3):
        assert client.post("/messages", json=asking(str(number + 1)), headers=header).status_code == 401
    found = verdict(emulated, 5)
    assert list(found) == ["token_refreshed_too_late"]
    assert found["token_refreshed_too_late"].exchanges == numbers(emulated, 5)[2:]
    assert found["token_refreshed_too_late"].found == "a token at least 3,700 s old"


def test_a_token_that_is_refreshed_when_it_is_refused_is_right(emulated: Emulated, client: httpx.Client) -> None:
    header = token(client)
    for _ in range(3):
        for body in ("one", "two"):
            if client.post("/messages", json=asking(body), headers=header).status_code == 401:
                header = token(client)
                assert client.post("/messages", json=asking(body), headers=header).status_code == 200
        emulated.advance(3_601)
    assert verdict(emulated, 11) == {}


def test_a_token_that_was_never_good_is_not_called_late(emulated: Emulated, client: httpx.Client) -> None:
    for number in range(4):
        client.post("/messages", json=asking(str(number)), headers={"Authorization": "Bearer axp_oauth_made_up"})
    assert verdict(emulated, 4) == {}
