"""The page of the demo, made of what it prints: `python -m tests.demo_page` writes it when the walkthrough changes."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

from tests.fork_server import start
from tests.pages import ROOT
from tests.process import ended, environment

PAGE = ROOT / "docs" / "demo.md"
# What differs: ports of this machine, the signature over them, and how long something really took.
DIFFERENT = (r"(?<=127\.0\.0\.1:)\d+", r"(?<=signature: v1,)\S+", r"(?<=again )[\d.]+ ms")


def played() -> str:
    """What `emulator demo --pace 0` prints."""
    demo, pipe = ["demo", "--pace", "0", "--listen", "127.0.0.1:0"], subprocess.PIPE
    done = ended(start(demo, environment(), cwd=ROOT, stdout=pipe, stderr=pipe))
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    for pattern in DIFFERENT:
        done.stdout = re.sub(pattern, "…", done.stdout)
    return done.stdout


def page(printed: str) -> str:
    """The whole page: what stands before its first scene, and the scenes."""
    head = PAGE.read_text().partition("\n## ")[0]
    return "\n".join([head, *_scenes(printed)])


def _scenes(printed: str) -> Iterator[str]:
    _, *parts = re.split(r"^(\d of \d: .*)\n=+\n\n", printed, flags=re.MULTILINE)
    for title, text in zip(parts[::2], parts[1::2], strict=True):
        scene = text.partition("\nThat was the demo.")[0]
        yield f"## {title.partition(': ')[2]}\n\n```text\n{scene.strip()}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(page(played()))
