"""The APIs are told with what a client needs: base URL and keys."""

from __future__ import annotations

import httpx
import pytest

from tests.running import Emulated


def test_each_api_is_told_with_its_base_url_and_keys(emulator: Emulated, control: httpx.Client) -> None:
    told = {each["api"]: each for each in control.get("/apis").json()["apis"]}
    assert list(told) == ["aixplain", "aiexport"]
    assert told["aiexport"]["base_url"] == f"{emulator.origin}/v2"
    assert told["aiexport"]["keys"]["axp_test_free"] == {
        "tier": "free",
        "status": "active",
        "workspace": "demo-free",
    }


def test_a_key_is_told_as_it_is_in_the_world(control: httpx.Client) -> None:
    control.put("/limits", json={"key": "axp_test_free", "tier": "pro"}).raise_for_status()
    told = {each["api"]: each for each in control.get("/apis").json()["apis"]}
    assert told["aiexport"]["keys"]["axp_test_free"]["tier"] == "pro"


@pytest.mark.parametrize("path", ["/apis?tier=pro", "/apis?worl=a"])
def test_what_it_is_not_asked_with_is_refused(control: httpx.Client, path: str) -> None:
    answer = control.get(path)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].endswith("expected one of: api, key")


def test_each_api_tells_what_points_its_own_client_here(emulator: Emulated, control: httpx.Client) -> None:
    told = {each["api"]: each for each in control.get("/apis").json()["apis"]}
    assert told["aixplain"]["client_key"] == "aix_test_demo"
    assert told["aixplain"]["environment"]["MODELS_RUN_URL"] == f"{emulator.origin}/api/v2/execute"
    assert told["aiexport"]["environment"] == {"API_KEY": "axp_test_pro"}
