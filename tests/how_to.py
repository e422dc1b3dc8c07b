"""The page of the how-to guides, made of the guides, which are tests: `python -m tests.how_to` writes it."""

from __future__ import annotations

import ast
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "how-to"
PAGE = FOLDER / "README.md"
GUIDES = (
    "canned_answer",
    "retry",
    "lost_connection",
    "proxy_page",
    "wrong_answer",
    "row_of_replies",
    "rule_that_did_not_match",
    "rate_limit",
    "program_and_its_variables",
    "shell_script",
    "javascript_suite",
    "job_by_polls",
    "state_of_my_own",
    "budget",
    "report_for_ci",
    "exhausted_budget",
    "unused_rule",
    "cancelled_batch",
    "contract",
    "recording",
    "webhook_receiver",
    "receivers_clock",
    "broken_stream",
    "expired_token",
)
HEAD = """# How to test …

Each guide is a test file that runs with the emulator's own tests; what stands here is the file itself. The client
under test is in it: put yours in its place. The fixture `emulator` comes with `pip install .` in a checkout;
[testing.md](../testing.md) has all that it can do.
"""


def guide(name: str) -> Path:
    """The file of a guide."""
    article = "an" if name[0] in "aeiou" else "a"
    return FOLDER / f"test_{article}_{name}.py"


def page() -> str:
    """The whole page."""
    files = [guide(name) for name in GUIDES]
    titles = [(ast.get_docstring(ast.parse(file.read_text())) or "").partition(":")[0] for file in files]
    anchors = [title.lower().replace(" ", "-").replace("'", "") for title in titles]
    listed = "".join(f"- [{title}](#{anchor})\n" for title, anchor in zip(titles, anchors, strict=True))
    parts = [
        f"## {title}\n\n[{file.name}]({file.name})\n\n```python\n{file.read_text()}```\n"
        for title, file in zip(titles, files, strict=True)
    ]
    return "\n".join([HEAD, listed, *parts])


if __name__ == "__main__":
    PAGE.write_text(page())
