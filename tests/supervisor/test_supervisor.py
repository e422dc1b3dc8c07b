"""Several workers on one port: ready once, restarted when one dies, and none is left when the server ends."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.server.listeners import Reserved
from emulator.settings.listen import Listen
from emulator.settings.options import Settings
from emulator.supervisor.order import Order
from emulator.supervisor.supervisor import Supervisor
from tests import loopback
from tests.apis import aiexport_calls as aiexport
from tests.process import Serving, run
from tests.redis_server import MISSING, installed
from tests.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not installed(), reason=MISSING)]

MESSAGE = aiexport.asking("What is 2 + 2?")
PRO = {"X-API-Key": aiexport.PRO}
UP = "import os, signal, time; from emulator.supervisor.order import read_order, send_report; order = read_order(); "
DIES = UP + "send_report(order, 'up'); os.kill(os.getpid(), signal.SIGKILL)"
ADDRESSES = UP + (
    "from emulator.server.listeners import take_part; import json; "
    "sockets = take_part(order.addresses['http'], order.sockets.get('http', ())); "
    "send_report(order, 'up')\n"
    "while True:\n"
    "    client, _ = sockets[0].accept()\n"
    "    client.sendall(str(order.number).encode())\n"
    "    client.close()"
)


def get(serving: Serving, path: str, **options: Any) -> httpx.Response:
    """The response over a connection of its own. One that a worker had, or was about to accept, ends with it."""
    while True:
        with suppress(httpx.TransportError):
            return loopback.get(serving.origin + path, **options)


def workers(serving: Serving) -> list[int]:
    """The process ids of the workers."""
    return [each["pid"] for each in get(serving, "/_emulator").json()["workers"]]


def children(process: int) -> list[int]:
    """The processes that a process has started and that live."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == process and fields[0] != "Z":
            found.append(int(folder.name))
    return found


def lives(process: int) -> bool:
    """Whether there is a process that has not ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_two_workers_serve_one_port_as_one_server(tmp_path: Path) -> None:
    with Serving(tmp_path, "--workers", "2") as serving:
        assert serving.banner.count("Ready on") == 1
        assert "workers    2" in serving.banner
        assert len(workers(serving)) == 2
        assert serving.process.pid not in workers(serving)
        health = get(serving, "/_emulator/health").json()
        assert (health["store"], health["workers"]) == ("redis", 2)
        left = []
        for _ in range(30):
            with socket.create_connection(("127.0.0.1", serving.port)) as client:
                body = json.dumps(MESSAGE).encode()
                head = f"POST /v2/messages HTTP/1.1\r\nHost: x\r\nX-API-Key: {aiexport.PRO}\r\nConnection: close\r\n"
                client.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
                reply = b"".join(iter(lambda: client.recv(65_536), b"")).decode()
            assert reply.startswith("HTTP/1.1 200"), reply
            left.append(int(reply.lower().partition("x-ratelimit-remaining: ")[2].partition("\r\n")[0]))
        assert left == list(range(left[0], left[0] - 30, -1))
        assert serving.log == ""


def test_connections_are_spread_over_the_workers(tmp_path: Path) -> None:
    counted = asyncio.run(_answers(Reserved(Settings(listen=Listen(port=0)))))
    assert set(counted) == {"1", "2"}
    assert min(counted.values()) >= 40


def test_workers_can_inherit_the_sockets_where_the_system_does_not_spread_connections() -> None:
    counted = asyncio.run(_answers(Reserved(Settings(listen=Listen(port=0)), shares=False)))
    assert set(counted) <= {"1", "2"}
    assert counted.total() == 200


async def _answers(reserved: Reserved) -> Counter[str]:
    """Which of two workers answered 200 connections."""
    ready = asyncio.Event()
    supervisor = Supervisor(2, order(reserved), reserved, lambda text: ready.set(), None, ADDRESSES)
    running = asyncio.create_task(supervisor.run())
    await ready.wait()
    counted: Counter[str] = Counter()
    for _ in range(200):
        reader, writer = await asyncio.open_connection(*reserved.addresses["http"][0])
        counted[(await reader.read()).decode()] += 1
        writer.close()
    supervisor._on_signal()
    assert await running == 0
    return counted


def order(reserved: Reserved) -> Order:
    return Order(0, "", {}, "", "", reserved.addresses, reserved.inherited, -1, True, "")


def test_a_worker_that_was_killed_is_started_again_with_one_line_in_the_log(tmp_path: Path) -> None:
    with Serving(tmp_path, "--workers", "2") as serving:
        before = workers(serving)
        os.kill(before[0], signal.SIGKILL)
        serving.until(lambda: "is started again" in serving.log)
        serving.until(lambda: len({*workers(serving)} - {*before}) == 1)
        assert serving.log == f"WARNING: worker 1 (process {before[0]}) was killed by SIGKILL; it is started again\n"
        assert loopback.request("POST", f"{serving.origin}/v2/messages", json=MESSAGE, headers=PRO).status_code == 200


def test_no_process_is_left_when_the_server_is_told_to_end(tmp_path: Path) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        with Serving(tmp_path, "--workers", "2") as serving:
            started = children(serving.process.pid)
            assert len(started) == 3  # two workers and their store
            serving.stop(number)
            assert serving.process.returncode == 0
            assert [each for each in started if lives(each)] == []
            assert serving.log == ""


def test_no_process_is_left_when_the_parent_is_killed(tmp_path: Path) -> None:
    with Serving(tmp_path, "--workers", "2") as serving:
        started = children(serving.process.pid)
        folders = [Path(text) for text in _folders(started)]
        assert folders
        serving.stop(signal.SIGKILL)
        until(lambda: not any(map(lives, started)))
        assert not any(each.exists() for each in folders)


def _folders(processes: list[int]) -> list[str]:
    commands = [Path(f"/proc/{each}/cmdline").read_text() for each in processes]
    return [each.partition("unixsocket:")[2].partition("/socket")[0] for each in commands if "unixsocket:" in each]


def test_a_private_store_that_died_is_started_again_and_gets_the_state_back(tmp_path: Path) -> None:
    with Serving(tmp_path, "--workers", "2") as serving:
        serving.client.put("/_emulator/worlds/w", json={"seed": 7})
        (store,) = [each for each in children(serving.process.pid) if each not in workers(serving)]
        os.kill(store, signal.SIGKILL)
        serving.until(lambda: "is started again" in serving.log)
        serving.until(lambda: get(serving, "/_emulator/health").status_code == 200)
        assert get(serving, "/_emulator/worlds/w").json()["seed"] == 7
        assert f"the private store (process {store}) was killed by SIGKILL; it is started again" in serving.log


class Often(logging.Handler):
    """Notices the message that a worker died often."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if "times within" in record.getMessage():
            self.seen.set()


def test_a_worker_that_dies_again_and_again_is_said_to(caplog: pytest.LogCaptureFixture) -> None:
    async def play() -> None:
        reserved = Reserved(Settings(listen=Listen(port=0)))
        supervisor = Supervisor(1, order(reserved), reserved, lambda text: None, None, DIES)
        often = Often()
        logging.getLogger("emulator").addHandler(often)
        running = asyncio.create_task(supervisor.run())
        await often.seen.wait()
        supervisor._on_signal()
        await running
        logging.getLogger("emulator").removeHandler(often)

    caplog.set_level(logging.WARNING)
    asyncio.run(play())
    lines = [each.getMessage() for each in caplog.records]
    assert [line.partition(" was killed by SIGKILL")[2] for line in lines][:3] == [
        "; it is started again",
        "; it is started again",
        ", as it did 3 times within 60 s; it is started again in 1 s",
    ]


def test_what_keeps_a_worker_from_starting_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "story.yaml").write_text("scenario: story\nrulez: []\n")
    done = run("serve", "--listen", "127.0.0.1:0", "--workers", "3", "--scenario", "story.yaml", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("unknown key 'rulez'") == 1


def test_a_port_that_is_taken_is_refused_even_by_a_server_that_shares_it(tmp_path: Path) -> None:
    with Serving(tmp_path, "--workers", "2") as serving:
        for more in ((), ("--workers", "2")):
            done = run("serve", "--listen", f"127.0.0.1:{serving.port}", *more, cwd=tmp_path)
            assert done.returncode == 2
            assert done.stderr.startswith(f"can't listen on 127.0.0.1:{serving.port}: Address already in use")


def test_tls_the_control_port_faults_and_json_work_with_workers(tmp_path: Path) -> None:
    ports = ["--tls-listen", "127.0.0.1:0", "--control-listen", "127.0.0.1:0", "--authority", str(tmp_path / "ca")]
    fault = ["--fault", "models.*: status=503; times=1"]
    with Serving(tmp_path, "--workers", "2", *ports, *fault, "--quiet") as serving:
        assert "TLS on port " in serving.banner
        control = serving.banner.partition("  control    ")[2].partition("\n")[0]
        assert loopback.get(f"{control}/health").json()["workers"] == 2
        statuses = [get(serving, "/v2/models", headers=PRO).status_code for _ in range(6)]
        assert sorted(statuses) == [200] * 5 + [503]
        first = workers(serving)
        os.kill(first[0], signal.SIGKILL)
        serving.until(lambda: len({*workers(serving)} - {*first}) == 1)
        assert get(serving, "/v2/models", headers=PRO).status_code == 200


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--workers", "0"), "--workers is '0'; expected a whole number from 1 to 64, such as 2\n"),
        (("--workers", "two"), "--workers is 'two'; expected a whole number from 1 to 64, such as 2\n"),
        (("--workers", "65"), "--workers is '65'; expected a whole number from 1 to 64, such as 2\n"),
        (
            ("--workers", "2", "--state", "x.json"),
            "--state is for one process; with --workers the state is in the store: see --store\n",
        ),
    ],
)
def test_wrong_values_are_refused_in_a_sentence(tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    done = run("serve", "--listen", "127.0.0.1:0", *options, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)


def test_one_worker_is_one_process_with_its_state_in_memory(tmp_path: Path) -> None:
    with Serving(tmp_path, "--workers", "1") as serving:
        assert children(serving.process.pid) == []
        shown: dict[str, Any] = get(serving, "/_emulator/health").json()
        assert (shown["store"], shown["workers"]) == ("memory", 1)
