"""The page about HTTPS: its commands do what it says when they are copied, and what it quotes is said."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fork_server import command
from tests.pages import ROOT, blocks, tables
from tests.process import Serving, environment
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow

PAGE = ROOT / "docs" / "https.md"
PROXY, LISTENER, CERTS = (block.text for block in blocks(PAGE))
MODELS = '"object":"list"'


class Shell:
    """A shell of a user with a home of their own, in which `emulator` is ours."""

    def __init__(self, home: Path) -> None:
        self.home = home
        tools = home / "bin"
        tools.mkdir()
        (tools / "emulator").write_text(f'#!/bin/sh\nexec {shlex.join(command(environment()))} "$@"\n')
        (tools / "emulator").chmod(0o755)
        path = f"{tools}:{environment()['PATH']}"
        self.environment = environment(HOME=str(home), PATH=path, XDG_DATA_HOME="")

    def run(self, script: str) -> str:
        words = ["sh", "-euc", script]
        done = subprocess.run(
            words, cwd=self.home, env=self.environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture
def serving(shell: Shell) -> Iterator[Serving]:
    with Serving(shell.home, "--tls-listen", "127.0.0.1:0", HOME=str(shell.home), XDG_DATA_HOME="") as process:
        yield process


def test_a_program_with_the_variables_reaches_it_by_the_real_name(shell: Shell, serving: Serving) -> None:
    said = shell.run(PROXY.replace("http://127.0.0.1:8484", serving.origin))
    assert said.startswith(f"certificate  {shell.home}/.local/share/ai-api-emulator/authority.pem\n")
    assert MODELS in said


def test_the_listener_is_reached_by_the_real_name_too(shell: Shell, serving: Serving) -> None:
    serve, curl = LISTENER.splitlines()
    assert serve == "emulator serve --tls-listen 127.0.0.1:8443"
    port = serving.banner.partition("TLS on port ")[2].partition(";")[0]
    trust = 'export CURL_CA_BUNDLE="$HOME/.local/share/ai-api-emulator/authority.pem"\n'
    assert MODELS in shell.run(trust + curl.replace("8443", port))


def test_the_authority_is_exported_and_renewed(shell: Shell) -> None:
    exported, printed, renewed = (shell.run(line) for line in CERTS.splitlines())
    assert exported.endswith("exported to  authority.pem\n")
    assert printed == (shell.home / "authority.pem").read_text()
    assert renewed.splitlines()[1] != exported.splitlines()[1]


def test_the_quoted_messages_exist() -> None:
    (table,) = (each for each in tables(PAGE) if each.first == "message")
    source = "".join(path.read_text() for path in (ROOT / "emulator" / "https").glob("*.py"))
    for row in table.rows[1:]:
        quoted = row[0].split("`")[1]
        parts = re.split(r"HOST(?::443)?|FOLDER\S*", quoted)
        assert all(part.strip() in source for part in parts), quoted
