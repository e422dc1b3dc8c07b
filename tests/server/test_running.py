"""The server as a process: it says that it is ready, and stops when told."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import httpx
import pytest

from tests.process import Serving, copied, run
from tests.server.talking import KEY, talk

pytestmark = pytest.mark.slow


def test_it_shows_base_urls_demo_keys_and_requests_that_work_when_copied(tmp_path: Path) -> None:
    with Serving(tmp_path) as process:
        origin = process.origin
        assert process.banner.startswith(f"Ready on {origin}, scenario default\n")
        assert f"\n  base URL   {origin}\n" in process.banner
        assert f"\n  base URL   {origin}/v2\n" in process.banner
        for key in ("axp_test_free", "axp_test_pro", "aix_test_demo"):
            assert f" {key} (" in process.banner
        first, second = map(copied, process.curls)
        assert (first.status_code, first.json()["status"]) == (200, "SUCCESS")
        assert (second.status_code, second.json()["type"]) == (200, "message")
        assert process.client.get("/_emulator/health").status_code == 200
        assert process.log == ""


def test_a_request_to_copy_survives_the_shell_whatever_it_holds(serving: Serving) -> None:
    (curl,) = serving.curls
    answer = copied(curl)
    assert (answer.status_code, answer.json()["heard"]) == (200, "It's 2 o'clock")


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_it_stops_at_once_with_a_paced_stream_open(serving: Serving, by: signal.Signals) -> None:
    with serving.client.stream("GET", "/flow", headers=KEY) as answer:
        pieces = answer.iter_raw()
        assert next(pieces) == b"data: 1\n\n"
        serving.stop(by)
        with pytest.raises(httpx.HTTPError):
            next(pieces)
    assert serving.process.returncode == 0
    assert serving.log == ""


def test_beyond_this_machine_the_control_api_wants_the_token_that_is_printed(tmp_path: Path) -> None:
    with Serving(tmp_path, "--listen", "0.0.0.0:0") as process:
        token = process.banner.partition("Authorization: ")[2].partition("\n")[0]
        assert process.client.get("/_emulator/health").status_code == 200
        assert process.client.get("/_emulator/clock").status_code == 403
        assert process.client.get("/_emulator/clock", headers={"Authorization": token}).status_code == 200


def test_an_idle_server_stops_at_once(serving: Serving) -> None:
    assert serving.client.get("/_emulator/health").status_code == 200
    serving.stop(signal.SIGINT)
    assert (serving.process.returncode, serving.log) == (0, "")


def test_a_port_that_is_taken_is_reported_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        done = run("serve", "--listen", address, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == f"can't listen on {address}: Address already in use; choose another with --listen HOST:PORT\n"


def test_two_servers_cannot_share_a_port(serving: Serving, folder: Path) -> None:
    done = run("serve", "--listen", f"127.0.0.1:{serving.port}", "--scenario", "story.yaml", cwd=folder)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert talk(serving).status_code == 200


def test_variables_set_what_flags_do_not(folder: Path) -> None:
    with Serving(folder, EMULATOR_SCENARIO="story.yaml", EMULATOR_MAX_BODY="20") as process:
        assert process.client.put("/talk", headers=KEY, json={"said": "x" * 30}).status_code == 413
