"""A request that finds no operation is refused in the shape of the API that it was meant for."""

from __future__ import annotations

import httpx
import pytest

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
