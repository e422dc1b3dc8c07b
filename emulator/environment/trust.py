"""Files and variables by which a program's clients trust the CA: PEM for most, and what Java, PHP and wget read."""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct

ADDED_TRUST = "NODE_EXTRA_CA_CERTS"  # adds to the default CAs; the others replace them
TRUST = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", ADDED_TRUST)
PASSWORD = "changeit"  # Java's own word where nothing is secret
SCANNED = "PHP_INI_SCAN_DIR"  # folders; an empty one stands for those of the installation


class TrustFiles(Struct, frozen=True):
    """Files that name the CAs to trust: PEM, Java's truststore, a folder with PHP's settings, wget's settings."""

    pem: Path
    truststore: Path
    php: Path
    wget: Path

    def variables(self, env: Mapping[str, str]) -> dict[str, str]:
        """Returns the variables that name them, by name; `env` are the program's own. Java's are its options."""
        return dict.fromkeys(TRUST, str(self.pem)) | {
            SCANNED: f"{env.get(SCANNED, '')}:{self.php}",
            "WGETRC": str(self.wget),
        }

    def java_options(self) -> list[str]:
        """Returns the properties that name Java's truststore."""
        values = {"": str(self.truststore), "Password": PASSWORD, "Type": "PKCS12"}
        return [f"-Djavax.net.ssl.trustStore{name}={value}" for name, value in values.items()]


def write(pem: Path, folder: Path, env: Mapping[str, str]) -> TrustFiles:
    """Writes into the folder what names the CAs of a PEM file, with the settings of wget that the user has anyway."""
    files = TrustFiles(pem, folder / "truststore.p12", folder / "php", folder / "wgetrc")
    files.php.mkdir(exist_ok=True)
    (files.php / "emulator.ini").write_text(f'curl.cainfo="{pem}"\nopenssl.cafile="{pem}"\n')
    files.wget.write_text(f"{_wget_settings(env, files.wget)}\nca_certificate = {pem}\n")
    files.truststore.write_bytes(_truststore(pem.read_bytes()))
    return files


def _wget_settings(env: Mapping[str, str], own: Path) -> str:
    """Returns the user's settings of wget, or an empty text."""
    named = env.get("WGETRC") or (f"{env['HOME']}/.wgetrc" if env.get("HOME") else "")
    try:
        return Path(named).read_text() if named and Path(named) != own else ""
    except (OSError, ValueError):
        return ""


def _truststore(pem: bytes) -> bytes:
    """Returns the certificates of a PEM file as a PKCS #12 file whose entries Java trusts."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

    with warnings.catch_warnings(action="ignore"):  # of what is odd in the machine's own CAs
        found = enumerate(x509.load_pem_x509_certificates(pem))
    named = [pkcs12.PKCS12Certificate(certificate, b"ca-%d" % number) for number, certificate in found]
    return pkcs12.serialize_java_truststore(named, BestAvailableEncryption(PASSWORD.encode()))


@contextmanager
def trusting(certificate: Path, open_hosts: bool, env: Mapping[str, str]) -> Iterator[TrustFiles]:
    """Yields the files to trust while the program runs: our certificate, with `open_hosts` after the default CAs."""
    with TemporaryDirectory(prefix="emulator-") as folder:
        pem = certificate
        if open_hosts:
            pem = Path(folder) / "authorities.pem"
            parts = [*default_cas(env), certificate]
            pem.write_bytes(b"\n".join(part.read_bytes().rstrip() for part in parts) + b"\n")
        yield write(pem, Path(folder), env)


def default_cas(env: Mapping[str, str]) -> list[Path]:
    """Returns the CA files that the program trusts by default: those that its variables name, and the system's, or else
    Mozilla's, unless a variable replaces it."""
    import certifi

    named = {name: Path(env[name]) for name in TRUST if env.get(name) and Path(env[name]).is_file()}
    if not named.keys() - {ADDED_TRUST}:
        named[""] = Path(ssl.get_default_verify_paths().cafile or certifi.where())
    return list(dict.fromkeys(named.values()))
