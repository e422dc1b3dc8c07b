"""Jobs and sessions in Chromium: their states past and to come, what ends a job, and what requests have stored."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests import loopback
from tests.apis.aiexport_calls import asking, caller, create
from tests.inspector.traffic import address
from tests.running import Emulated

pytestmark = pytest.mark.slow
ROW = asking("What is 2 + 2?", custom_id="sum")


@pytest.fixture
def batch(emulator: Emulated) -> str:
    return str(create(caller(emulator), ROW)["id"])


def state(emulator: Emulated, batch: str) -> str:
    response: httpx.Response = loopback.get(f"{emulator.origin}/_emulator/jobs/{batch}")
    return str(response.json()["state"])


def test_a_job_shows_its_states_past_and_to_come(page: Page, emulator: Emulated, batch: str) -> None:
    page.goto(address(emulator, "view=jobs"))
    history = page.get_by_role("list", name=f"History of {batch}")
    expect(history.locator("li")).to_have_text(
        ["● queued 00:00:00.000", "○ in_progress in 1.00 s", "○ completed in 1.01 s"]
    )
    emulator.advance(1)
    expect(history.locator("li").nth(1)).to_have_text("● in_progress 00:00:01.000")
    emulator.advance(1)
    expect(page.locator("article.job")).to_contain_text("1 done, 0 failed")
    expect(page.get_by_role("button", name="Finish now")).to_have_count(0)


@pytest.mark.parametrize(
    ("label", "found"), [("Finish now", "completed"), ("Cancel", "cancelling"), ("Fail now", "failed")]
)
def test_a_job_is_ended_by_hand(page: Page, emulator: Emulated, batch: str, label: str, found: str) -> None:
    page.goto(address(emulator, "view=jobs"))
    page.get_by_role("button", name=f"{label}: {batch}").click()
    expect(page.locator("article.job .tag").first).to_have_text(found)
    assert state(emulator, batch) == found


def test_a_job_that_ended_meanwhile_says_so(page: Page, emulator: Emulated, batch: str) -> None:
    jobs = loopback.get(f"{emulator.origin}/_emulator/jobs").raise_for_status().json()
    page.route("**/_emulator/jobs", lambda route: route.fulfill(json=jobs))  # whenever the page asks, it sees these
    page.goto(address(emulator, "view=jobs"))
    finish = page.get_by_role("button", name=f"Finish now: {batch}")
    expect(finish).to_be_visible()
    loopback.post(f"{emulator.origin}/_emulator/jobs/{batch}/fail").raise_for_status()
    finish.click()
    expect(page.get_by_text(f"job '{batch}' has ended already: failed")).to_be_visible()


def test_what_no_request_has_made_is_marked(page: Page, emulator: Emulated, batch: str) -> None:
    control = f"{emulator.origin}/_emulator"
    order = {"kind": "batch", "as": "axp_test_pro", "id": "begun", "items": [ROW]}
    loopback.post(f"{control}/jobs", json=order).raise_for_status()
    loopback.put(f"{control}/records/aixplain/agents/a1", json={"name": "Mine"}).raise_for_status()
    client = emulator.client("aixplain", headers={"x-api-key": "aix_test_demo"})
    client.post("/v1/sessions", json={"agentId": "a1"}).raise_for_status()
    page.goto(address(emulator, "view=jobs"))
    marks = page.locator(".tag", has_text="seeded")
    expect(page.locator("article.job", has_text="begun").locator(marks)).to_have_count(1)
    expect(page.locator("article.job", has_text=batch).locator(marks)).to_have_count(0)
    expect(page.locator(".record", has_text="Mine").locator(marks)).to_have_count(1)
    expect(marks).to_have_count(2)
    page.goto(address(emulator, "exchange=2"))
    expect(page.locator(".facts .tag")).to_have_text(["aixplain/agents/a1"])


def test_a_session_is_shown_with_what_it_holds(page: Page, emulator: Emulated) -> None:
    page.goto(address(emulator, "view=jobs"))
    expect(page.get_by_text("Requests have stored nothing yet")).to_be_visible()
    client = emulator.client("aixplain", headers={"x-api-key": "aix_test_demo"})
    made = client.post("/v1/sessions", json={"agentId": "68f0000000000000000000a1"}).raise_for_status().json()
    record = page.locator(".record")
    expect(record).to_contain_text(made["id"])
    expect(record).to_contain_text("messages")
