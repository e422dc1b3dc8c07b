"""`emulator run`: a command's calls arrive, it ends as it would alone, and what tries to leave fails the run."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.run.conftest import Begin, Run, keeping, on_a_terminal, words
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow

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
import signal, sys, time
def leave(number, frame):
    print("asked to leave by", signal.Signals(number).name, flush=True)
    sys.exit(5)
for each in (signal.SIGINT, signal.SIGTERM):
    signal.signal(each, leave)
print("ready", flush=True)
while True:
    time.sleep(0.05)  # a signal that came just before pause() would be lost
"""


def test_calls_arrive_and_are_reported_at_the_end(run: Run) -> None:
    ran = run("--", sys.executable, "-c", ASK)
    assert (ran.returncode, ran.stdout) == (0, "2 + 2 = 4.\n"), ran.stderr
    assert ran.stderr.splitlines() == [
        "emulator: 1 call",
        "  aixplain  assets.execute  1 x 200",
        "  aixplain would have charged 7 tokens, 0.0000042 credits",
        "  verdict: no findings",
    ]


def test_a_host_that_stands_in_the_program_is_answered_here(run: Run) -> None:
    ran = run("--", sys.executable, "-c", ASK, HARD_CODED)
    assert (ran.returncode, ran.stdout) == (0, "2 + 2 = 4.\n"), ran.stderr
    assert "  aixplain  assets.execute  1 x 200" in ran.stderr


@pytest.mark.finding("A7")
def test_calls_arrive_whatever_the_public_url_of_other_servers_is(run: Run) -> None:
    ran = run("--", sys.executable, "-c", ASK, EMULATOR_PUBLIC_URL="https://ai.test/emulator")
    assert (ran.returncode, ran.stdout) == (0, "2 + 2 = 4.\n"), ran.stderr


REPORTS = """
import json, os, urllib.request
row = {"model": "apex-haiku-4-20250401", "messages": [{"role": "user", "content": "What is 5 + 5?"}], "stream": True}
headers = {"X-API-Key": "axp_test_pro", "Content-Type": "application/json"}
request = urllib.request.Request(os.environ["EMULATOR_URL"] + "/v2/messages", json.dumps(row).encode(), headers)
urllib.request.urlopen(request).read()
"""


def test_reports_are_written_with_secrets_masked(run: Run, tmp_path: Path) -> None:
    formats = ("junit", "md", "json", "har", "jsonl")
    options = [word for name in formats for word in ("--report", f"{name}={tmp_path / name}")]
    ran = run(*options, "--", sys.executable, "-c", REPORTS, GITHUB_ACTIONS="true")
    assert ran.returncode == 0, ran.stderr
    texts = {name: (tmp_path / name).read_text() for name in formats}
    assert not any("axp_test_pro" in texts[name] for name in ("har", "jsonl", "junit", "md"))
    (entry,) = json.loads(texts["har"])["log"]["entries"]
    assert [each["text"].splitlines()[0] for each in entry["_events"]][:2] == [
        "event: message_start",
        "event: content_block_start",
    ]
    assert entry["_events"][-1]["text"].startswith("event: message_stop")
    assert ElementTree.fromstring(texts["junit"]).get("failures") == "0"
    assert texts["md"].startswith("## emulator: 1 call, exit status 0\n")


def test_a_report_that_cannot_be_written_keeps_the_command_from_starting(run: Run, tmp_path: Path) -> None:
    ran = run("--report", f"har={tmp_path / 'nowhere' / 'a.har'}", "--", "sh", "-c", f"touch {tmp_path / 'ran'}")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.endswith("a.har can't be written: No such file or directory\n")
    assert not (tmp_path / "ran").exists()


def test_blocked_calls_are_annotations_in_github_actions(run: Run) -> None:
    ran = run("--", sys.executable, "-c", LEAVE, "http://api.vendor.example/", GITHUB_ACTIONS="true")
    assert "::error title=emulator%3A blocked call::calls to api.vendor.example:80 were blocked" in ran.stderr


ONE = "curl -sS -o /dev/null https://api.aiexport.io/v2/status"
LEAVE = """
import sys, urllib.request
for url in sys.argv[1:]:
    try: urllib.request.urlopen(url)
    except OSError as error: print(error)
"""


def test_a_call_to_another_host_fails_the_run_whatever_the_command_makes_of_it(run: Run) -> None:
    ran = run("--", sys.executable, "-c", LEAVE, "https://api.vendor.example:8443", "http://api.vendor.example/")
    assert ran.returncode == 3, ran.stderr
    for port in (8443, 80):
        assert f"FAILED: 1 call to api.vendor.example:{port} blocked, which is not emulated" in ran.stderr
    assert "--allow-host api.vendor.example" in ran.stderr
    assert ran.stdout.count("502") == 2


def test_a_host_that_is_allowed_is_called_without_us(run: Run) -> None:
    code = "import os; print(os.environ['NO_PROXY']); print(open(os.environ['SSL_CERT_FILE']).read().count('BEGIN'))"
    ran = run("--allow-host", "files.example", "--", sys.executable, "-c", code)
    hosts, authorities = ran.stdout.split()
    assert hosts == "127.0.0.1,localhost,::1,files.example"
    assert int(authorities) > 1, "the usual authorities are trusted as well"


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_goes_to_the_command_which_may_end_as_it_likes(begin: Begin, by: signal.Signals) -> None:
    process = begin("--", sys.executable, "-c", POLITE)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(by)
    said, told = process.communicate(timeout=PATIENCE)
    assert said == f"asked to leave by {by.name}\n"
    assert process.returncode == 5
    assert "emulator: 0 calls" in told


def test_control_c_ends_the_command_and_the_run_is_reported(data: Path) -> None:
    said, status = on_a_terminal(words("run", "--", "sh", "-c", "echo ready; exec sleep 60"), b"\x03", **keeping(data))
    assert status == 128 + signal.SIGINT
    assert b"emulator: 0 calls" in said
    assert b"Traceback" not in said


def test_a_signal_goes_to_what_the_command_started_too(begin: Begin) -> None:
    process = begin("--", "sh", "-c", "sleep 60 & echo ready; wait")
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.terminate()
    process.communicate(timeout=PATIENCE)  # the pipe is open until the last of them has ended
    assert process.returncode == 128 + signal.SIGTERM


def test_options_of_the_command_are_its_own(run: Run) -> None:
    assert run("--", "echo", "--verdict", "-h").stdout == "--verdict -h\n"
    assert run("echo", "--verdict", "-h").stdout == "--verdict -h\n"


IN_WORLDS = """
ask="curl -sS -o /dev/null https://api.aiexport.io/v2"
$ask/models -H "X-API-Key: $API_KEY"
$ask/models -H "X-API-Key: a-key-that-nobody-knows"
$ask/oauth/token -d "grant_type=client_credentials&client_id=demo-enterprise&client_secret=demo-secret"
$ask/models -H "X-API-Key: $API_KEY" -H "X-Emulator-World: default"
echo $EMULATOR_WORLD
"""


def test_all_calls_go_to_the_world_that_is_named_and_those_of_others_are_counted(run: Run) -> None:
    ran = run("--world", "mine", "--", "sh", "-c", IN_WORLDS)
    assert ran.stdout == "mine\n"
    assert ran.stderr.splitlines()[:3] == [
        "emulator: 3 calls, and 1 in other worlds",
        "  aiexport  models.list  2 x 200",
        "  aiexport  oauth.token  1 x 200",
    ]


@pytest.mark.finding("H2")
@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--expect-calls", "--", "true"], 5),
        (["--expect-calls", "2", "--", "sh", "-c", ONE], 5),
        (["--expect-calls", "2", "--", "sh", "-c", f"{ONE}; exit 7"], 7),
        (["--expect-calls", "1", "--", "sh", "-c", ONE], 0),
        (["--expect-calls", "0", "--", "true"], 0),
    ],
)
def test_calls_can_be_expected(run: Run, arguments: list[str], status: int) -> None:
    ran = run(*arguments)
    assert ran.returncode == status, ran.stderr
    assert ("expected at least" in ran.stderr) == (status != 0)


def test_faults_are_counted(run: Run, tmp_path: Path) -> None:
    story = "scenario: story\nabout: One fails.\nextends: default\nrules:\n  - {on: status.get, fault: {status: 503}}\n"
    (tmp_path / "story.yaml").write_text(story)
    ran = run(
        "--scenario",
        str(tmp_path / "story.yaml"),
        "--",
        "sh",
        "-c",
        'curl -s $EMULATOR_URL/v2/status -H "X-API-Key: a" >/dev/null',
    )
    assert "  aiexport  status.get  1 x 503" in ran.stderr
    assert "  faults played: status x 1" in ran.stderr


def test_a_verdict_that_was_not_requested_is_reported_in_short_and_fails_nothing(run: Run) -> None:
    code = """
import http.client, os
client = http.client.HTTPConnection(os.environ["EMULATOR_URL"].removeprefix("http://"))
for _ in range(30):
    client.request("GET", "/v2/models", headers={"X-API-Key": "axp_test_revoked"})
    client.getresponse().read()
"""
    ran = run("--", sys.executable, "-c", code)
    assert ran.returncode == 0
    assert ran.stderr.splitlines()[-1].startswith("  verdict: ")
    assert "(--verdict shows details)" in ran.stderr


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


def test_a_run_starts_at_a_frozen_moment_and_keeps_its_state(run: Run, tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    advance = [
        "sh",
        "-c",
        "curl -s -d '{\"advance\": \"1h\"}' -H 'Content-Type: application/json' $EMULATOR_URL/_emulator/clock",
    ]
    start = ("--state", str(state), "--keep", "--clock", "2026-01-01T00:00:00Z, frozen")
    assert '"iso":"2026-01-01T01:00:00.000Z"' in run(*start, "--", *advance).stdout
    assert '"iso":"2026-01-01T02:00:00.000Z"' in run("--state", str(state), "--", *advance).stdout
    assert json.loads(state.read_text())["clock"]["now"] == 1_767_229_200.0


def test_a_state_that_can_not_be_kept_fails_the_run(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    ran = run("--state", str(folder / "state.json"), "--keep", "--", "rmdir", str(folder))
    assert ran.returncode == 125
    assert ran.stderr.splitlines()[-1] == (
        f"emulator run: the command ended with 0, but {folder}/state.json: the state can't be kept: "
        "No such file or directory; the file is as before"
    )


def test_what_can_not_be_begun_with_is_refused_before_the_command(run: Run, tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    state.write_text('{"format": 3}')
    ran = run("--state", str(state), "--", "echo", "ran")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert (
        ran.stderr == f"{state}: this snapshot was written by a newer version (format 3); this version reads format 2\n"
    )
    ran = run("--state", str(state), "--world", "mine", "--", "echo", "ran")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == "--state is that of the default world, and --world redirects to 'mine'; give one of them\n"


EXPECTING = """\
scenario: mine
extends: default
expect:
  - {on: assets.execute, times: 1}
  - {on: models.get, when: {status: 200}}
"""


def test_what_its_scenario_expects_fails_the_run_with_each_line_that_is_not_met(run: Run, place: Path) -> None:
    (place / "mine.yaml").write_text(EXPECTING)
    ran = run("--scenario", "./mine.yaml", "--report", "json=run.json", "--", sys.executable, "-c", ASK)
    assert ran.returncode == 5, ran.stderr
    assert "  Expectations: 1 of 2 not met.\n" in ran.stderr
    assert "    mine.yaml:5: expected models.get with status: 200 at least once; found 0\n" in ran.stderr
    assert json.loads((place / "run.json").read_text())["expectations"]["ok"] is False


def test_a_command_that_fails_by_itself_keeps_its_exit_status_whatever_is_expected(run: Run, place: Path) -> None:
    (place / "mine.yaml").write_text(EXPECTING)
    ran = run("--scenario", "./mine.yaml", "--", sys.executable, "-c", "raise SystemExit(9)")
    assert ran.returncode == 9
    assert "Expectations: 2 of 2 not met." in ran.stderr


def test_what_the_calls_never_touched_is_told_and_may_fail_the_run(run: Run, place: Path) -> None:
    rule = 'rules: [{name: never, on: assets.execute, when: {body.text: "Hi"}, reply: {status: 503, body: {}}}]\n'
    (place / "mine.yaml").write_text(f"scenario: mine\nextends: default\n{rule}")
    given = ("--scenario", "./mine.yaml", "--coverage-fail", "unused-rules", "--report", "md=run.md")
    ran = run(*given, "--", sys.executable, "-c", ASK)
    assert ran.returncode == 6, ran.stderr
    assert "  mine.yaml:3 'never' has never answered (nearest is #1 " in ran.stderr
    assert "  FAILED: unused-rules: 1 never used\n" in ran.stderr
    assert "### What the tests never touched\n" in (place / "run.md").read_text()
    assert run("--coverage", "--", sys.executable, "-c", ASK).returncode == 0


def test_a_requirement_that_is_none_is_refused_before_the_command(run: Run) -> None:
    ran = run("--coverage-fail", "unused", "--", "echo", "ran")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "'unused' is no requirement; expected unused-rules" in ran.stderr
