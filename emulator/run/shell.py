"""Variables as a shell reads them: one line each, to be evaluated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping


def lines(variables: Mapping[str, str], shell: str) -> Iterator[str]:
    """`export NAME='value'` for `sh` and its kin, `set -gx NAME 'value'` for `fish`."""
    for name, value in sorted(variables.items()):
        yield f"set -gx {name} {fish_quoted(value)}" if shell == "fish" else f"export {name}={sh_quoted(value)}"


def sh_quoted(text: str) -> str:
    """One word of a POSIX shell (XCU 2.2.2), always in quotes."""
    return "'" + text.replace("'", "'\"'\"'") + "'"


def fish_quoted(text: str) -> str:
    """One word of fish, in whose single quotes a backslash escapes itself and the quote."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
