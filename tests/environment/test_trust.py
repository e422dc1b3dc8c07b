"""Whom a program trusts whose calls arrive here."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from cryptography.utils import CryptographyDeprecationWarning

from emulator.environment.trust import PASSWORD, default_cas, trusting, write
from emulator.https.authority import Authority


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    return Authority(tmp_path / "ours", ["api.demo.example"]).certificate_path


def test_only_our_ca_is_trusted_while_all_calls_are_blocked(ours: Path) -> None:
    with trusting(ours, False, {}) as files:
        assert files.pem == ours
        assert files.truststore.is_file()
    assert not files.truststore.exists()
    assert ours.exists()


def test_the_default_cas_are_trusted_too_while_calls_are_allowed(ours: Path, tmp_path: Path) -> None:
    usual = Authority(tmp_path / "usual", ["api.other.example"]).certificate_path
    with trusting(ours, True, {"SSL_CERT_FILE": str(usual)}) as files:
        assert files.pem.read_text() == usual.read_text() + ours.read_text()
        store = pkcs12.load_pkcs12(files.truststore.read_bytes(), PASSWORD.encode())
    assert len(store.additional_certs) == 2
    assert not files.pem.exists()


def test_a_default_ca_that_is_odd_is_trusted_without_a_warning(ours: Path, tmp_path: Path) -> None:
    """Some of the CAs that machines have been given for years have serial numbers that are not positive."""
    certificate = x509.load_pem_x509_certificate(ours.read_bytes())
    serial = certificate.serial_number.to_bytes(certificate.serial_number.bit_length() // 8 + 1, "big").lstrip(b"\0")
    der = certificate.public_bytes(Encoding.DER).replace(serial, bytes([serial[0] | 0x80]) + serial[1:], 1)
    odd = tmp_path / "odd.pem"
    odd.write_text(ssl.DER_cert_to_PEM_cert(der))
    with trusting(ours, True, {"SSL_CERT_FILE": str(odd)}) as files:
        data = files.truststore.read_bytes()
    with pytest.warns(CryptographyDeprecationWarning, match="serial number which wasn't positive"):
        store = pkcs12.load_pkcs12(data, PASSWORD.encode())
    assert len(store.additional_certs) == 2


@pytest.mark.finding("H1")
def test_java_php_and_wget_are_told_in_their_own_files(ours: Path, tmp_path: Path) -> None:
    (tmp_path / ".wgetrc").write_text("tries = 2")
    (tmp_path / "files").mkdir()
    env = {"HOME": str(tmp_path), "PHP_INI_SCAN_DIR": "/mine"}
    files = write(ours, tmp_path / "files", env)
    assert files.wget.read_text() == f"tries = 2\nca_certificate = {ours}\n"
    assert f'curl.cainfo="{ours}"\n' in (files.php / "emulator.ini").read_text()
    assert f'openssl.cafile="{ours}"\n' in (files.php / "emulator.ini").read_text()
    found = files.variables(env)
    assert (found["PHP_INI_SCAN_DIR"], found["WGETRC"]) == (f"/mine:{files.php}", str(files.wget))
    assert f"-Djavax.net.ssl.trustStore={files.truststore}" in files.java_options()
    assert files.variables({})["PHP_INI_SCAN_DIR"] == f":{files.php}", "after those of the installation"


def test_settings_of_wget_are_not_added_to_twice(ours: Path, tmp_path: Path) -> None:
    first = write(ours, tmp_path, {})
    write(ours, tmp_path, first.variables({}))
    assert first.wget.read_text().count("ca_certificate") == 1


def test_the_usual_ones_are_those_that_the_program_would_trust_without_us(tmp_path: Path) -> None:
    one, other, more = (tmp_path / name for name in ("one.pem", "other.pem", "more.pem"))
    for path in (one, other, more):
        path.touch()
    named = {"SSL_CERT_FILE": str(one), "REQUESTS_CA_BUNDLE": str(other), "CURL_CA_BUNDLE": str(one)}
    assert default_cas(named) == [one, other]
    (system,) = default_cas({"SSL_CERT_FILE": str(tmp_path / "gone"), "CURL_CA_BUNDLE": ""})
    assert "BEGIN CERTIFICATE" in system.read_text()
    assert default_cas({"NODE_EXTRA_CA_CERTS": str(more)}) == [more, system]
