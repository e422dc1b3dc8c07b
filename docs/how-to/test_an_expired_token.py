"""Test an expired token: after an hour, the client fetches one new token and continues.

The hour passes when the test advances the clock. A request for a token carries no key of this test, so the client sends
the header that selects the test's world.
"""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from emulator import Emulator

pytestmark = pytest.mark.emulator(frozen=True)


# The client under test.
class Client:
    def __init__(self, http: httpx.Client) -> None:
        self.http = http
        self.token = ""

    def models(self) -> list[str]:
        """The ids of all models; a token that is refused is renewed, once."""
        answer = self._get("/models")
        if answer.status_code == 401:
            self.token = ""
            answer = self._get("/models")
        return [each["id"] for each in answer.raise_for_status().json()["data"]]

    def _get(self, path: str) -> httpx.Response:
        if not self.token:
            self.token = self._renew()
        return self.http.get(path, headers={"Authorization": f"Bearer {self.token}"})

    def _renew(self) -> str:
        form = {"grant_type": "client_credentials", "client_id": "demo-enterprise", "client_secret": "demo-secret"}
        return str(self.http.post("/oauth/token", data=form).raise_for_status().json()["access_token"])


@pytest.fixture
def client(emulator: Emulator) -> Iterator[Client]:
    with httpx.Client(base_url=emulator.base_url("aiexport"), headers=emulator.headers) as http:
        yield Client(http)


def test_a_token_is_used_as_long_as_it_lasts(emulator: Emulator, client: Client) -> None:
    client.models()
    emulator.clock.advance("59m")
    client.models()

    assert len(emulator.requests("oauth.token")) == 1


def test_an_expired_token_is_renewed_once(emulator: Emulator, client: Client) -> None:
    before = client.models()
    emulator.clock.advance("1h")

    assert client.models() == before

    assert [each.status for each in emulator.requests("models.list")] == [200, 401, 200]
    assert len(emulator.requests("oauth.token")) == 2


def test_a_client_whose_new_token_is_refused_too_gives_up(emulator: Emulator, client: Client) -> None:
    emulator.fail("models.list", status=401)

    with pytest.raises(httpx.HTTPStatusError):
        client.models()

    assert len(emulator.requests("oauth.token")) == 2
