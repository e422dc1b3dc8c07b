"""Says in plain words what is wrong with an expression, with the cure, where Jinja's words help nobody."""

from __future__ import annotations

import re

_END = "end of (?:print statement|statement block|template)"
_ASSIGNED = "'=' can't stand here; to compare, write '==' instead of '='"
_OPERATOR = "is an operator such as '~', 'and' or '|' missing before it?"
# The first pattern that fits a message decides.
_WORDS: tuple[tuple[str, str], ...] = (
    (r"unexpected end of template.*", "the expression ends too early; is a bracket or '}}' missing?"),
    (
        r"Unexpected end of template.*innermost block that needs to be closed is '(\w+)'.*",
        r"'{% \1 … %}' is never closed; expected '{% end\1 %}'",
    ),
    (r"Unexpected end of template.*", "a '{% … %}' is never closed; expected its end, such as '{% endif %}'"),
    (rf"expected token '{_END}', got '='", _ASSIGNED),
    (rf"expected token '{_END}', got '?(.+?)'?", rf"expected the end of the expression, found '\1'; {_OPERATOR}"),
    (rf"expected token 'name', got '{_END}'", "a name is missing at the end of the expression"),
    (rf"expected token '(.+?)', got '{_END}'", r"expected '\1' before the expression ends"),
    (r"unexpected '\}', expected '(.+?)'", r"expected '\1' before the expression ends"),
    (r"expected token 'name', got '(.+?)'", r"expected a name, found '\1'"),
    (r"expected token '(.+?)', got '(.+?)'", r"expected '\1', found '\2'"),
    (r"expected name or number", "expected a name after the '.'"),
    (r"unexpected '(.+?)', expected '(.+?)'", r"expected '\2', found '\1'"),
    (rf"unexpected '{_END}'", "a value is missing at the end of the expression"),
    (r"unexpected '(.+?)'", r"'\1' can't stand here; is a value or an operator missing before it?"),
    (r"unexpected char \"'\" at \d+|unexpected char '\"' at \d+", "a quote is never closed"),
    (r"unexpected char (['\"])(.+?)\1 at \d+", r"'\2' is no operator; write 'and', 'or', 'not', 'x if y else z'"),
    (r"Encountered unknown tag '(end\w+|elif|else)'.*", r"'{% \1 %}' belongs to nothing before it"),
    (
        r"Encountered unknown tag '(\w+)'.*",
        r"unknown statement '{% \1 %}'; expected one of: for, if, set, macro, with, filter",
    ),
    (r"Missing end of comment tag", "a '{#' begins a comment, and no '#}' ends it"),
    (r"tag name expected", "expected a statement after '{%', such as 'if' or 'for'"),
    (rf"Expected an expression, got '{_END}'", "the expression is empty"),
)


def plain_words(message: str) -> str:
    """Returns what Jinja says in plain words; a message that is ours, or unknown, stays as it is."""
    for pattern, words in _WORDS:
        found = re.fullmatch(pattern, message, re.DOTALL)
        if found is not None:
            return found.expand(words)
    return message
