"""`emulator health`: what a container's health check asks, where the server listens, and how it ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from emulator.cli.serve import health
from tests.other_server import another_server
from tests.running import Emulated

NOBODY = "127.0.0.1:1"  # where nothing listens


def ask(*arguments: str, listen: str | None = None) -> tuple[int, str]:
    """The exit status, and what is printed."""
    done = CliRunner().invoke(health, arguments, env={"EMULATOR_LISTEN": listen})
    return done.exit_code, done.output


def address(emulator: Emulated) -> str:
    return emulator.origin.partition("//")[2]


def test_a_server_that_answers_is_ok(emulator: Emulated) -> None:
    assert ask("--listen", address(emulator)) == (0, "ok\n")


@pytest.mark.finding("J1")
@pytest.mark.parametrize("host", ["127.0.0.1:", "0.0.0.0:", "localhost:", ""])
def test_it_asks_where_the_variable_says_that_the_server_listens(emulator: Emulated, host: str) -> None:
    port = emulator.origin.rpartition(":")[2]
    assert ask(listen=f"{host}{port}") == (0, "ok\n")
    assert ask("--listen", NOBODY, listen=f"{host}{port}")[0] == 1


@pytest.mark.finding("J1")
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="reads a command line in /proc")
@pytest.mark.parametrize(
    "words", [["--listen", "WHERE"], ["--listen=WHERE", "--seed", "1"], ["--listen=x", "--listen", "WHERE"]]
)
def test_the_command_line_of_the_server_takes_precedence(emulator: Emulated, words: list[str]) -> None:
    shown = [each.replace("WHERE", address(emulator)) for each in words]
    program = [sys.executable, "-c", "print('up', flush=True); input()", "serve", *shown]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()  # until then it may have no command line yet
        assert ask("--pid", str(process.pid), listen=NOBODY) == (0, "ok\n")
        process.communicate(b"\n")


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="reads a command line in /proc")
def test_a_command_line_without_the_option_leaves_it_to_the_variable(emulator: Emulated) -> None:
    assert ask("--pid", str(os.getppid()), listen=address(emulator)) == (0, "ok\n")


def test_where_nothing_listens_it_says_so_and_ends_with_1() -> None:
    status, said = ask("--listen", NOBODY)
    assert status == 1
    assert said.startswith("unreachable: no emulator answers at 127.0.0.1:1: ")


@pytest.mark.parametrize("body", [b"<html>", b"{}", b"[]", b"7", b'{"status": "ok"}'])
def test_what_is_no_emulator_is_not_healthy(body: bytes) -> None:
    with another_server(body) as url:
        where = url.partition("//")[2]
        assert ask("--listen", where) == (1, f"unknown: what answers at {where} is no emulator\n")


def test_a_server_that_can_t_reach_its_state_says_why() -> None:
    with another_server(b'{"status": "degraded", "reason": "the store is away"}') as url:
        assert ask("--listen", url.partition("//")[2]) == (1, "degraded: the store is away\n")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--listen", "nowhere"], "--listen is 'nowhere'; expected HOST:PORT"),
        (["--pid", "999999999"], "--pid is 999999999; its command line can't be read: No such file or directory"),
    ],
)
def test_a_wrong_option_is_reported(arguments: list[str], sentence: str) -> None:
    status, said = ask(*arguments)
    assert status == 2
    assert sentence in said
