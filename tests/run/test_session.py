"""`emulator run`: a command's calls arrive, it ends as it would alone, and what tries to leave fails the run."""

from __future__ import annotations

import json
import signal
import socket
import sys
from pathlib import Path

import pytest

from tests.run.conftest import Begin, Run

ASK = """
import json, os, sys, urllib.request
body = json.dumps({"text": "What is 2 + 2?"}).encode()
headers = {"x-api-key": os.environ["TEAM_API_KEY"], "Content-Type": "application/json"}
url = sys.argv[1] if len(sys.argv) > 1 else os.environ["MODELS_RUN_URL"]
request = urllib.request.Request(url + "/695fce4c27b4e3580e43d126", body, headers)
print(json.load(urllib.request.urlopen(request))["data"])
"""
HARD_CODED = "https://models.aixplain.com/api/v2/execute"
POLITE = """
import signal, sys
def leave(number, frame):
    print("asked to leave by", signal.Signals(number).name, flush=True)
    sys.exit(5)
for each in (signal.SIGINT, signal.SIGTERM):
    signal.signal(each, leave)
print("ready", flush=True)
signal.pause()
"""


def test_calls_arrive_and_are_told_at_the_end(run: Run) -> None:
    ran = run("--", sys.executable, "-c", ASK)
    assert (ran.returncode, ran.stdout) == (0, "2 + 2 = 4.\n"), ran.stderr
    assert ran.stderr.splitlines() == [
        "emulator: 1 call",
        "  aixplain  assets.execute  1 x 200",
        "  aixplain would have charged 7 tokens, 0.0000042 credits",
        "  verdict: nothing found",
    ]


def test_a_host_that_stands_in_the_program_is_answered_here(run: Run) -> None:
    ran = run("--", sys.executable, "-c", ASK, HARD_CODED)
    assert (ran.returncode, ran.stdout) == (0, "2 + 2 = 4.\n"), ran.stderr
    assert "  aixplain  assets.execute  1 x 200" in ran.stderr


@pytest.mark.parametrize("url", ["https://api.vendor.example:8443", "http://api.vendor.example/"])
def test_a_call_to_another_host_fails_the_run_whatever_the_command_makes_of_it(run: Run, url: str) -> None:
    code = f"import urllib.request\ntry: urllib.request.urlopen({url!r})\nexcept OSError as error: print(error)"
    ran = run("--", sys.executable, "-c", code)
    port = 8443 if "8443" in url else 80
    assert ran.returncode == 3, ran.stderr
    assert f"FAILED: 1 call tried to leave for api.vendor.example:{port}, which is not emulated" in ran.stderr
    assert "--allow-host api.vendor.example" in ran.stderr
    assert "502" in ran.stdout


def test_a_host_that_is_allowed_is_called_without_us(run: Run) -> None:
    code = "import os; print(os.environ['NO_PROXY']); print(open(os.environ['SSL_CERT_FILE']).read().count('BEGIN'))"
    ran = run("--allow-host", "files.example", "--", sys.executable, "-c", code)
    hosts, authorities = ran.stdout.split()
    assert hosts == "127.0.0.1,localhost,::1,files.example"
    assert int(authorities) > 1, "the usual authorities are trusted as well"


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("api.aiexport.io", "AI Export API Layer (api.aiexport.io), which is emulated"),
        ("aiexport.io", "AI Export API Layer (api.aiexport.io), which is emulated"),
        ("https://files.example/", "expected a host name such as example.com, without port or path"),
    ],
)
def test_what_cannot_be_allowed_is_refused(run: Run, host: str, said: str) -> None:
    ran = run("--allow-host", host, "--", "true")
    assert ran.returncode == 2
    assert said in ran.stderr


def test_the_exit_status_is_passed_on(run: Run) -> None:
    assert run("--", "sh", "-c", "exit 7").returncode == 7
    assert run("--", "sh", "-c", "kill -KILL $$").returncode == 128 + signal.SIGKILL


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_goes_to_the_command_which_may_end_as_it_likes(begin: Begin, by: signal.Signals) -> None:
    process = begin("--", sys.executable, "-c", POLITE)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(by)
    said, told = process.communicate(timeout=30)
    assert said == f"asked to leave by {by.name}\n"
    assert process.returncode == 5
    assert "emulator: 0 calls" in told


def test_a_signal_goes_to_what_the_command_started_too(begin: Begin) -> None:
    process = begin("--", "sh", "-c", "sleep 60 & echo ready; wait")
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.terminate()
    process.communicate(timeout=30)  # the pipe is open until the last of them has ended
    assert process.returncode == 128 + signal.SIGTERM


def test_a_command_that_is_not_there_is_told_as_a_shell_tells_it(run: Run, tmp_path: Path) -> None:
    ran = run("--", "no-such-command")
    assert (ran.returncode, ran.stderr) == (127, "emulator run: command not found: no-such-command\n")
    (tmp_path / "text").write_text("no program")
    ran = run("--", "./text")
    assert (ran.returncode, ran.stderr) == (126, "emulator run: can't run ./text: Permission denied\n")


def test_no_command_is_told(run: Run) -> None:
    ran = run()
    assert ran.returncode == 2
    assert "Missing argument '-- COMMAND …'" in ran.stderr


def test_a_port_that_is_taken_is_told(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ran = run("--listen", address, "--", "true")
    assert ran.returncode == 2
    assert ran.stderr.startswith(f"can't listen on {address}: Address already in use")


def test_a_run_listens_on_this_machine_only(run: Run) -> None:
    ran = run("--listen", "0.0.0.0:0", "--", "true")
    assert (ran.returncode, "listens on this machine only" in ran.stderr) == (2, True)


def test_options_of_the_command_are_its_own(run: Run) -> None:
    assert run("--", "echo", "--verdict", "-h").stdout == "--verdict -h\n"
    assert run("echo", "--verdict", "-h").stdout == "--verdict -h\n"


def test_the_demo_keys_lead_to_the_world_that_is_named(run: Run) -> None:
    code = """
import os, urllib.request
url, headers = os.environ["EMULATOR_URL"] + "/v2/models", {"X-API-Key": os.environ["API_KEY"]}
request = urllib.request.Request(url, headers=headers)
urllib.request.urlopen(request)
print(os.environ["EMULATOR_WORLD"])
"""
    ran = run("--world", "mine", "--", sys.executable, "-c", code)
    assert ran.stdout == "mine\n"
    assert "aiexport  models.list  1 x 200" in ran.stderr


def test_faults_are_counted(run: Run, tmp_path: Path) -> None:
    story = "scenario: story\nabout: One fails.\nextends: default\nrules:\n  - {on: status.get, fault: {status: 503}}\n"
    (tmp_path / "story.yaml").write_text(story)
    ran = run(
        "--scenario", "story.yaml", "--", "sh", "-c", 'curl -s $EMULATOR_URL/v2/status -H "X-API-Key: a" >/dev/null'
    )
    assert "  aiexport  status.get  1 x 503" in ran.stderr
    assert "  faults played: status x 1" in ran.stderr


def test_a_verdict_that_was_asked_for_fails_the_run(run: Run) -> None:
    code = """
import http.client, os
client = http.client.HTTPConnection(os.environ["EMULATOR_URL"].removeprefix("http://"))
for _ in range(30):
    client.request("GET", "/v2/models", headers={"X-API-Key": "axp_test_revoked"})
    client.getresponse().read()
"""
    quiet, judged = run("--", sys.executable, "-c", code), run("--verdict", "--", sys.executable, "-c", code)
    assert quiet.returncode == 0
    assert "  verdict: " in quiet.stderr
    assert "(--verdict tells more)" in quiet.stderr
    assert judged.returncode == 4
    assert len(judged.stderr.splitlines()) > len(quiet.stderr.splitlines())


def test_a_program_finds_its_variables(run: Run) -> None:
    ran = run(
        "--", sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))", NODE_OPTIONS="--no-warnings"
    )
    found = json.loads(ran.stdout)
    url = found["EMULATOR_URL"]
    assert found["BACKEND_URL"] == found["HTTPS_PROXY"] == found["http_proxy"] == found["ALL_PROXY"] == url
    assert found["NODE_OPTIONS"].startswith("--no-warnings --require ")
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"):
        assert Path(found[name]).is_file()
