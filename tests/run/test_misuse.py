"""What those get who use `emulator run` wrongly, or set traps for it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.run.conftest import Run, keeping, words
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow


def test_what_cannot_be_allowed_is_refused(refused: Run) -> None:
    ran = refused("--allow-host", "aiexport.io", "--", "true")
    assert ran.returncode == 2
    assert "the real api.aiexport.io, which is emulated" in ran.stderr


def test_a_command_that_cannot_be_run_is_reported_as_a_shell_reports_it(run: Run, tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("no program")
    ran = run("--", str(text))
    assert (ran.returncode, ran.stderr) == (126, f"emulator run: can't run {text}: Permission denied\n")


def test_no_command_is_reported(refused: Run) -> None:
    ran = refused()
    assert ran.returncode == 2
    assert "Missing argument '-- COMMAND …'" in ran.stderr


def test_a_port_that_is_taken_is_reported(refused: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ran = refused("--listen", address, "--", "true")
    assert ran.returncode == 2
    assert ran.stderr.startswith(f"can't listen on {address}: Address already in use")


def test_a_run_listens_on_this_machine_only(refused: Run) -> None:
    ran = refused("--listen", "0.0.0.0:0", "--", "true")
    assert (ran.returncode, "listens on this machine only" in ran.stderr) == (2, True)


def test_an_option_that_is_not_there_is_not_taken_for_the_command(refused: Run) -> None:
    ran = refused("--scenaro", "outage", "--", "true")
    assert (ran.returncode, "No such option '--scenaro'. Did you mean '--scenario'?" in ran.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--scenario", "nope"], "nope: no scenario 'nope'; expected one of: "),
        (["--scenario", "broken.yaml"], "broken.yaml:2:1: expected a value here"),
        (["--world", "a b"], "'a b' can't be a world's name; expected "),
        (["--world", "../keys"], "'../keys' can't be a world's name; expected "),
        (["--listen", "nonsense"], "--listen is 'nonsense'; expected HOST:PORT"),
    ],
)
def test_what_cannot_be_set_up_is_reported_before_anything_is_run(
    refused: Run, place: Path, arguments: list[str], said: str
) -> None:
    (place / "broken.yaml").write_text("scenario: [\n")
    ran = refused(*arguments, "--", "echo", "begun")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith(said)


def test_proxies_of_the_user_are_not_used_and_no_host_is_excluded(run: Run) -> None:
    theirs = {"HTTPS_PROXY": "http://127.0.0.1:1", "NO_PROXY": "*", "no_proxy": "vendor.example,aiexport.io"}
    ask = "curl -sS -o /dev/null -w '%{http_code}' https://api.aiexport.io/v2/models -H 'X-API-Key: a'"
    ran = run("--", "sh", "-c", f"{ask}; curl -sS -o /dev/null http://api.vendor.example/", **theirs)
    assert (ran.returncode, ran.stdout) == (3, "200"), ran.stderr


def test_a_call_to_an_address_or_another_port_fails_the_run_too(run: Run) -> None:
    ran = run(
        "--",
        "curl",
        "-gsS",
        "http://192.0.2.1:81",
        "https://192.0.2.1",
        "https://[2001:db8::1]",
        "https://api.aiexport.io:8443",
    )
    assert ran.returncode == 3
    for place in ("192.0.2.1:81", "192.0.2.1:443", "[2001:db8::1]:443", "api.aiexport.io:8443"):
        assert f"to {place} blocked, which is not emulated" in ran.stderr
    assert ran.stderr.count("(--allow-host ") == 3, "an emulated host can't be allowed"


def test_a_host_that_was_added_cannot_be_allowed_either(refused: Run) -> None:
    ran = refused("--allow-host", "gateway.internal", "--", "true", EMULATOR_INTERCEPT_HOST="gateway.internal")
    assert (ran.returncode, "the real gateway.internal, which is emulated" in ran.stderr) == (2, True)


@pytest.mark.finding("H1")
def test_a_client_that_does_not_trust_us_is_reported(run: Run) -> None:
    # Silent, because it writes an error letter by letter, between which lines of ours may come.
    ran = run("--", "env", "-u", "SSL_CERT_FILE", "-u", "CURL_CA_BUNDLE", "curl", "-s", "https://api.aiexport.io/v2/")
    assert ran.returncode == 60, "curl's own for a certificate that it does not trust"
    (hint,) = (line for line in ran.stderr.splitlines() if line.startswith("emulator: a client"))
    assert "api.aiexport.io" in hint
    assert "SSL_CERT_FILE, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE and NODE_EXTRA_CA_CERTS to /" in hint
    assert "a client that reads none of them needs a setting of its own (docs/run.md)" in hint
    assert "emulator: 0 calls\n  1 connection to api.aiexport.io ended before a request" in ran.stderr
    assert "ignores the proxy variables" not in ran.stderr


def test_a_run_inside_a_run_redirects_calls_to_the_inner_one(run: Run) -> None:
    ask = ["curl", "-sS", "-o", "/dev/null", "https://api.aiexport.io/v2/models", "-H", "X-API-Key: any"]
    ran = run("--", *words("run", "--", *ask))
    assert ran.returncode == 0, ran.stderr
    inner, outer = ran.stderr.split("emulator: ")[1:]
    assert inner.startswith("1 call\n  aiexport  models.list  1 x 200\n")
    assert outer.startswith("0 calls")


def test_what_a_command_leaves_behind_does_not_keep_the_run(run: Run) -> None:
    daemon = "while curl -s -o /dev/null $EMULATOR_URL/v2/status; do :; done; echo nobody there"
    ran = run("--", "sh", "-c", f"({daemon}) & sleep 0.3; exit 5")
    assert ran.returncode == 5
    assert ran.stdout == "nobody there\n"


def test_a_world_that_the_command_has_ended_fails_the_run(run: Run) -> None:
    ran = run(
        "--world", "mine", "--", "sh", "-c", "curl -sS -X DELETE -o /dev/null $EMULATOR_URL/_emulator/worlds/mine"
    )
    assert ran.returncode == 125
    assert ran.stderr.startswith("emulator run: the command ended with 0, but its calls can't be reported: ")


def test_blocked_calls_are_kept_when_the_command_runs_again(run: Run) -> None:
    leave = "curl -sS -o /dev/null http://api.vendor.example/"
    ran = run("--", "sh", "-c", f"{leave}; curl -sS -X POST -d '{{}}' -o /dev/null $EMULATOR_URL/_emulator/reset")
    assert ran.returncode == 3


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-"])
def test_streams_that_are_closed_are_closed_for_the_command_too(place: Path, data: Path, closed: str) -> None:
    code = "import sys; print(1); sys.exit([sys.stdin, sys.stdout, sys.stderr].index(None))"
    run = [*words("run", "--"), sys.executable, "-c", code]
    done = subprocess.run(
        ["sh", "-c", f'"$@" {closed}', "sh", *run],
        cwd=place,
        env=keeping(data),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == {"<&-": 0, ">&-": 1, "2>&-": 2}[closed], done.stderr


def test_nobody_who_reads_the_summary_changes_the_exit_status(place: Path, data: Path) -> None:
    run = words("run", "--", "sh", "-c", "exit 5")
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(run, cwd=place, env=keeping(data), stderr=write, check=False, timeout=PATIENCE)
    finally:
        os.close(write)
    assert done.returncode == 5


def test_faults_are_armed_before_the_command_starts(run: Run) -> None:
    ask = "curl -s -o /dev/null -w '%{http_code}' -H 'X-API-Key: axp_test_pro' $EMULATOR_URL/v2/models"
    done = run("--fault", "models.*: status=503; times=1", "--", "sh", "-c", f"{ask}; {ask}")
    assert done.stdout == "503200", done.stderr
    done = run("--world", "mine", "--fault", "models.*: status=503; times=1", "--", "sh", "-c", f"{ask}; {ask}")
    assert done.stdout == "503200", done.stderr
    assert "did you mean 'status'?" in run("--fault", "statuss=503", "--", "true").stderr
