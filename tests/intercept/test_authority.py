"""The authority: private, limited to its hosts, strict enough for Python 3.13, shared, and made anew in time."""

from __future__ import annotations

import contextlib
import shutil
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
import trustme

from emulator import resources
from emulator.errors import ConfigError
from emulator.intercept.authority import Authority
from emulator.intercept.certificates import AUTHORITY_LASTS, LEAF_LASTS
from emulator.intercept.show import show

HOST = "api.one.test"
DAY = 86_400.0
NOW = 1_767_225_600.0


class Hands:
    """A time that a test moves."""

    def __init__(self, at: float) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at


def shake(server: ssl.SSLContext, authority: Path, host: str) -> ssl.SSLObject:
    """A handshake in memory, checked as Python 3.13 does."""
    client = ssl.create_default_context(cafile=str(authority))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = client.wrap_bio(back, there, server_hostname=host)
    other = server.wrap_bio(there, back, server_side=True)
    for _ in range(4):
        for side in (one, other):
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
    return one


def test_a_leaf_passes_the_strict_checks(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "a", [HOST])
    found = shake(authority.context_for(HOST), authority.certificate_path, HOST).getpeercert()
    assert found is not None
    assert found["subjectAltName"] == (("DNS", HOST),)


def test_openssl_verifies_it_strictly_too_and_shows_the_limits(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    assert openssl is not None
    path = Authority(tmp_path / "a", [HOST]).certificate_path
    words = [openssl, "x509", "-in", str(path), "-noout", "-text"]
    text = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    for shown in ("Basic Constraints: critical", "Name Constraints: critical", f"DNS:{HOST}", "Key Usage: critical"):
        assert f"X509v3 {shown}" in text or shown in text
    assert "Subject Key Identifier" in text
    assert "Authority Key Identifier" in text


@pytest.mark.parametrize("host", ["vendor.example", "127.0.0.1"])
def test_it_can_not_speak_for_other_hosts_even_with_its_key(tmp_path: Path, host: str) -> None:
    authority = Authority(tmp_path / "a", [HOST])
    path = authority.certificate_path
    signer = trustme.CA.from_pem(path.read_bytes(), (path.parent / "authority.key").read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    signer.issue_cert(host).configure_cert(context)
    with pytest.raises(ssl.SSLCertVerificationError, match="subtree"):
        shake(context, path, host)


def test_only_the_user_can_read_the_key_and_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "a"
    Authority(folder, [HOST]).context_for(HOST)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "authority.key").stat().st_mode & 0o777 == 0o600
    assert sorted(each.name for each in folder.iterdir()) == [".lock", "authority.key", "authority.pem"]


def test_it_stays_the_same_for_everybody_until_it_is_renewed(tmp_path: Path) -> None:
    first, second = Authority(tmp_path / "a", [HOST]), Authority(tmp_path / "a")
    assert first.facts == second.facts
    before = first.context_for(HOST)
    assert first.context_for(HOST.upper()) is before
    renewed = second.renew()
    assert first.context_for(HOST) is not before
    assert first.facts == renewed
    shake(first.context_for(HOST), first.certificate_path, HOST)


def test_a_host_that_it_does_not_speak_for_makes_it_anew_for_all(tmp_path: Path) -> None:
    old = Authority(tmp_path / "a", [HOST]).facts
    other = Authority(tmp_path / "a", ["api.two.test"])
    assert other.facts.hosts == (HOST, "api.two.test")
    assert other.facts.fingerprint != old.fingerprint


def test_leaves_are_renewed_before_they_end_and_the_authority_before_a_leaf_would_outlive_it(tmp_path: Path) -> None:
    hands = Hands(NOW)
    authority = Authority(tmp_path / "a", [HOST], hands)
    first, facts = authority.context_for(HOST), authority.facts
    assert facts.until == NOW + AUTHORITY_LASTS
    hands.at += LEAF_LASTS - 2 * DAY
    assert authority.context_for(HOST) is first
    hands.at += 1.5 * DAY
    assert authority.context_for(HOST) is not first
    assert authority.facts == facts
    hands.at = facts.until - LEAF_LASTS
    assert authority.facts.until == hands.at + AUTHORITY_LASTS


def test_what_is_no_authority_is_told_and_renewing_helps(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "a", [HOST])
    authority.certificate_path.write_text("nothing")
    with pytest.raises(ConfigError, match=r"is no authority of ours.*certs --renew"):
        Authority(tmp_path / "a", [HOST]).context_for(HOST)
    assert authority.renew().hosts == (HOST,)


def test_the_key_of_another_one_is_told(tmp_path: Path) -> None:
    for name in "ab":
        Authority(tmp_path / name, [HOST]).context_for(HOST)
    shutil.copy(tmp_path / "b" / "authority.key", tmp_path / "a" / "authority.key")
    with pytest.raises(ConfigError, match="the key is not that of the certificate"):
        Authority(tmp_path / "a", [HOST]).context_for(HOST)


def test_a_folder_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a").chmod(0o777)
    with pytest.raises(ConfigError, match="others may write"):
        Authority(tmp_path / "a", [HOST]).context_for(HOST)


def test_a_folder_that_can_not_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="can't keep an authority in"):
        Authority(tmp_path / "file" / "a", [HOST]).context_for(HOST)


def test_without_hosts_none_is_made(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no host that it should speak for"):
        Authority(tmp_path / "a").certificate_path  # noqa: B018


def test_a_missing_extra_is_told_with_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    with pytest.raises(ConfigError, match="pip install 'ai-api-emulator\\[intercept\\]'"):
        Authority(tmp_path / "a", [HOST]).context_for(HOST)


def test_it_lies_in_the_users_data_folder_unless_another_is_named() -> None:
    assert resources.data("auto", {"XDG_DATA_HOME": "/data"}) == Path("/data/ai-api-emulator")
    assert resources.data("auto", {"XDG_DATA_HOME": "relative"}) == Path.home() / ".local/share/ai-api-emulator"
    assert resources.data("/mine", {}) == Path("/mine")


def test_it_is_shown_and_exported(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "a", [HOST], Hands(NOW))
    shown = show(authority)
    assert f"certificate  {tmp_path}/a/authority.pem\nSHA-256      " in shown
    assert shown.endswith(f"valid until  2027-01-01T00:00:00Z\nhosts        {HOST}\n")
    assert show(authority, "-") == authority.certificate_path.read_text()
    assert show(authority, str(tmp_path / "copy.pem"), renew=True) != shown
    assert (tmp_path / "copy.pem").read_bytes() == authority.certificate_path.read_bytes()
    with pytest.raises(ConfigError, match="choose another file with --export"):
        show(authority, str(tmp_path / "no" / "copy.pem"))
