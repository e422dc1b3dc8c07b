"""The authority: private, limited to its hosts, strict enough for Python 3.13, shared, and made anew in time."""

from __future__ import annotations

import contextlib
import os
import shutil
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from emulator import paths as resources
from emulator.errors import ConfigError
from emulator.https.authority import Authority
from emulator.https.certificates import AUTHORITY_LASTS, LEAF_LASTS

HOST = "api.one.test"
STRICT = ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN  # the default from Python 3.13 on
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
    client.verify_flags |= STRICT
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


def test_what_it_is_limited_to_binds_everybody(tmp_path: Path) -> None:
    """Who does not know a critical extension must refuse the certificate (RFC 5280 section 4.2)."""
    path = Authority(tmp_path / "a", [HOST]).certificate_path
    extensions = x509.load_pem_x509_certificate(path.read_bytes()).extensions
    assert {type(each.value) for each in extensions if each.critical} == {
        x509.BasicConstraints,
        x509.KeyUsage,
        x509.NameConstraints,
    }
    limits = extensions.get_extension_for_class(x509.NameConstraints).value
    assert limits.permitted_subtrees == [x509.DNSName(HOST)]
    assert [str(each.value) for each in limits.excluded_subtrees or []] == ["0.0.0.0/0", "::/0"]


def test_it_can_sign_for_servers_only(tmp_path: Path) -> None:
    """Who trusts it everywhere trusts no mail and no program that its key signed."""
    path = Authority(tmp_path / "a", [HOST]).certificate_path
    uses = x509.load_pem_x509_certificate(path.read_bytes()).extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert list(uses.value) == [ExtendedKeyUsageOID.SERVER_AUTH]


@pytest.mark.parametrize("host", ["vendor.example", "127.0.0.1"])
def test_it_cannot_speak_for_other_hosts_even_with_its_key(tmp_path: Path, host: str) -> None:
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


@pytest.mark.bound("hosts that certificates are kept in memory for")
def test_when_too_many_hosts_are_kept_their_certificates_are_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emulator.https.authority.MAX_CONTEXTS", 2)
    authority = Authority(tmp_path / "a", [HOST, "api.two.test", "api.three.test"])
    first, second = authority.context_for(HOST), authority.context_for("api.two.test")
    assert authority.context_for(HOST) is first
    authority.context_for("api.three.test")
    assert authority.context_for(HOST) is not first
    assert authority.context_for("api.two.test") is not second


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


@pytest.mark.parametrize("later", [2 * 365 * DAY, -30 * DAY], ids=["expired", "not good yet"])
def test_one_that_the_clock_is_beyond_is_made_anew(
    tmp_path: Path, later: float, caplog: pytest.LogCaptureFixture
) -> None:
    """The machine's clock was wrong, or nobody used it for long."""
    hands = Hands(NOW)
    authority = Authority(tmp_path / "a", [HOST], hands)
    before, leaf = authority.facts, authority.context_for(HOST)
    assert caplog.messages == []
    hands.at += later
    assert authority.context_for(HOST) is not leaf
    assert authority.facts.since < hands.at < authority.facts.until
    assert authority.facts.fingerprint != before.fingerprint
    assert authority.facts == Authority(tmp_path / "a", [HOST], hands).facts
    (told,) = caplog.messages
    assert told.startswith(f"created a new certificate authority in {tmp_path}/a/authority.pem; give it to clients")


def test_a_leaf_is_made_anew_when_the_clock_is_set_back_before_it(tmp_path: Path) -> None:
    hands = Hands(NOW)
    authority = Authority(tmp_path / "a", [HOST], hands)
    facts = authority.facts
    hands.at += 3 * DAY
    leaf = authority.context_for(HOST)
    hands.at -= 60
    assert authority.context_for(HOST) is leaf
    hands.at -= 2 * DAY
    assert authority.context_for(HOST) is not leaf
    assert authority.facts == facts


def test_an_invalid_authority_is_reported_and_renewing_replaces_it(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "a", [HOST])
    authority.certificate_path.write_text("nothing")
    with pytest.raises(
        ConfigError, match=r"holds no valid certificate authority: the certificate can't be read; .*certs --renew"
    ):
        Authority(tmp_path / "a", [HOST]).context_for(HOST)
    assert authority.renew().hosts == (HOST,)


def test_a_key_that_does_not_match_the_certificate_is_reported(tmp_path: Path) -> None:
    for name in "ab":
        Authority(tmp_path / name, [HOST]).context_for(HOST)
    shutil.copy(tmp_path / "b" / "authority.key", tmp_path / "a" / "authority.key")
    with pytest.raises(ConfigError, match="the key does not match the certificate"):
        Authority(tmp_path / "a", [HOST]).context_for(HOST)


@pytest.mark.parametrize(("name", "said"), [("authority.key", "the key"), ("authority.pem", "the certificate")])
def test_what_is_damaged_is_reported_by_its_name(tmp_path: Path, name: str, said: str) -> None:
    Authority(tmp_path / "a", [HOST]).context_for(HOST)
    damaged = tmp_path / "a" / name
    damaged.write_bytes(damaged.read_bytes()[:60])
    with pytest.raises(ConfigError, match=f"{said} can't be read; .*certs --renew"):
        Authority(tmp_path / "a", [HOST]).context_for(HOST)


def test_a_key_with_a_password_is_reported(tmp_path: Path) -> None:
    Authority(tmp_path / "a", [HOST]).context_for(HOST)
    path = tmp_path / "a" / "authority.key"
    key = load_pem_private_key(path.read_bytes(), None)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")))
    with pytest.raises(ConfigError, match="the key can't be read"):
        Authority(tmp_path / "a", [HOST]).context_for(HOST)


def test_a_key_that_others_could_read_is_not_used_again(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "a", [HOST])
    before = authority.facts
    (tmp_path / "a" / "authority.key").chmod(0o644)
    with pytest.raises(ConfigError, match=r"others may have read .*authority.key; .*certs --renew"):
        Authority(tmp_path / "a", [HOST]).context_for(HOST)
    assert authority.renew().fingerprint != before.fingerprint
    assert Authority(tmp_path / "a", [HOST]).facts == authority.facts


def test_one_of_the_two_files_alone_is_no_authority(tmp_path: Path) -> None:
    before = Authority(tmp_path / "a", [HOST]).facts
    (tmp_path / "a" / "authority.key").unlink()
    assert Authority(tmp_path / "a", [HOST]).facts.fingerprint != before.fingerprint


def test_hosts_that_no_certificate_can_name_are_left_out(tmp_path: Path) -> None:
    """An API's file may name them: an empty name in the limits would stand for every host."""
    authority = Authority(tmp_path / "a", [HOST, "", "127.0.0.1", "localhost:3000", "*.vendor.example"])
    assert authority.facts.hosts == (HOST,)
    assert authority.context_for(HOST) is authority.context_for(HOST)
    with pytest.raises(ConfigError, match=r"'127\.0\.0\.1' is not a host name"):
        authority.context_for("127.0.0.1")


def test_a_folder_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a").chmod(0o777)
    with pytest.raises(ConfigError, match="others may write"):
        Authority(tmp_path / "a", [HOST]).context_for(HOST)


def test_a_folder_that_cannot_be_used_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "held" / ".lock").mkdir(parents=True)
    (tmp_path / "held").chmod(0o700)
    for folder in ("file/a", "file", "held"):
        with pytest.raises(ConfigError, match=f"can't store a certificate authority in {tmp_path}/{folder}: "):
            Authority(tmp_path / folder, [HOST]).context_for(HOST)


def test_a_folder_that_another_process_makes_at_this_moment_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mkdir = Path.mkdir

    def late(path: Path, *arguments: Any, **options: Any) -> None:
        os.makedirs(path, mode=0o700, exist_ok=True)
        mkdir(path, *arguments, **options)

    monkeypatch.setattr(Path, "mkdir", late)
    assert Authority(tmp_path / "a", [HOST]).certificate_path.is_file()


def test_without_hosts_none_is_made(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no host to create one for"):
        Authority(tmp_path / "a").certificate_path  # noqa: B018


def test_it_lies_in_the_users_data_folder_unless_another_is_named() -> None:
    assert resources.data("auto", {"XDG_DATA_HOME": "/data"}) == Path("/data/ai-api-emulator")
    assert resources.data("auto", {"XDG_DATA_HOME": "relative"}) == Path.home() / ".local/share/ai-api-emulator"
    assert resources.data("/mine", {}) == Path("/mine")
