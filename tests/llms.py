"""docs/llms.txt, an index for programs that read the documentation: `python -m tests.llms` makes it of docs/index.md.

The format is that of llmstxt.org: a title, a summary, and sections of links with a description each.
"""

from __future__ import annotations

import re

from tests.pages import ROOT

INDEX = ROOT / "docs" / "index.md"
FILE = INDEX.with_name("llms.txt")
HEAD = """\
# AI API emulator

> One local server that stands in for two hosted AI APIs, aiXplain's API v2.0 and the AI Export API Layer v2.4.1:
> every documented route, status and response shape, with streams, jobs, rate limits, faults and one clock that tests
> can move. It runs offline and needs no API key.

Start it with `scripts/serve` in a checkout; it listens on http://127.0.0.1:8484. In Python tests, use the pytest
fixture `emulator`.
"""
LINK = re.compile(r"\[([^\]]+)\]\(([^)#]+\.md)\)")


def text() -> str:
    """The whole file."""
    parts = [HEAD]
    for line in INDEX.read_text().splitlines():
        if line.startswith("## "):
            parts.append(f"\n{line}\n\n")
        elif line.startswith("| ["):
            _, pages, about, _ = (cell.strip() for cell in line.split("|"))
            parts.extend(f"- [{name}]({page}): {about}\n" for name, page in LINK.findall(pages))
    return "".join(parts)


if __name__ == "__main__":
    FILE.write_text(text())
