"""Certificates: a CA limited to the emulated hosts, and the short-lived certificates that it signs.

Both pass OpenSSL's strict checks (RFC 5280), the default in Python 3.13.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from cryptography.x509 import Certificate, CertificateBuilder

NAME = "ai-api-emulator"
AUTHORITY_LASTS = 365 * 86_400.0  # seconds
LEAF_LASTS = 7 * 86_400.0
SKEW = 3_600.0  # seconds by which a client's clock may be behind


class Pair(Struct, frozen=True):
    """Private key and its certificate, as PEM."""

    key: bytes
    certificate: bytes


class Facts(Struct, frozen=True):
    """Contents of a CA certificate: its SHA-256, validity in seconds since the epoch, and hosts."""

    fingerprint: str
    since: float
    until: float
    hosts: tuple[str, ...]


def make_authority(hosts: Iterable[str], now: float) -> Pair:
    """Creates a CA that is limited to these hosts and their subdomains, without IP addresses."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    # Clients would confuse two CAs with the same name.
    common_name = f"{NAME} authority {own.digest.hex()[:8]}"
    name = x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, NAME), x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_date(now - SKEW))
        .not_valid_after(_date(now + AUTHORITY_LASTS))
        .add_extension(own, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own), critical=False)
    )
    certificate = _limited(builder, hosts).sign(key, hashes.SHA256())
    encoding = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    secret = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain)
    return Pair(secret, certificate.public_bytes(encoding))


def _limited(builder: CertificateBuilder, hosts: Iterable[str]) -> CertificateBuilder:
    """Adds the extensions that limit what the CA may be used for."""
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    unused = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    permitted = [x509.DNSName(host) for host in hosts]
    addresses = [x509.IPAddress(ip_network(every)) for every in ("0.0.0.0/0", "::/0")]
    return (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(key_cert_sign=True, crl_sign=True, **unused), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.NameConstraints(permitted, addresses), critical=True)
    )


def read_authority(pair: Pair) -> Facts:
    """Reads a CA certificate. Raises ValueError when it is invalid, or does not match its key."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        certificate = x509.load_pem_x509_certificate(pair.certificate)
    except ValueError as error:
        raise ValueError("the certificate can't be read") from error
    try:
        key = load_pem_private_key(pair.key, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:  # TypeError: it has a password
        raise ValueError("the key can't be read") from error
    if key.public_key() != certificate.public_key():
        raise ValueError("the key does not match the certificate")
    return _facts(certificate)


def _facts(certificate: Certificate) -> Facts:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    try:
        limits = certificate.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        raise ValueError("the certificate is not limited to hosts") from None
    hosts = tuple(each.value for each in limits.permitted_subtrees or () if isinstance(each, x509.DNSName))
    fingerprint = certificate.fingerprint(hashes.SHA256()).hex(":").upper()
    since, until = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return Facts(fingerprint, since.timestamp(), until.timestamp(), hosts)


def make_context(authority: Pair, host: str, now: float, folder: Path) -> ssl.SSLContext:
    """Returns a server's TLS context with a new certificate for `host`; `folder` holds its key for a moment."""
    import trustme

    ca = trustme.CA.from_pem(authority.certificate, authority.key)
    leaf = ca.issue_cert(host, organization_name=NAME, not_before=_date(now - SKEW), not_after=_date(now + LEAF_LASTS))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    with leaf.private_key_and_cert_chain_pem.tempfile(dir=str(folder)) as path:
        context.load_cert_chain(path)
    return context


def _date(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
