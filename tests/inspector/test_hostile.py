"""What a page must bear: text made to harm, very much of everything, presses while things change, others who steer."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests import loopback
from tests.apis.aiexport_calls import asking as row_asking
from tests.apis.aiexport_calls import caller, create
from tests.inspector.traffic import KEY, MODEL, address, cut, send, show
from tests.running import Emulated
from tests.small import Small

pytestmark = pytest.mark.slow
MARKUP = "<img src=x onerror=alert(1)>"
TURNED = "\u202egnp.exe\u2066\u200b"
SPELLED = "⟨U+202E⟩gnp.exe⟨U+2066⟩⟨U+200B⟩"
TABS = ("response", "request", "why", "replay", "answer")


def control(emulator: Emulated, method: str, path: str, **sent: Any) -> Any:
    answer = loopback.request(method, f"{emulator.origin}/_emulator{path}", **sent)
    answer.raise_for_status()
    return answer


def expect_text_only(page: Page) -> None:
    """Nothing of what was sent has become an element, and nothing turns the text around it."""
    assert page.locator("img, script:not([src^='/_emulator/ui/']), iframe").count() == 0
    assert "\u202e" not in page.locator("body").inner_text()


def test_markup_and_turned_text_stay_text_in_an_exchange(page: Page, emulator: Emulated) -> None:
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    headers = {"X-Name": MARKUP, "User-Agent": "</script><script>alert(1)</script>"}
    send(emulator, MARKUP + TURNED, headers, metadata={MARKUP: TURNED})
    send(emulator, "again", headers, model=MARKUP + TURNED)
    page.goto(address(emulator))
    for number, tab in product((1, 2), TABS):
        show(page, emulator, f"exchange={number}&tab={tab}")
        expect(page.locator(".detail .tab-body")).to_be_visible()
        expect(page.locator(f".lines [data-number='{number}']")).to_have_attribute("aria-selected", "true")
        expect_text_only(page)
    show(page, emulator, "exchange=2&tab=request")
    expect(page.locator(".json")).to_contain_text(MARKUP + SPELLED)
    expect(page.locator(".headers")).to_contain_text(MARKUP)


def test_markup_in_a_rule_and_its_near_misses_stays_text(page: Page, small: Small) -> None:
    emulator = small(
        "one: {route: POST /one, request: {type: object}, rules: "
        f"[{{name: '{MARKUP}', when: {{body.colour: '{MARKUP}'}}, reply: {{body: 1}}}}]}}\n"
    )
    loopback.post(f"{emulator.origin}/one", json={"colour": TURNED}, headers={"X-Key": "key-of-ann"})
    page.goto(address(emulator, "exchange=1&tab=why"))
    expect(page.locator(".miss")).to_contain_text(MARKUP)
    expect(page.locator(".miss")).to_contain_text(r"\u202egnp.exe")  # the server quotes what it found
    expect_text_only(page)


def test_markup_stays_text_in_the_panels(page: Page, emulator: Emulated) -> None:
    create(caller(emulator), row_asking(MARKUP + TURNED, custom_id="one"), webhook_url="http://127.0.0.1:9/")
    emulator.advance(2)
    control(emulator, "PUT", "/worlds/other", json={"owner": MARKUP + TURNED})
    control(emulator, "POST", "/faults", json={"fault": "status", "params": {"status": 503, "message": MARKUP}})
    control(emulator, "POST", "/keys", json={"key": "<b>key</b>", "like": "axp_test_pro"})
    page.goto(address(emulator))
    shown = {"faults": "table.armed", "worlds": "table.worlds", "compose": "#compose-operation option"}
    for view in ("faults", "limits", "jobs", "webhooks", "worlds", "compose"):
        show(page, emulator, f"view={view}")
        expect(page.locator(shown.get(view, f".view-{view} article")).first).to_be_attached()
        expect_text_only(page)


def test_a_command_that_is_copied_runs_nothing_of_what_a_client_sent(page: Page, emulator: Emulated) -> None:
    send(emulator, "$(id) `id` ' \" \\ !", {"Authorization": "Bearer $(id)`id` axp_test_pro", "X-Name": "'; id; '"})
    page.goto(address(emulator, "exchange=1"))
    exchange = control(emulator, "GET", "/exchanges").json()["exchanges"][0]
    script = "async (exchange) => (await import('/_emulator/ui/copy.js')).curl(exchange)"
    command = page.evaluate(script, exchange)
    unquoted, quoted = [], False
    pieces = command.replace("'\\''", "").split("'")
    for piece in pieces:
        unquoted.append("" if quoted else piece)
        quoted = not quoted
    assert not any(sign in "".join(unquoted) for sign in ("$(", "`", ";")), command


def test_a_body_of_megabytes_is_cut_until_it_is_asked_for(page: Page, emulator: Emulated) -> None:
    send(emulator, "x" * 1_400_000, max_tokens=10)
    send(emulator, "y" * 5_000_000, max_tokens=10)
    for number in (1, 2):
        page.goto(address(emulator, f"exchange={number}&tab=request"))
        expect(page.get_by_role("button", name="Show all 1,").first).to_be_visible()
        assert len(page.locator(".detail").inner_text()) < 40_000


def test_a_body_of_very_many_values_is_unfolded_by_hand(page: Page, emulator: Emulated) -> None:
    many = [[[0] * 60 for _ in range(60)] for _ in range(40)]
    send(emulator, metadata={"many": many, **{f"{n}": n for n in range(3_000)}})
    page.goto(address(emulator, "exchange=1&tab=request"))
    expect(page.locator(".json").first).to_be_visible()
    assert page.locator(".json *").count() < 6_000
    page.get_by_role("button", name=" more", exact=False).first.click()
    expect(page.locator(".json").first).to_be_visible()


def test_very_many_header_lines_are_shown_by_hand(page: Page, emulator: Emulated) -> None:
    send(emulator, headers={f"X-{n}{'!#$%&*~'[n % 7]}": f"{n}" for n in range(300)})
    page.goto(address(emulator, "exchange=1&tab=request"))
    headers = page.locator("dl.headers dt")
    expect(headers).to_have_count(100)
    page.get_by_role("button", name=" more", exact=False).last.click()
    assert headers.count() >= 300


def test_a_stream_of_very_many_events_is_drawn_in_part(page: Page, emulator: Emulated) -> None:
    send(emulator, "Go on", stream=True, max_tokens=20_000)
    (exchange,) = emulator.exchanges(1)
    page.goto(address(emulator, "exchange=1"))
    script = """async (count) => {
        const { streamView } = await import('/_emulator/ui/stream.js');
        const event = `event: word\\ndata: ${JSON.stringify({delta: {text: "a"}})}\\n\\n`;
        const exchange = {reply_headers: {"content-type": "text/event-stream"}, reply_body: event.repeat(count),
            events_sent: count, bytes_sent: 1, outcome: "complete", status: 200, took: 1};
        const view = streamView(exchange, null);
        return [view.querySelectorAll("tbody tr").length, view.querySelectorAll("line").length];
    }"""
    rows, ticks = page.evaluate(script, 150_000)
    assert (rows, ticks <= 400) == (301, True)
    assert exchange.events > 0


def test_a_thousand_jobs_and_two_hundred_worlds_are_listed(page: Page, emulator: Emulated) -> None:
    for number in range(199):
        control(emulator, "PUT", f"/worlds/world-{number}", json={})
    create(caller(emulator), row_asking("Hi", custom_id="one"))
    (job,) = control(emulator, "GET", "/jobs").json()["jobs"]
    many = {"jobs": [{**job, "id": f"batch_{number}"} for number in range(1_000)]}  # more than a kind of job keeps
    page.route("**/_emulator/jobs", lambda route: route.fulfill(json=many))
    page.goto(address(emulator, "view=jobs"))
    expect(page.get_by_text("Jobs (1000)")).to_be_visible()
    expect(page.locator("article.job")).to_have_count(100)
    expect(page.locator("#world select option")).to_have_count(200)
    page.get_by_role("button", name="Worlds", exact=True).click()
    expect(page.locator("table.worlds tbody tr")).to_have_count(200)


def test_a_press_is_not_lost_when_the_panel_changes_under_it(page: Page, emulator: Emulated) -> None:
    batch = create(caller(emulator), row_asking("Hi", custom_id="one"))["id"]
    page.goto(address(emulator, "view=jobs"))
    finish = page.get_by_role("button", name=f"Finish now: {batch}")
    finish.hover()
    page.mouse.down()
    none: dict[str, list[str]] = {"jobs": []}
    page.route("**/_emulator/jobs", lambda route: route.fulfill(json=none))  # the next look finds something else
    with page.expect_response("**/_emulator/jobs"):
        pass
    page.unroute("**/_emulator/jobs")
    page.mouse.up()
    expect(page.locator("article.job .tag").first).to_have_text("completed")


def test_nothing_is_drawn_between_press_and_release(page: Page, emulator: Emulated) -> None:
    page.goto(address(emulator))
    script = """async (name) => {
        const { unpressed } = await import('/_emulator/ui/press.js');
        const target = document.querySelector("#help"), seen = [];
        const type = name === "space" ? "keydown" : "pointerdown";
        const press = name === "space" ? new KeyboardEvent(type, {key: " ", bubbles: true})
            : new PointerEvent(type, {bubbles: true});
        target.dispatchEvent(press);
        unpressed(() => seen.push("drawn"));
        target.addEventListener("click", () => seen.push("clicked"), {once: true});
        const up = name === "space" ? new KeyboardEvent("keyup", {key: " ", bubbles: true})
            : new PointerEvent("pointerup", {bubbles: true});
        target.dispatchEvent(up);
        target.dispatchEvent(new MouseEvent("click"));
        await new Promise((done) => unpressed(done));
        return seen;
    }"""
    for name in ("space", "pointer"):
        assert page.evaluate(script, name) == ["clicked", "drawn"]
        page.keyboard.press("Escape")


def test_two_pages_steer_the_same_fault(context: BrowserContext, emulator: Emulated) -> None:
    control(emulator, "POST", "/faults", json={"fault": "status", "params": {"status": 503}})
    first, second = context.new_page(), context.new_page()
    faults = control(emulator, "GET", "/faults").json()
    second.route("**/_emulator/faults", lambda route: route.fulfill(json=faults))  # it sees them as they were
    for each in (first, second):
        each.goto(address(emulator, "view=faults"))
        expect(each.locator("table.armed tbody tr")).to_have_count(1)
    first.get_by_role("button", name="Disarm status, fault_1").click()
    expect(first.get_by_text("No fault is armed in this world.")).to_be_visible()
    second.get_by_role("button", name="Disarm status, fault_1").click()
    expect(second.get_by_role("alert")).to_contain_text("fault_1")
    second.unroute("**/_emulator/faults")
    expect(second.get_by_text("No fault is armed in this world.")).to_be_visible()


@pytest.mark.parametrize(("query", "words"), [("world=nowhere", "no world 'nowhere'")])
def test_what_the_server_refuses_is_said_in_the_list(page: Page, emulator: Emulated, query: str, words: str) -> None:
    page.goto(address(emulator, query))
    expect(page.locator(".list").get_by_role("alert")).to_contain_text(words)
    expect(page.locator("#connection")).to_have_text("Refused, trying again")
    page.get_by_label("World").select_option("default")
    expect(page.locator("#connection")).to_have_text("Live")
    expect(page.get_by_text("Waiting for the first request")).to_be_visible()


def test_another_name_of_the_server_is_refused_in_words(context: BrowserContext, emulator: Emulated) -> None:
    page = context.new_page()
    port = emulator.origin.rpartition(":")[2]
    page.goto(f"http://localhost:{port}/_emulator/ui")
    expect(page.locator("#connection")).to_have_text("Live")
    page.goto(f"http://other.test:{port}/_emulator/ui")
    expect(page.locator(".list").get_by_role("alert")).to_contain_text("is not a name of this server")


def test_a_refused_exchange_does_not_look_like_a_good_one(page: Page, emulator: Emulated) -> None:
    loopback.get(f"{emulator.origin}/v2/nothing", headers=KEY)
    send(emulator, headers={"X-Emulator-Fault": "status=503"})
    cut(emulator, 2)
    send(emulator, model=MODEL)
    page.goto(address(emulator))
    for number, tone, words in (
        (1, "client", "✗ refused, the response is complete"),
        (2, "server", "✗ failed, the response is complete"),
        (3, "cut", "✂ cut by a fault after event 2 of"),
        (4, "ok", "✓ complete"),
    ):
        show(page, emulator, f"exchange={number}")
        outcome = page.locator(".detail .outcome").first
        expect(outcome).to_contain_text(words)
        expect(outcome).to_have_attribute("data-tone", tone)
        expect(page.locator(f".lines [data-number='{number}'] .c-outcome")).to_have_attribute("data-tone", tone)


def test_a_rule_that_is_copied_evaluates_nothing_of_what_a_client_sent(page: Page, emulator: Emulated) -> None:
    send(emulator, user="{{ now }}")
    page.goto(address(emulator, "exchange=1"))
    exchange = control(emulator, "GET", "/exchanges").json()["exchanges"][0]
    script = "async (exchange) => (await import('/_emulator/ui/copy.js')).rule(exchange)"
    assert "body.user: \"{{ '{{' }} now }}\"" in page.evaluate(script, exchange)
