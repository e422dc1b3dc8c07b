"""`emulator certs`: the authority is shown, copied and renewed, and what is wrong with it is told in one line."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from emulator.cli import main
from emulator.cli.inspect import show
from emulator.errors import ConfigError
from emulator.https.authority import Authority
from tests.process import environment
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow

HOST = "api.one.test"
NOW = 1_767_225_600.0
SHA = re.compile(r"SHA-256      ((?:[0-9A-F]{2}:){31}[0-9A-F]{2})\n")


class Certs:
    """`emulator certs` of a user with a data folder of their own: here, or with `begin` in a process of its own."""

    def __init__(self, cwd: Path) -> None:
        self.cwd = cwd
        self.folder = cwd / "data" / "ai-api-emulator"

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        words = [sys.executable, "-m", "emulator", "certs", *arguments]
        variables = environment(XDG_DATA_HOME=str(self.cwd / "data"))
        pipe = subprocess.PIPE
        return subprocess.Popen(words, cwd=self.cwd, env=variables, stdout=pipe, stderr=pipe, text=True)

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        """The exit status, and what is printed on standard output and error."""
        done = CliRunner().invoke(main, ["certs", *arguments])
        return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def certs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Certs:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return Certs(tmp_path)


def test_it_is_shown_and_exported(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "a", [HOST], lambda: NOW)
    shown = show(authority)
    assert f"certificate  {tmp_path}/a/authority.pem\nSHA-256      " in shown
    assert shown.endswith(f"valid until  2027-01-01T00:00:00Z\nhosts        {HOST}\n")
    assert show(authority, "-") == authority.certificate_path.read_text()
    assert show(authority, str(tmp_path / "copy.pem"), renew=True) != shown
    assert (tmp_path / "copy.pem").read_bytes() == authority.certificate_path.read_bytes()
    with pytest.raises(ConfigError, match="choose another file with --export"):
        show(authority, str(tmp_path / "no" / "copy.pem"))


def test_it_is_made_shown_copied_and_renewed(certs: Certs) -> None:
    status, first, complained = certs()
    assert (status, complained) == (0, "")
    path = certs.folder / "authority.pem"
    assert first.startswith(f"certificate  {path}\n")
    assert "\nhosts        api.aiexport.io, " in first
    assert (certs()[1], certs("--export", "-")[1]) == (first, path.read_text())
    status, renewed, _ = certs("--renew", "--export", "mine.pem")
    assert (status, renewed.endswith("exported to  mine.pem\n")) == (0, True)
    assert (certs.cwd / "mine.pem").read_bytes() == path.read_bytes()
    assert fingerprint(renewed) != fingerprint(first)


def fingerprint(shown: str) -> str:
    found = SHA.search(shown)
    assert found is not None, shown
    return found[1]


def test_a_host_more_makes_another_for_all_which_is_reported(certs: Certs, caplog: pytest.LogCaptureFixture) -> None:
    before = fingerprint(certs()[1])
    status, shown, _ = certs("--intercept-host", "gateway.internal")
    assert (status, "gateway.internal" in shown, fingerprint(shown) == before) == (0, True, False)
    assert "created a new certificate authority in" in caplog.text
    caplog.clear()
    assert (certs(), caplog.text) == ((0, shown, ""), "")


def test_those_who_make_it_at_once_make_one(certs: Certs) -> None:
    begun = [certs.begin() for _ in range(4)]
    ended = [(process.communicate(timeout=PATIENCE), process.returncode) for process in begun]
    assert {status for _, status in ended} == {0}, ended
    assert len({fingerprint(said) for (said, _), _ in ended}) == 1
    assert sorted(os.listdir(certs.folder)) == [".lock", "authority.key", "authority.pem"]


def test_an_error_is_reported_in_one_line_and_renewing_helps(certs: Certs) -> None:
    certs()
    (certs.folder / "authority.key").write_text("damaged")
    status, said, complained = certs()
    assert (status, said) == (2, "")
    assert complained == (
        f"{certs.folder} holds no valid certificate authority: the key can't be read; "
        "`emulator certs --renew` creates a new one\n"
    )
    assert certs("--renew")[0] == 0
    assert certs()[0] == 0


def test_a_folder_that_cannot_be_used_is_reported_in_one_line(certs: Certs) -> None:
    (certs.cwd / "file").write_text("")
    assert certs("--authority", "file") == (2, "", "can't store a certificate authority in file: File exists\n")
