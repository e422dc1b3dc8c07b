"""Escaping: text from elsewhere, as it may be printed to a terminal."""

from __future__ import annotations


def escaped(text: str) -> str:
    """Returns the text with what can't be printed, or steers a terminal, as `\\x1b` or `\\u202e`."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
