"""The detail of an exchange: the stream with its cut, the bodies, the reasons, what can be copied, and the replay."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import loopback
from tests.inspector.conftest import faultless
from tests.inspector.traffic import KEY, address, cut, send, streaming
from tests.pages import ROOT
from tests.reader import pytest_command
from tests.running import Emulated
from tests.small import Small
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow
FORMS = ("curl", "Python", "JavaScript", "Scenario rule", "Test", "HAR")


def test_a_stream_cut_after_3_of_its_events_is_shown_as_that(page: Page, emulator: Emulated) -> None:
    cut(emulator, 3)
    (exchange,) = emulator.exchanges(1)
    page.goto(address(emulator, "exchange=1"))
    words = f"cut by a fault after event 3 of {exchange.events}"
    expect(page.locator(".verdict-line")).to_contain_text(words)
    assert (page.locator(".stream-bar svg").get_attribute("aria-label") or "").startswith(words)
    expect(page.locator(".cut-line")).to_have_count(1)
    rows = page.locator("table.events tbody tr")
    expect(rows.nth(3)).to_have_class("cut-row")
    expect(rows).to_have_count(exchange.events + 1)
    expect(rows.nth(0)).to_contain_text("message_start")
    expect(page.locator(".facts").last).to_contain_text(f"3 of {exchange.events} sent")
    expect(page.locator(".said .unsent")).to_contain_text("rainbow")


@pytest.mark.scenario("demo")
def test_the_times_of_a_paced_stream_are_shown_while_it_runs(page: Page, emulator: Emulated) -> None:
    with streaming(emulator):
        emulator.entered(1)
        page.goto(address(emulator, "exchange=1"))
        emulator.advance(0.34 + 0.2)
        expect(page.locator(".verdict-line")).to_contain_text("open, 4 events sent so far")
        rows = page.locator("table.events tbody tr")
        expect(rows.nth(3)).to_contain_text("540 ms540 ms")
        emulator.advance(60)
        expect(page.locator(".verdict-line")).to_contain_text("complete: all")
    expect(page.locator(".unsent-row")).to_have_count(0)
    expect(page.locator(".stream-bar figcaption")).to_have_text(re.compile(r"^0\d+\.\d\d s$"))


@pytest.mark.scenario("demo")
def test_what_is_unfolded_stays_so_while_nothing_happens(page: Page, emulator: Emulated) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/explanation" in request.url else None)
    with streaming(emulator):
        emulator.entered(1)
        page.goto(address(emulator, "exchange=1"))
        first = page.locator("table.events tbody tr").first
        first.locator("summary").first.click()
        count = len(asked)
        page.wait_for_function("count => performance.getEntriesByType('resource').length > count + 6", arg=count)
        expect(first.locator("details").first).to_have_attribute("open", "")
        emulator.advance(60)
        expect(page.locator(".verdict-line")).to_contain_text("complete: all")


def test_a_client_that_left_is_told_from_a_cut(page: Page, emulator: Emulated) -> None:
    url = f"{emulator.origin}/v2/messages"
    body = {"model": "apex-haiku-4-20250401", "messages": [{"role": "user", "content": "Hi"}], "stream": True}
    headers = {**KEY, "X-Emulator-Fault": "stall_after=5"}
    with loopback.stream("POST", url, json=body, headers=headers) as response:
        next(response.iter_bytes())
    emulator.exchanges(1)
    page.goto(address(emulator, "exchange=1"))
    expect(page.locator(".verdict-line")).to_contain_text("client left after event 5 of")


def test_events_can_be_unfolded(page: Page, emulator: Emulated) -> None:
    cut(emulator, 3)
    page.goto(address(emulator, "exchange=1"))
    first = page.locator("table.events tbody tr").first
    first.locator("summary").first.click()
    expect(first.locator(".json")).to_contain_text("role: “assistant”")


def test_bodies_are_shown_as_tree_and_raw_and_headers_as_a_list(page: Page, emulator: Emulated) -> None:
    answer = send(emulator)
    page.goto(address(emulator, "exchange=1"))
    body = page.locator("#tab-body")
    expect(body.locator(".json")).to_contain_text("stop_reason: “end_turn”")
    page.get_by_role("button", name="Raw").click()
    expect(body.locator("pre")).to_contain_text('"stop_reason": "end_turn"')
    expect(body.locator(".headers")).to_contain_text(answer.headers["x-request-id"])
    expect(page.locator(".summary")).to_contain_text("2 in, 8 out")
    expect(page.locator(".summary")).to_contain_text("USD")


def test_why_names_rule_limits_and_the_words_of_the_document(page: Page, emulator: Emulated) -> None:
    send(emulator)
    page.goto(address(emulator, "exchange=1&tab=why"))
    (exchange,) = emulator.exchanges(1)
    why = page.locator(".why")
    expect(why).to_contain_text(exchange.rule)
    expect(why.get_by_role("row", name="requests 0 1 1 600")).to_be_visible()
    expect(why.locator('[data-grade="documented"]').first).to_contain_text("POST /messages creates a message.")
    expect(why.locator('.grade[data-grade="invented"]')).to_contain_text("AE-RL-HEADERS")


def test_why_shows_a_rule_that_was_passed_over_field_by_field(page: Page, small: Small) -> None:
    ask = "ask: {route: POST /ask, request: {type: object}, rules: [{name: own, reply: {body: {}}}]}"
    emulator = small(ask, scenario="rules: [{on: ask, name: mine, when: {body.size: 3}, reply: {body: {}}}]\n")
    loopback.post(f"{emulator.origin}/ask", json={"size": 2}, headers={"X-Key": "key-of-ann"})
    emulator.exchanges(1)
    page.goto(address(emulator, "exchange=1&tab=why"))
    why = page.locator(".why")
    expect(why).to_contain_text("A rule of a scenario did not answer, so the API's own did.")
    expect(why.get_by_role("row", name="body.size 3 2")).to_be_visible()
    expect(why.locator(".miss")).to_have_text([re.compile("differs mine"), re.compile("answered own")])


def test_why_not_lists_the_nearest_rules_field_by_field(page: Page, small: Small) -> None:
    emulator = small(
        "one: {route: POST /one, request: {type: object}, rules: "
        "[{name: red ones, when: {body.colour: red}, reply: {body: 1}}]}\n"
    )
    loopback.post(f"{emulator.origin}/one", json={"colour": "blue"}, headers={"X-Key": "key-of-ann"})
    page.goto(address(emulator, "exchange=1&tab=why"))
    miss = page.locator(".miss")
    expect(miss).to_contain_text("red ones")
    expect(miss.get_by_role("row").nth(1)).to_contain_text("body.colour")
    expect(miss.get_by_role("row").nth(1)).to_contain_text("red")
    expect(miss.get_by_role("row").nth(1)).to_contain_text("blue")
    page.goto(address(emulator))
    expect(page.locator(".lines .row").first).to_contain_text("no rule")


def test_a_refusal_says_what_refused_it(page: Page, emulator: Emulated) -> None:
    for _ in range(61):
        send(emulator, headers={"X-API-Key": "axp_test_free"})
    page.goto(address(emulator, "exchange=61&tab=why"))
    expect(page.locator(".why")).to_contain_text("the limits of the plan free")
    expect(page.locator("tr.refused")).to_contain_text("requests refused")


@pytest.fixture(scope="module")
def copied(browser: Browser, lasting: Emulated) -> dict[str, str]:
    """What each form of a message puts on the clipboard."""
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    send(lasting, 'It\'s "quoted"\n$HOME `x` {{ 1 }}')
    with faultless(context) as page:
        page.goto(address(lasting, "exchange=1"))
        found = {form: copied_as(page, form) for form in FORMS}
    context.close()
    return found


def copied_as(page: Page, form: str) -> str:
    """What is on the clipboard once an exchange was copied in a form."""
    page.get_by_text("Copy as", exact=True).click()
    page.locator(".menu-items").get_by_role("button", name=form, exact=True).click()
    expect(page.locator("#toast")).to_have_text(f"Copied as {form}")
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


def test_what_is_copied_runs_and_asks_the_same(copied: dict[str, str], lasting: Emulated, tmp_path: Path) -> None:
    environment = {"PATH": "/usr/bin:/bin:/usr/local/bin", "API_KEY": "axp_test_pro", "PYTHONPATH": str(ROOT)}
    (tmp_path / "it.py").write_text(copied["Python"])
    (tmp_path / "it.mjs").write_text(copied["JavaScript"])
    (tmp_path / "it.sh").write_text(copied["curl"])
    for command in (["sh", "it.sh"], [sys.executable, "it.py"], ["node", "it.mjs"]):
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 0, done.stderr
    exchanges = lasting.exchanges(4)
    assert {each.status for each in exchanges} == {200}
    assert len({json.dumps(json.loads(each.body)) for each in exchanges}) == 1


def test_no_copy_holds_a_key(copied: dict[str, str]) -> None:
    assert [form for form, text in copied.items() if "axp_test_pro" in text] == []


def test_a_rule_that_is_copied_loads_and_answers_the_same(
    copied: dict[str, str], emulator: Emulated, tmp_path: Path
) -> None:
    first = json.loads(json.loads(copied["HAR"])["log"]["entries"][0]["response"]["content"]["text"])
    text = f"scenario: copied\nabout: Copied.\nextends: default\n{copied['Scenario rule']}"
    put = loopback.put(f"{emulator.origin}/_emulator/scenarios/copied", json={"yaml": text})
    assert put.status_code in (200, 201), put.text
    assert (
        loopback.post(f"{emulator.origin}/_emulator/scenarios/use", json={"scenarios": ["copied"]}).status_code == 200
    )
    again = send(emulator, "Something else")
    assert again.json() == first


def test_a_test_that_is_copied_passes(copied: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "test_copied.py").write_text(copied["Test"])
    environment = {"PATH": "/usr/bin:/bin", "API_KEY": "axp_test_pro"}
    command = pytest_command("-q", "test_copied.py")
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=PATIENCE)
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_har_is_har(copied: dict[str, str]) -> None:
    (entry,) = json.loads(copied["HAR"])["log"]["entries"]
    assert entry["request"]["method"] == "POST"
    assert entry["response"]["status"] == 200
    assert json.loads(entry["response"]["content"]["text"])["type"] == "message"


def test_a_replay_stands_beside_what_it_repeats(page: Page, emulator: Emulated) -> None:
    send(emulator)
    page.goto(address(emulator, "exchange=1&tab=replay"))
    page.get_by_role("button", name="Send again").click()
    sides = page.locator(".sides")
    expect(sides).to_contain_text("#1")
    expect(sides).to_contain_text("#2, the replay")
    first, second = emulator.exchanges(2)
    assert (second.status, second.caller) == (200, first.caller)
    assert json.loads(second.body) == json.loads(first.body)


def test_a_replay_has_the_key_that_is_shown_masked_however_short_it_is(page: Page, emulator: Emulated) -> None:
    made = {"key": "my-key-1", "like": KEY["X-API-Key"]}
    loopback.post(f"{emulator.origin}/_emulator/keys", json=made).raise_for_status()
    send(emulator, headers={"X-API-Key": "my-key-1"})
    page.goto(address(emulator, "exchange=1&tab=replay"))
    expect(page.get_by_label("Headers")).to_have_value(re.compile(r"x-api-key: \*{8}$", re.MULTILINE))
    page.get_by_role("button", name="Send again").click()
    expect(page.locator(".sides")).to_contain_text("#2, the replay")
    first, second = emulator.exchanges(2)
    assert (second.status, second.caller) == (200, first.caller)


def test_a_replay_can_be_changed(page: Page, emulator: Emulated) -> None:
    send(emulator)
    page.goto(address(emulator, "exchange=1&tab=replay"))
    page.get_by_label("Body").fill('{"model": "apex-haiku-4-20250401", "messages": []}')
    page.get_by_role("button", name="Send again").click()
    expect(page.locator(".sides")).to_contain_text("400")
    expect(page.locator(".differs").first).to_be_visible()
    page.get_by_label("Body").fill("{")
    page.get_by_label("Headers").fill("x-emulator-fault: reset_peer\nx-api-key: axp_test_pro")
    page.get_by_role("button", name="Send again").click()
    expect(page.locator(".sides")).to_contain_text("#3, the replay")


def test_an_exchange_that_the_journal_has_cut_says_so(page: Page, emulator: Emulated) -> None:
    send(emulator, "x" * 2_000_000)
    send(emulator)
    emulator.exchanges(2)
    page.goto(address(emulator, "exchange=1&tab=why"))
    expect(page.locator(".summary")).to_contain_text("The journal has cut this exchange")
    expect(page.locator(".why")).to_contain_text("the provenance lacks what they rest on")
    page.goto(address(emulator, "exchange=2&tab=why"))
    expect(page.locator(".why")).to_contain_text("Provenance")
    expect(page.locator(".detail")).not_to_contain_text("has cut this exchange")


def test_a_prompt_can_be_answered_differently(page: Page, emulator: Emulated) -> None:
    send(emulator, "Where is my parcel?")
    page.goto(address(emulator, "exchange=1&tab=answer"))
    expect(page.get_by_label("Prompt", exact=True)).to_have_value("Where is my parcel?")
    page.get_by_label("is answered").fill("On its way.")
    page.get_by_role("button", name="Answer differently").click()
    expect(page.locator(".answer")).to_contain_text("Where is my parcel? → On its way.")
    assert send(emulator, "Where is my parcel?").json()["content"][0]["text"] == "On its way."
    page.locator(".answer").get_by_role("button").click()
    expect(page.locator(".answer")).to_have_count(0)
    assert send(emulator, "Where is my parcel?").json()["content"][0]["text"] != "On its way."


def test_an_answer_that_is_wrong_is_told_so(page: Page, emulator: Emulated) -> None:
    send(emulator, "Where is my parcel?")
    page.goto(address(emulator, "exchange=1&tab=answer"))
    page.get_by_label("is answered").fill("{{ nothing_like_it( }}")
    page.get_by_role("button", name="Answer differently").click()
    expect(page.get_by_role("alert").last).to_contain_text("answer")


def test_an_exchange_that_has_left_the_journal_is_said_to_have(page: Page, emulator: Emulated) -> None:
    page.goto(address(emulator, "exchange=7"))
    expect(page.get_by_role("alert")).to_contain_text("Exchange 7 is no longer in the journal.")
