"""Where a request goes: method, host and path."""

from __future__ import annotations

import pytest

from emulator.errors import Location
from emulator.playbook.routes import Route, Router

HOSTS = {"models.one.test": "one", "Platform.One.test": "one", "two.test": "two"}
BASES = {"one": "", "two": "/v2"}


def route(text: str, api: str, operation: str, host: str | None = None) -> Route:
    method, _, path = text.partition(" ")
    return Route(method, path, api, operation, host, Location("x.yaml", 1, 1))


@pytest.fixture
def router() -> Router:
    return Router(
        [
            route("POST /run/{id:path}", "one", "run", "models.one.test"),
            route("GET /data/{id}", "one", "data", "models.one.test"),
            route("GET /data/list", "one", "data.list", "models.one.test"),
            route("GET /agents/{id}/runs/{run}", "one", "agent", "Platform.One.test"),
            route("GET /about", "one", "about"),
            route("GET /v2/models", "two", "models"),
            route("POST /v2/models", "two", "models.create"),
            route("DELETE /v2/models/{id}", "two", "models.delete"),
            route("GET /v2/models/{name}.json", "two", "models.file"),
        ],
        HOSTS,
        BASES,
    )


@pytest.mark.parametrize(
    ("method", "path", "operation", "params"),
    [
        ("GET", "/data/5", "data", {"id": "5"}),
        ("GET", "/data/list", "data.list", {}),
        ("GET", "/agents/a/runs/b", "agent", {"id": "a", "run": "b"}),
        ("POST", "/run/vendor/model/7", "run", {"id": "vendor/model/7"}),
        ("GET", "/v2/models/a.b.json", "models.file", {"name": "a.b"}),
        ("DELETE", "/v2/models/x", "models.delete", {"id": "x"}),
        ("GET", "/data/a\nb", "data", {"id": "a\nb"}),
        ("GET", "/data/", None, {}),
        ("GET", "/data/a/b", None, {}),
        ("GET", "/DATA/5", None, {}),
        ("get", "/data/5", None, {}),
        ("GET", "/v2/modelsXjson", None, {}),
        ("POST", "/run/", None, {}),
        ("GET", "", None, {}),
    ],
)
def test_method_and_path_give_the_operation_and_its_parameters(
    router: Router, method: str, path: str, operation: str | None, params: dict[str, str]
) -> None:
    found = router.find(method, "127.0.0.1", path)
    assert (found.route.operation if found else None) == operation
    assert (found.params if found else {}) == params


def test_a_host_of_an_api_narrows_to_that_api(router: Router) -> None:
    assert router.find("GET", "two.test", "/v2/models") is not None
    assert router.find("GET", "models.one.test", "/v2/models") is None
    assert router.find("GET", "two.test", "/about") is None


def test_an_operation_of_one_host_is_not_found_on_the_other(router: Router) -> None:
    assert router.find("GET", "models.one.test", "/data/5") is not None
    assert router.find("GET", "platform.one.test", "/data/5") is None
    assert router.find("GET", "platform.one.test", "/agents/a/runs/b") is not None
    assert router.find("GET", "models.one.test", "/agents/a/runs/b") is None


def test_an_operation_without_a_host_is_found_on_every_host_of_its_api(router: Router) -> None:
    assert router.find("GET", "models.one.test", "/about") is not None
    assert router.find("GET", "platform.one.test", "/about") is not None


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "", "evil.example", "one.test"])
def test_any_other_host_sees_everything(router: Router, host: str) -> None:
    assert router.find("GET", host, "/data/5") is not None
    assert router.find("GET", host, "/v2/models") is not None


def test_two_hosts_may_serve_the_same_path_and_elsewhere_the_first_is_meant() -> None:
    for path in ("/same", "/same/{id}"):
        router = Router(
            [route(f"GET {path}", "one", "a", "a.test"), route(f"GET {path}", "one", "b", "b.test")],
            {"a.test": "one", "b.test": "one"},
            {"one": ""},
        )
        asked = path.replace("{id}", "7")
        found = [router.find("GET", host, asked) for host in ("a.test", "b.test", "localhost")]
        assert [each.route.operation for each in found if each] == ["a", "b", "a"]


def test_a_path_of_any_depth_comes_after_all_others() -> None:
    router = Router(
        [route("GET /x/{all:path}", "one", "all"), route("GET /x/{id}/y", "one", "y"), route("GET /x/z", "one", "z")],
        {},
        {"one": ""},
    )
    found = {path: router.find("GET", "", path) for path in ("/x/1/y", "/x/z", "/x/1/q", "/x/1")}
    assert [each.route.operation for each in found.values() if each] == ["y", "z", "all", "all"]


@pytest.mark.parametrize(
    ("host", "path", "methods"),
    [
        ("", "/v2/models", ["GET", "POST"]),
        ("", "/v2/models/x", ["DELETE"]),
        ("", "/v2/models/x.json", ["DELETE", "GET"]),
        ("", "/nothing", []),
        ("models.one.test", "/v2/models", []),
    ],
)
def test_the_methods_of_a_path_are_told(router: Router, host: str, path: str, methods: list[str]) -> None:
    assert router.methods(host, path) == methods


@pytest.mark.parametrize(
    ("host", "path", "api"),
    [
        ("two.test", "/about", "two"),
        ("platform.one.test", "/v2/models", "one"),
        ("", "/v2/modles", "two"),
        ("", "/v2", "two"),
        ("", "/datas", "one"),
        ("", "/", "one"),
        ("", "", "one"),
    ],
)
def test_an_unknown_path_belongs_to_the_api_that_it_looks_most_like(
    router: Router, host: str, path: str, api: str
) -> None:
    assert router.nearest_api(host, path) == api


def test_paths_that_look_like_an_unknown_one_are_named(router: Router) -> None:
    assert "GET /v2/models/{name}.json" in router.nearest_paths("GET", "", "/v2/models/x.jsn")
    assert router.nearest_paths("GET", "", "/zzz") == []
    assert router.nearest_paths("GET", "models.one.test", "/v2/models") == []
    assert router.nearest_paths("GET", "", "/v2/model" * 100_000) == []


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_of_a_path_that_looks_like_it_the_method_that_was_asked_is_named(router: Router, method: str) -> None:
    assert f"{method} /v2/models" in router.nearest_paths(method, "", "/v2/modles")


@pytest.mark.parametrize(
    ("host", "path", "claimed"),
    [
        ("", "/", False),
        ("", "/about", True),
        ("two.test", "/", True),
        ("models.one.test", "/about", True),
        ("elsewhere.test", "/", False),
    ],
)
def test_a_path_is_an_api_s_business_when_it_is_there_or_on_the_api_s_own_host(
    router: Router, host: str, path: str, claimed: bool
) -> None:
    assert router.claims(host, path) is claimed
