"""Ids: hashes of a world's root, of what they are made for, and of how many were made for it before.

So the same requests in the same order get the same ids, in whichever process, and nothing needs to be stored for it.
"""

from __future__ import annotations

import uuid
from hashlib import blake2b

MAX_LENGTH = 128  # digits, twice blake2b's longest digest in bytes


def hex_id(root: str, origin: int | str, index: int, length: int = 24) -> str:
    """Returns so many lower-case hexadecimal digits. `origin` is an exchange's number, or text for anything else."""
    seed = f"{root}\n{origin}\n{index}".encode()
    return blake2b(seed, digest_size=(length + 1) // 2).hexdigest()[:length]


def uuid_id(root: str, origin: int | str, index: int) -> str:
    """Returns a version 4 UUID (RFC 9562)."""
    seed = f"{root}\n{origin}\n{index}".encode()
    return str(uuid.UUID(bytes=blake2b(seed, digest_size=16).digest(), version=4))
