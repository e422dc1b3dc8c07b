"""Ids: hashes of a world's root and of what they are made for, cut into pieces one after the other.

So the same requests in the same order get the same ids, in whichever process, and nothing needs to be stored for it.
"""

from __future__ import annotations

import uuid
from hashlib import blake2b

DIGITS = 128  # of one block, which is blake2b's longest digest


def hex_digits(root: str, origin: int | str, block: int) -> str:
    """Returns a block of lower-case hexadecimal digits, from which ids are cut.

    `origin` is an exchange's number, or text for anything else; `block` counts from 1.
    """
    return blake2b(f"{root}\n{origin}\n{block}".encode()).hexdigest()


def uuid_of(digits: str) -> str:
    """Returns the version 4 UUID (RFC 9562) of 32 hexadecimal digits."""
    return str(uuid.UUID(hex=digits, version=4))
