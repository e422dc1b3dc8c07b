"""Two replicas behind haproxy, request by request in turn, are one emulator for every client."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import httpx
import pytest
import yaml
from msgspec import Struct

from emulator import Emulator
from emulator.environment.trust import write
from emulator.environment.variables import variables
from emulator.https.authority import Authority
from emulator.settings.options import PARSERS
from tests import haproxy, loopback
from tests.apis import aiexport_calls as aiexport
from tests.clients import test_sdk_agents, test_sdk_models
from tests.clients.conftest import BRISK, TOLD, Asker, made
from tests.pages import blocks
from tests.process import Serving, run
from tests.receiver import receiving
from tests.redis_server import MISSING, Server
from tests.redis_server import installed as redis_installed
from tests.waiting import until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not redis_installed(), reason=MISSING),
    pytest.mark.skipif(not haproxy.installed(), reason=haproxy.MISSING),
]
HEADERS = {"X-API-Key": aiexport.PRO}
BATCHES = 5
NAME = re.compile(r"[^A-Za-z0-9]")


class Balanced(Struct):
    """A balancer, the replicas behind it, and the folder of their certificate authority."""

    url: str
    replicas: list[Serving]
    authority: Path


@pytest.fixture(scope="module")
def balanced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Balanced]:
    """Two replicas on one store, behind haproxy."""
    store, folders = Server(), [tmp_path_factory.mktemp(f"replica{number}") for number in (1, 2)]
    authority = tmp_path_factory.mktemp("authority")
    options = ("--store", store.url, "--authority", str(authority), "--quiet", "--journal-entries", "20000")
    with Serving(folders[0], *options) as one, Serving(folders[1], *options) as two:
        balancer = haproxy.Balancer(tmp_path_factory.mktemp("haproxy"), [one.port, two.port])
        yield Balanced(balancer.url, [one, two], authority)
        balancer.end()
    store.end()


@pytest.fixture
def world(balanced: Balanced, request: pytest.FixtureRequest) -> Iterator[Emulator]:
    """A world for one test."""
    with Emulator(balanced.url) as emulator, emulator.world(NAME.sub("-", request.node.name)[:90]) as world:
        yield world


def test_requests_go_to_both_and_none_is_lost(balanced: Balanced, world: Emulator) -> None:
    with loopback.Client(base_url=balanced.url) as client:
        pids = {client.get("/_emulator/health").json()["workers"] for _ in "12"}
        headers = HEADERS | {"X-Emulator-World": world.name}
        left = [
            int(client.post("/v2/messages", json=aiexport.asking(), headers=headers).headers["x-ratelimit-remaining"])
            for _ in range(40)
        ]
    assert pids == {2}
    assert left == list(range(left[0], left[0] - 40, -1))
    # Each of them reports every exchange, whoever answered it.
    for replica in balanced.replicas:
        path = f"{replica.origin}/_emulator/summary"
        called = loopback.get(path, params={"world": world.name}).json()["called"]
        assert [(each["operation"], each["calls"]) for each in called] == [("messages.create", 40)]


@pytest.mark.parametrize("api", ["aiexport", "aixplain"])
def test_the_samples_of_both_documents_hold(balanced: Balanced, tmp_path: Path, api: str) -> None:
    hosts = 2 if api == "aixplain" else 1
    done = run("verify", "--api", api, *(["--target", balanced.url] * hosts), cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def flows(*modules: ModuleType) -> list[Callable[[Asker], None]]:
    """The tests of modules that need nothing but the SDK and a world."""
    named = [each for module in modules for name, each in vars(module).items() if name.startswith("test_")]
    return [each for each in named if list(inspect.signature(each).parameters) == ["aixplain"]]


@pytest.mark.parametrize("flow", flows(test_sdk_models, test_sdk_agents), ids=lambda flow: flow.__name__)
def test_the_flows_of_the_sdk_go_on_whichever_replica_answers(
    balanced: Balanced, world: Emulator, tmp_path: Path, flow: Callable[[Asker], None]
) -> None:
    made("sdk")
    world.clock.speed(BRISK)
    apis = world.client.get("/apis")["apis"]
    certificate = Authority(balanced.authority, [host for api in apis for host in api["hosts"]]).certificate_path
    reach = variables(apis, balanced.url, write(certificate, balanced.authority, {}))
    key = world.key("standard", api="aixplain", workspace="clients")
    own = {"TEAM_API_KEY": key, "AIXPLAIN_API_KEY": key, "AIXPLAIN_SUPPRESS_V1_DEPRECATION": "1"}
    flow(Asker(world, "sdk", tmp_path, {name: value for name, value in reach.items() if name not in TOLD} | own))


def test_each_webhook_is_delivered_once_and_advance_waits_for_all_of_them(balanced: Balanced, world: Emulator) -> None:
    world.clock.freeze()
    headers = HEADERS | {"X-Emulator-World": world.name}
    with receiving() as receiver, loopback.Client(base_url=balanced.url, headers=headers) as client:
        body = {"requests": [{"custom_id": "1", **aiexport.asking()}], "webhook_url": receiver.url}
        ids = [client.post("/v2/batch", json=body).json()["id"] for _ in range(BATCHES)]
        world.clock.advance("24h")
        got = [json.loads(sent) for _, sent in receiver.got]
        assert sorted(str(each) for each in ids) == sorted(_batch_of(each) for each in got)
        assert len({sent["webhook-id"] for sent, _ in receiver.got}) == BATCHES
        assert {client.get(f"/v2/batch/{each}").json()["status"] for each in ids} == {"completed"}
    assert world.client.get("/verdict")["ok"]


def _batch_of(webhook: dict[str, object]) -> str:
    return next(value for value in _texts(webhook) if value.startswith("batch_"))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, str):
        yield value


def test_a_replica_that_ends_takes_nothing_with_it(tmp_path: Path) -> None:
    store = Server()
    folders = [tmp_path / name for name in ("one", "two", "haproxy")]
    for folder in folders:
        folder.mkdir()
    with Serving(folders[0], "--store", store.url) as one, Serving(folders[1], "--store", store.url) as two:
        balancer = haproxy.Balancer(folders[2], [one.port, two.port])
        headers = HEADERS
        first = loopback.request("POST", f"{balancer.url}/v2/batch", json=_one_row(), headers=headers).json()
        one.process.kill()
        until(lambda: _fine(balancer.url, first["id"]))
        limits = loopback.get(f"{balancer.url}/_emulator/summary").json()
        assert limits["exchanges"] >= 1
        balancer.end()
    store.end()


def _one_row() -> dict[str, object]:
    return {"requests": [{"custom_id": "1", **aiexport.asking()}]}


def _fine(url: str, batch: str) -> bool:
    """Whether four requests in a row find the batch, so that the balancer has noticed who is left."""
    try:
        found = [loopback.get(f"{url}/v2/batch/{batch}", headers=HEADERS).status_code for _ in range(4)]
    except httpx.TransportError:
        return False
    return found == [200] * 4


def test_the_compose_file_says_what_the_emulator_and_the_store_take(tmp_path: Path) -> None:
    shown = next(block.text for block in blocks(haproxy.PAGE) if block.text.startswith("services:\n"))
    services = yaml.safe_load(shown)["services"]
    assert set(services) == {"redis", "emulator", "haproxy"}
    assert services["emulator"]["deploy"]["replicas"] == 3
    words = services["redis"]["command"].split()
    assert words[0] == "redis-server"
    store = Server(*words[1:])
    environment = dict(services["emulator"]["environment"])
    names = {"EMULATOR_" + flag[2:].replace("-", "_").upper() for flag, _ in PARSERS.values()}
    assert set(environment) <= names
    assert environment.pop("EMULATOR_STORE") == "redis://redis:6379/0"
    environment.pop("EMULATOR_LISTEN")
    token = environment["EMULATOR_CONTROL_TOKEN"]
    folders = [tmp_path / str(number) for number in range(4)]
    for folder in folders:
        folder.mkdir()
    replicas = [Serving(folder, "--store", store.url, **environment) for folder in folders[:3]]
    balancer = haproxy.Balancer(folders[3], [each.port for each in replicas])
    shown_workers = loopback.get(f"{balancer.url}/_emulator", headers={"Authorization": f"Bearer {token}"}).json()
    assert len(shown_workers["workers"]) == 3
    sent = loopback.request("POST", f"{balancer.url}/v2/messages", json=aiexport.asking(), headers=HEADERS)
    assert sent.status_code == 200
    balancer.end()
    for replica in replicas:
        replica.__exit__(None, None, None)
    store.end()
