"""Pages of other sites are refused at the emulated routes, before anything happens; those of this machine are not."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from emulator.errors import ApiError
from emulator.http.origins import OriginPolicy
from emulator.http.request import Request
from emulator.settings.listen import Listen
from emulator.settings.options import Settings
from tests.apis.aiexport_calls import ENTERPRISE, PRO
from tests.running import Emulated
from tests.small import KEY, Small
from tests.wire import Wire

POLICY = OriginPolicy(Settings(intercept_hosts=("more.test",)), ["API.example"])
BEYOND = OriginPolicy(Settings(listen=Listen("0.0.0.0", 8484)), [])


def asking(origin: str, host: str = "localhost:8484", scheme: str = "http") -> Request:
    name = "::1" if host.startswith("[") else host.partition(":")[0].lower()
    return Request("POST", "/", "", {b"origin": origin.encode()}, name, scheme, host)


@pytest.mark.finding("I5")
@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:5173",
        "https://LOCALHOST",
        "http://a.b.localhost:1",
        "http://127.8.8.8:80",
        "http://[::1]:3000",
    ],
)
@pytest.mark.parametrize("host", ["localhost:8484", "127.0.0.1", "[::1]:8484", "api.example", "more.test:443"])
def test_a_page_of_this_machine_may_ask_by_every_name_of_the_server(origin: str, host: str) -> None:
    POLICY.check(asking(origin, host))


@pytest.mark.finding("I5")
@pytest.mark.parametrize(
    "origin",
    [
        *("http://evil.test", "https://localhost.evil.test", "null", "", "file://", "http://192.168.1.7:8484"),
        *("http://127.0.0.1.evil.test", "chrome-extension://abc", "http://localhost@evil.test", "http://[::2]"),
        *(
            "http://localhost/ http://evil.test",
            "http://notlocalhost",
            "http://",
            "localhost",
            "http://[",
            "http://api.example",
        ),
    ],
)
def test_a_page_of_another_site_may_not(origin: str) -> None:
    with pytest.raises(ApiError, match=r"is (of )?another site"):
        POLICY.check(asking(origin))


@pytest.mark.finding("I5")
@pytest.mark.parametrize("origin", ["http://evil.test:8484", "http://localhost:8484"])
def test_a_name_that_a_page_made_point_here_is_refused(origin: str) -> None:
    with pytest.raises(ApiError, match=r"the host 'evil\.test:8484' is not a name of this server"):
        POLICY.check(asking(origin, "evil.test:8484"))


@pytest.mark.finding("A7")
@pytest.mark.parametrize("host", ["ai.test", "ai.test:443", "127.0.0.1:8484"])
def test_pages_of_the_public_url_are_the_servers_own(host: str) -> None:
    public = OriginPolicy(Settings(public_url="https://ai.test/emulator"), [])
    public.check(asking("https://ai.test", host))
    for origin in ("https://ai.test:8443", "https://evil.test", "https://ai.test/emulator"):
        with pytest.raises(ApiError, match="is another site"):
            public.check(asking(origin, host))


@pytest.mark.finding("I5")
def test_beyond_this_machine_the_servers_own_pages_are_known_by_its_address() -> None:
    own = asking("http://192.168.1.7:8484", "192.168.1.7:8484")
    BEYOND.check(own)
    with pytest.raises(ApiError, match="not a name of this server"):
        POLICY.check(own)
    with pytest.raises(ApiError, match="is another site"):
        BEYOND.check(replace(own, scheme="https"))


@pytest.mark.finding("I5")
@pytest.mark.parametrize("kind", ["text/plain", "application/json"])
def test_both_apis_refuse_a_page_in_their_own_shapes_before_anything_happens(emulator: Emulated, kind: str) -> None:
    page = [("Origin", "http://evil.test"), ("Host", "localhost"), ("Content-Type", kind)]
    batch = b'{"requests": [], "webhook_url": "http://127.0.0.1:1/"}'
    with Wire(emulator.running.port) as wire:
        answer = wire.ask("POST", "/v2/batch", [*page, ("X-API-Key", ENTERPRISE)], batch)
        assert (answer.status, answer.json()["type"], answer.json()["error"]["type"]) == (
            403,
            "error",
            "permission_error",
        )
        assert "localhost" in (answer.header("x-emulator-hint") or "")
        assert answer.header("access-control-allow-origin") is None
        answer = wire.ask("POST", "/v2/agents", [*page, ("x-api-key", "aix_test_demo")], b"{}")
        assert (answer.status, answer.json()["statusCode"]) == (403, 403)
        assert (
            wire.ask(
                "GET", "/v2/models", [("Origin", "http://localhost:5173"), ("Host", "localhost"), ("X-API-Key", PRO)]
            ).status
            == 200
        )
    assert [(each.operation, each.status) for each in emulator.exchanges(3)[:2]] == [("", 403), ("", 403)]


@pytest.mark.finding("I5")
def test_a_page_is_refused_however_the_request_comes_and_costs_nothing(small: Small) -> None:
    emulated = small("once:\n  route: POST /once\n  rules: [{when: {nth: 1}, reply: {body: {first: true}}}]")
    with Wire(emulated.running.port) as wire:
        for body in (b"x", b"x" * 200_000):
            answer = wire.ask("POST", "/once", [*KEY.items(), ("Origin", "http://evil.test")], body)
            assert (answer.status, answer.json()["kind"]) == (403, "forbidden")
        assert wire.ask("POST", "/once", KEY.items()).json() == {"first": True}


def test_the_emulated_hosts_are_those_in_use() -> None:
    policy = OriginPolicy(Settings(intercept_hosts=("more.test",)), ["one.example"])
    policy.add(["Two.example"])
    for host in ("one.example", "two.example", "more.test"):
        policy.check(asking("http://localhost:5173", host))
    policy.use(["two.example"])
    for host in ("two.example", "more.test"):
        policy.check(asking("http://localhost:5173", host))
    with pytest.raises(ApiError, match=r"the host 'one\.example' is not a name of this server"):
        policy.check(asking("http://localhost:5173", "one.example"))


def marked(site: str, referer: str = "", method: str = "GET") -> Request:
    """A request as a link, an image or a form makes it: without an Origin."""
    fields = {b"sec-fetch-site": site.encode(), **({b"referer": referer.encode()} if referer else {})}
    return Request(method, "/", "", fields, "localhost", "http", "localhost:8484")


@pytest.mark.parametrize("site", ["cross-site", "Cross-Site "])
@pytest.mark.parametrize(
    "referer", ["", "https://evil.test/page", "http://localhost.evil.test/", "about:blank", "http://["]
)
def test_a_link_or_an_image_of_another_site_is_refused_though_it_sends_no_origin(site: str, referer: str) -> None:
    with pytest.raises(ApiError, match=r"is (of )?another site") as refused:
        POLICY.check(marked(site, referer))
    assert refused.value.values["status"] == 403
    assert str(refused.value.values["hint"]).startswith("a web page may call the emulated APIs only from this machine")


@pytest.mark.parametrize("site", ["none", "same-origin", "same-site", "", "anything"])
def test_the_address_line_and_the_same_site_are_no_other_site(site: str) -> None:
    POLICY.check(marked(site, "https://evil.test/"))


def test_a_page_of_this_machine_may_show_an_image_of_it() -> None:
    POLICY.check(marked("cross-site", "http://localhost:5173/page"))


def test_whoever_lets_every_page_in_lets_links_in_too() -> None:
    OriginPolicy(Settings(cors=("*",))).check(marked("cross-site"))
    one = OriginPolicy(Settings(cors=("https://app.example.com",)))
    one.check(marked("cross-site", "https://app.example.com/"))
    with pytest.raises(ApiError):
        one.check(marked("cross-site"))


def test_a_link_of_another_site_changes_nothing(emulator: Emulated) -> None:
    with emulator.client("aiexport") as client:
        headers = {"X-API-Key": PRO, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
        refused = client.get("/models", headers=headers)
        assert (refused.status_code, refused.json()["error"]["type"]) == (403, "permission_error")
        assert "x-ratelimit-limit" not in refused.headers
        counted = client.get("/models", headers={"X-API-Key": PRO}).headers
        assert counted["x-ratelimit-remaining"] == "599", "the refusal was charged nothing"
