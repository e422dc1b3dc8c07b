"""Whom a program trusts whose calls arrive here."""

from __future__ import annotations

from pathlib import Path

from emulator.run.trust import bundle, usual_authorities


def test_when_nothing_may_leave_only_ours_is_trusted(tmp_path: Path) -> None:
    ours = tmp_path / "ours.pem"
    with bundle(ours, False, {}) as path:
        assert path == ours


def test_when_calls_may_leave_the_usual_ones_are_trusted_too_as_long_as_the_program_runs(tmp_path: Path) -> None:
    ours, usual = tmp_path / "ours.pem", tmp_path / "usual.pem"
    ours.write_text("ours\n")
    usual.write_text("usual")
    with bundle(ours, True, {"SSL_CERT_FILE": str(usual)}) as path:
        assert path.read_text() == "usual\nours\n"
    assert not path.exists()


def test_the_usual_ones_are_found(tmp_path: Path) -> None:
    found = usual_authorities({"SSL_CERT_FILE": str(tmp_path / "gone")})
    assert found is not None
    assert "BEGIN CERTIFICATE" in found.read_text()
