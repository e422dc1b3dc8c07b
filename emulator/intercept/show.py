"""What `emulator certs` does: show the authority, make another one, copy its certificate for clients."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from emulator.errors import ConfigError
from emulator.intercept.authority import Authority


def show(authority: Authority, export: str | None = None, renew: bool = False) -> str:
    """What is printed; with `export` `-` that is the certificate itself. Raises ConfigError."""
    facts = authority.renew() if renew else authority.facts
    path = authority.certificate_path
    certificate = path.read_text()
    if export == "-":
        return certificate
    until = datetime.fromtimestamp(facts.until, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    lines = [
        f"certificate  {path}",
        f"SHA-256      {facts.fingerprint}",
        f"valid until  {until}",
        f"hosts        {', '.join(facts.hosts)}",
    ]
    if export is not None:
        try:
            Path(export).write_text(certificate)
        except OSError as error:
            raise ConfigError(f"can't write {export}: {error.strerror}; choose another file with --export") from error
        lines.append(f"exported to  {export}")
    return "\n".join(lines) + "\n"
