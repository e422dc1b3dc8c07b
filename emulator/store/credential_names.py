"""Names of credentials: fields, query parameters and headers that carry one by their name, undeclared."""

from __future__ import annotations

import re
from typing import Any

# Whole names, with words apart, as `max_tokens` is none.
USUAL = re.compile(
    r"(?!.*_(by|per)_)(.*_)?((api|access|secret|private|auth|signing|encryption|master|webhook)_?keys?|"
    r"(access|refresh|id|auth|session|bearer|api|csrf|xsrf|security|oauth)_?token|"
    r"secret|passw(or)?d|passphrase|authorization|credentials?)"
)
IN_QUERIES = re.compile(r"key|token|auth|pwd|(.*_)?(sig|signature|jwt|credential)")  # as well, if the value is long
IN_HEADERS = re.compile(r"(.*_)?(key|token|auth|signature|cookie|jwt)")
WORD_ENDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
TOKEN = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[\w.~+/=-]{20,}", re.ASCII)  # and no piece of a text


def names_credential(name: str, value: Any = None) -> bool:
    """Tells whether a field of this name carries a credential; one called just `token` does if its value looks so."""
    if USUAL.fullmatch(_words(name)):
        return True
    return name.lower() == "token" and isinstance(value, str) and TOKEN.fullmatch(value) is not None


def names_credential_parameter(name: str) -> bool:
    """Tells whether a parameter of a query or of a form carries a credential."""
    words = _words(name)
    return bool(USUAL.fullmatch(words) or IN_QUERIES.fullmatch(words))


def names_credential_header(name: str) -> bool:
    """Tells whether a header carries a credential."""
    words = _words(name)
    return words != "idempotency_key" and bool(USUAL.fullmatch(words) or IN_HEADERS.fullmatch(words))


def _words(name: str) -> str:
    return WORD_ENDS.sub("_", name).lower().replace("-", "_").replace(".", "_")
