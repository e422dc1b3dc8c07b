"""The forms of a secret: whatever it is written in, it is found."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.store.secret_forms import forms

WRITERS: dict[str, Callable[[str], str]] = {
    "itself": str,
    "json": json.dumps,
    "json in unicode": lambda text: json.dumps(text, ensure_ascii=False),
    "json of PHP": lambda text: json.dumps(text).replace("/", "\\/"),
    "a path": lambda text: quote(text),
    "a query": quote_plus,
    "a form": lambda text: urlencode({"a": text, "b": text}),
    "a URL in small letters": lambda text: quote_plus(text).replace("%2F", "%2f").replace("%2B", "%2b"),
    "encodeURIComponent": lambda text: quote(text, safe="!'()*"),
    "base64": lambda text: b64encode(text.encode()).decode(),
    "base64 for URLs": lambda text: urlsafe_b64encode(text.encode()).decode(),
    "Basic": lambda text: b64encode(f"client:{text}".encode()).decode(),
    "Basic, a letter more": lambda text: b64encode(f"client1:{text}".encode()).decode(),
    "Basic, two letters more": lambda text: b64encode(f"client12:{text}:more".encode()).decode(),
}


@pytest.mark.parametrize("writer", WRITERS)
@given(text=st.text(st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="%"), min_size=8))
def test_a_secret_is_found_in_whatever_it_is_written(writer: str, text: str) -> None:
    written = WRITERS[writer](text)
    if "small" in writer and any(letter not in "/+" and quote_plus(letter) != letter for letter in text):
        return  # letters of other escapes are not made small by this writer
    assert any(form in written for form in forms(text))
