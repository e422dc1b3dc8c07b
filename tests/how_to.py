"""The pages of the how-to guides, made of the guides, which are tests: `python -m tests.how_to` writes them.

README.md is made of the Python files beside it. The pages for JavaScript are written by hand, but for their files,
which tests/clients runs: a comment before a block names the file that it shows. docs/javascript.md is the README of the
npm package.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "how-to"
PAGE = FOLDER / "README.md"
PACKAGE = ROOT / "clients" / "js" / "README.md"
PACKAGE_PAGE = ROOT / "docs" / "javascript.md"
SHOWN = re.compile(r"(?P<head><!-- (?P<file>[\w./-]+) -->\n\n```\w+\n)(?P<text>.*?)(?=^```$)", re.MULTILINE | re.DOTALL)
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

Each guide is a complete test file, which runs with the emulator's own tests. It contains a small client; put yours in
its place. To get the fixture `emulator`, install the emulator with pytest: `pip install path/to/ai-api-emulator
pytest`. [Python tests](../testing.md) describes everything that the fixture can do.
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


def shown_files(page: Path) -> list[str]:
    """The files that a page shows, by their paths from the project's root."""
    return [found["file"] for found in SHOWN.finditer(page.read_text())]


def with_files(text: str) -> str:
    """A page with the files that it shows as they are."""
    return SHOWN.sub(lambda found: found["head"] + (ROOT / found["file"]).read_text(), text)


if __name__ == "__main__":
    PAGE.write_text(page())
    PACKAGE_PAGE.write_text(PACKAGE.read_text())
    for each in sorted(FOLDER.glob("*.md")):
        each.write_text(with_files(each.read_text()))
