"""API files that were checked before they were released: those of the package, as long as they are unchanged."""

from __future__ import annotations

from pathlib import Path

SUMS = "SHA256SUMS"  # in the folder of the APIs, as `sha256sum *.yaml` writes it


def checked_apis(folder: Path) -> frozenset[str]:
    """Returns the SHA-256 digests of the API files that were checked; none if the list is missing or can't be read.

    A file that was changed has another digest, so it is checked whole whenever it is loaded.
    """
    try:
        lines = (folder / "apis" / SUMS).read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return frozenset()
    return frozenset(line.partition(" ")[0] for line in lines)
