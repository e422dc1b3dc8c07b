"""The command: what it refuses before it listens, and what is left of a recording that is killed."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner, Result

from emulator.cli import main
from tests import loopback
from tests.fork_server import start
from tests.process import LAST_LINE, environment
from tests.studio import Studio
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow

KEY = {"X-API-Key": "axp_test_pro"}


def run(**given: str) -> Result:
    right = {"api": "aiexport", "upstream": "http://127.0.0.1:1", "out": "x.yaml", "listen": "127.0.0.1:0"}
    words = [word for name, value in {**right, **given}.items() for word in (f"--{name}", value)]
    return CliRunner().invoke(main, ["record", *words])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"api": "aiexprt"},
            "unknown API 'aiexprt'; expected one of: aiexport, aixplain; did you mean 'aiexport'?",
        ),
        ({"api": "nowhere.yaml"}, "nowhere.yaml"),
        (
            {"upstream": "api.example.com"},
            "--upstream is 'api.example.com'; expected a URL such as https://api.example",
        ),
        ({"upstream": "localhost:8484"}, "--upstream is 'localhost:8484'; expected a URL"),
        ({"upstream": "ftp://x"}, "--upstream is 'ftp://x'; expected a URL"),
        ({"upstream": "http://me:pw@x"}, "expected a URL"),
        ({"upstream": "http://x/?key=1"}, "expected a URL"),
        ({"out": "x.json"}, "--out is 'x.json'; expected a scenario file such as recorded.yaml"),
        ({"out": "no/where/x.yaml"}, "No such file or directory; is 'no/where' a folder that you may write to?"),
        ({"out": "folder.yaml"}, "--out is 'folder.yaml', which is a folder; expected a file in it"),
        ({"out": "mine.yaml"}, "--out is 'mine.yaml', which exists already; --force overwrites it"),
        ({"listen": "here"}, "--listen is 'here'; expected HOST:PORT"),
    ],
)
def test_an_error_is_reported_and_nothing_is_written(
    given: dict[str, str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "mine.yaml").write_text("mine")
    result = run(**given)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert sorted(file.name for file in tmp_path.iterdir()) == ["folder.yaml", "mine.yaml"]
    assert (tmp_path / "mine.yaml").read_text() == "mine"


def test_a_folder_without_the_right_to_write_is_reported() -> None:
    """In this one not even root may."""
    result = run(out="/sys/x.yaml")
    assert result.exit_code == 2
    assert "--out is '/sys/x.yaml', which can't be written" in result.stderr


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", socket.gethostname()])
def test_a_recorder_that_would_record_itself_is_refused(tmp_path: Path, host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    result = run(listen=f"127.0.0.1:{port}", upstream=f"http://{host}:{port}/v2", out=str(tmp_path / "x.yaml"))
    assert result.exit_code == 2
    assert f"--upstream http://{host}:{port} is this recorder itself" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_taken_is_reported(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = run(listen=f"127.0.0.1:{taken.getsockname()[1]}", out=str(tmp_path / "x.yaml"))
    assert result.exit_code == 2
    assert "choose another with --listen HOST:PORT" in result.stderr
    assert list(tmp_path.iterdir()) == []


class Recording(NamedTuple):
    """`emulator record` as a process of its own: what it printed when it was ready, and the URL of its API."""

    process: subprocess.Popen[str]
    banner: str
    base: str


@contextmanager
def recording(studio: Studio, folder: Path) -> Iterator[Recording]:
    command = ["record", "--api", "aiexport", "--upstream", studio.upstream.url]
    command += ["--out", studio.out.name, "--listen", "127.0.0.1:0"]
    with (folder / "log").open("w") as log:
        process = start(command, environment(), cwd=folder, stdout=subprocess.PIPE, stderr=log)
    assert process.stdout is not None
    banner = ""
    for line in process.stdout:
        banner += line
        if line.strip() == LAST_LINE:
            break
    found = re.search(r"http://[\d.:]+/v2", banner)
    assert found is not None
    try:
        yield Recording(process, banner, found[0])
    finally:
        process.kill()
        process.wait(PATIENCE)
        process.stdout.close()


def checked(studio: Studio) -> None:
    result = CliRunner().invoke(main, ["check", str(studio.out)])
    assert (result.exit_code, result.output) == (0, "1 scenario OK\n")


def test_a_recorder_that_is_killed_loses_nothing_that_was_answered(studio: Studio, tmp_path: Path) -> None:
    with recording(studio, tmp_path) as (process, _, base), loopback.Client(headers=KEY) as client:
        for number in range(20):
            assert client.get(f"{base}/models", params={"limit": number + 1}).status_code == 200
        process.send_signal(signal.SIGKILL)
        process.wait(PATIENCE)
    checked(studio)
    with studio.replaying("/v2") as base, loopback.Client(headers=KEY) as client:
        found = [len(client.get(f"{base}/models", params={"limit": number + 1}).json()["data"]) for number in range(20)]
    assert found[:5] == [1, 2, 3, 4, 5]
    assert studio.out.read_text().count("recorded models.list ") == 20


def test_a_recorder_that_is_stopped_says_what_it_has_and_how_to_replay_it(studio: Studio, tmp_path: Path) -> None:
    with recording(studio, tmp_path) as (process, _, base):
        assert loopback.get(f"{base}/models", headers=KEY).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        assert process.stdout is not None
        assert process.stdout.read() == "1 exchange recorded: emulator serve --scenario recorded.yaml\n"
    checked(studio)
