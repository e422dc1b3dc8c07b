"""Entity tags: tell a client that asks again whether what it has is still the same (RFC 9110 section 8.8.3)."""

from __future__ import annotations

import re
from hashlib import blake2b

TAG = re.compile(rb'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')


def tag_of(body: bytes) -> bytes:
    """Returns the strong tag of a body: two bodies have the same one only if they are the same byte for byte."""
    return b'"%s"' % blake2b(body, digest_size=12).hexdigest().encode()


def is_known(field: bytes, tag: bytes) -> bool:
    """Whether an `If-None-Match` names a tag, so that 304 is the response. A weak one counts (section 13.1.2)."""
    return field.strip() == b"*" or tag in TAG.findall(field)
