"""Whom a program trusts whose calls arrive here."""

from __future__ import annotations

from pathlib import Path

from emulator.run.environment import bundle, default_cas


def test_only_our_ca_is_trusted_while_all_calls_are_blocked(tmp_path: Path) -> None:
    ours = tmp_path / "ours.pem"
    with bundle(ours, False, {}) as path:
        assert path == ours


def test_the_default_cas_are_trusted_too_while_calls_are_allowed(tmp_path: Path) -> None:
    ours, usual = tmp_path / "ours.pem", tmp_path / "usual.pem"
    ours.write_text("ours\n")
    usual.write_text("usual")
    with bundle(ours, True, {"SSL_CERT_FILE": str(usual)}) as path:
        assert path.read_text() == "usual\nours\n"
    assert not path.exists()


def test_the_usual_ones_are_those_that_the_program_would_trust_without_us(tmp_path: Path) -> None:
    one, other, more = (tmp_path / name for name in ("one.pem", "other.pem", "more.pem"))
    for path in (one, other, more):
        path.touch()
    named = {"SSL_CERT_FILE": str(one), "REQUESTS_CA_BUNDLE": str(other), "CURL_CA_BUNDLE": str(one)}
    assert default_cas(named) == [one, other]
    (system,) = default_cas({"SSL_CERT_FILE": str(tmp_path / "gone"), "CURL_CA_BUNDLE": ""})
    assert "BEGIN CERTIFICATE" in system.read_text()
    assert default_cas({"NODE_EXTRA_CA_CERTS": str(more)}) == [more, system]
