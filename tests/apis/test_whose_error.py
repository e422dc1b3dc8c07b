"""A request that finds no operation is refused in the shape of the API that it was meant for."""

from __future__ import annotations

import httpx
import pytest

from tests import loopback
from tests.apis.aiexport_calls import ENTERPRISE, FINE_TUNED, FREE, OPUS, SONNET, caller, refused
from tests.running import Emulated


def whose(response: httpx.Response) -> str:
    """The API whose error shape an answer has."""
    body = response.json()
    return "aiexport" if "request_id" in body else "aixplain" if "statusCode" in body else str(body)


def ask(emulator: Emulated, method: str, path: str, host: str | None = None) -> httpx.Response:
    client = emulator.client("aixplain")
    return client.request(method, path, headers={"Host": host} if host else {})


@pytest.mark.claim("AE-ERROR-SHAPE", "AX-ERROR-SHAPE")
@pytest.mark.parametrize(
    ("path", "api"),
    [
        ("/v2/nothing", "aiexport"),
        ("/v2", "aiexport"),
        ("/v2/", "aiexport"),
        ("/v2/models/a/b/c/d", "aixplain"),  # its models.get takes any id with slashes, for another method
        ("/v2x/nothing", "aixplain"),
        ("/sdk/nothing", "aixplain"),
        ("/api/v2/nothing", "aixplain"),
        ("/", "aixplain"),
    ],
)
def test_an_unknown_path_is_refused_by_the_api_whose_base_it_begins_with(
    emulator: Emulated, path: str, api: str
) -> None:
    response = ask(emulator, "POST", path)
    assert (response.status_code in (404, 405), whose(response)) == (True, api)


@pytest.mark.claim("AE-ERROR-SHAPE", "AX-ERROR-SHAPE")
@pytest.mark.parametrize(
    ("path", "api"),
    [("/v2/agents/some-agent/run", "aixplain"), ("/v2/messages", "aiexport"), ("/v2/agents", "aixplain")],
)
def test_a_path_that_is_there_for_another_method_is_refused_by_its_own_api(
    emulator: Emulated, path: str, api: str
) -> None:
    response = ask(emulator, "PATCH", path)
    assert (response.status_code, whose(response)) == (405, api)


@pytest.mark.claim("AE-ERROR-SHAPE", "AX-ERROR-SHAPE")
@pytest.mark.parametrize(
    ("host", "api"),
    [
        ("models.aixplain.com", "aixplain"),
        ("platform-api.aixplain.com:443", "aixplain"),
        ("api.aiexport.io", "aiexport"),
        ("API.AIEXPORT.IO", "aiexport"),
    ],
)
@pytest.mark.parametrize("path", ["/v2/nothing", "/sdk/nothing", "/nothing"])
def test_a_host_decides_whatever_the_path_looks_like(emulator: Emulated, host: str, path: str, api: str) -> None:
    response = ask(emulator, "GET", path, host)
    assert (response.status_code, whose(response)) == (404, api)


@pytest.mark.finding("B13")
@pytest.mark.parametrize(
    ("headers", "api"),
    [
        ({"X-API-Key": "axp_test_pro"}, "aiexport"),
        ({"X-API-Key": "axp_live_0123456789"}, "aiexport"),
        ({"X-API-Key": "aix_test_demo"}, "aixplain"),
        ({"X-API-Key": "somebody"}, "aixplain"),
        ({}, "aixplain"),
        ({"X-API-Key": "aix_test_demo", "Host": "api.aiexport.io"}, "aiexport"),
        ({"X-API-Key": "axp_test_pro", "Host": "platform-api.aixplain.com"}, "aixplain"),
    ],
)
def test_on_a_path_of_both_a_key_that_only_one_knows_decides(
    emulator: Emulated, headers: dict[str, str], api: str
) -> None:
    with loopback.Client(base_url=emulator.origin, headers=headers) as client:
        unknown = client.get("/v2/models/nothing-like-it")
    assert unknown.status_code == 404 if headers else unknown.status_code in (401, 404)
    assert ("statusCode" in unknown.json()) is (api == "aixplain")
    assert emulator.exchanges(1)[0].api == api


@pytest.mark.finding("B13")
@pytest.mark.claim("AE-MODELS-ROUTE")
def test_a_model_of_ai_export_is_shown_to_its_own_keys_as_the_list_shows_it(emulator: Emulated) -> None:
    client = caller(emulator, FREE)
    (listed, *_) = client.get("/models", params={"family": "haiku"}).json()["data"]
    assert client.get(f"/models/{listed['id']}").json() == listed
    for hidden in (OPUS, FINE_TUNED, "nothing"):
        refused(client.get(f"/models/{hidden}"), 404, "not_found_error")
    assert caller(emulator, ENTERPRISE).get(f"/models/{FINE_TUNED}").json()["workspace"] == "demo"


@pytest.mark.finding("B13")
def test_a_token_decides_as_a_key_does(emulator: Emulated) -> None:
    client = emulator.client("aiexport")
    form = {"grant_type": "client_credentials", "client_id": "demo-enterprise", "client_secret": "demo-secret"}
    client.headers["Authorization"] = f"Bearer {client.post('/oauth/token', data=form).json()['access_token']}"
    assert client.get(f"/models/{SONNET}").json()["object"] == "model"
