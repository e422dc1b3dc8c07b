"""Draws docs/images/architecture.svg, the layers of the package: run `python -m tests.architecture_picture`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from tests.pages import ROOT
from tests.test_layers import LAYERS

FILE = ROOT / "docs" / "images" / "architecture.svg"
STEPS = ("bytes", "match", "run_steps", "build_reply", "deliver", "bytes")
# What a row of layers is about, and its topmost layer; a row goes on until the next one begins.
ROWS = {
    "cli": ("what you start", "or import"),
    "server": ("one process", "sockets, joined parts"),
    "control": ("around a request", "steering, worlds, reports"),
    "engine": ("a request", "the four steps above"),
    "compile": ("at load", "files become a playbook"),
    "faults": ("mechanisms", "what a step uses"),
    "playbook": ("data", "compiled, and as written"),
    "http": ("values", "used by all of the above"),
}
CAPTIONS = {
    "cli": "commands", "run": "emulator run", "demo": "emulator demo", "testing": "pytest, Python client",
    "importer": "OpenAPI → API file", "check": "emulator check", "reports": "JUnit, HAR, Markdown",
    "verify": "compare with a service", "record": "write a scenario",
    "supervisor": "--workers", "server": "sockets, TLS, raw bytes",
    "app": "joins the parts", "sharing": "several processes",
    "state_file": "--state, --keep", "control": "/_emulator, inspector",
    "log": "request log, tail", "environment": "variables of a program", "https": "CA, proxy, hosts",
    "metrics": "for Prometheus", "worlds": "isolated state", "verdict": "judges a client", "openapi": "API → OpenAPI",
    "engine": "request → response", "compile": "YAML → playbook", "faults": "what goes wrong",
    "webhooks": "signed call-backs", "jobs": "work that takes time", "store": "limits, journal, records",
    "generate": "texts of replies", "playbook": "immutable, compiled", "project": "emulator.yaml",
    "language": "YAML, schema, templates", "http": "request, reply, exchange", "paths": "where files are",
    "atomic": "writing files", "settings": "options", "clock": "the only time", "dates": "formats",
    "errors": "exceptions",
}  # fmt: skip
WIDTH, LABEL, BOX, GAP, ROW = 980, 170, 46, 8, 58
STYLE = """
  svg { font-family: system-ui, sans-serif; background: #fff }
  text { fill: #1f2328 } .caption, .about { fill: #59636e; font-size: 11px }
  .name { font: 600 13px ui-monospace, monospace } .row { font-size: 13px; font-weight: 600 }
  rect { fill: #eef3fb; stroke: #8fa8cf } .row-engine rect, .step rect { fill: #fdf1dc; stroke: #d0a050 }
  line, path { stroke: #59636e; fill: none }
  @media (prefers-color-scheme: dark) {
    svg { background: #151b23 } text { fill: #f0f6fc } .caption, .about { fill: #9198a1 }
    rect { fill: #1c2c45; stroke: #4a6fa5 } .row-engine rect, .step rect { fill: #3a2c10; stroke: #a0782c }
    line, path { stroke: #9198a1 }
  }
"""


def rows() -> dict[str, list[str]]:
    """The layers of each row, in their order; the command's entry point is left out."""
    found: dict[str, list[str]] = {}
    for layer in LAYERS[1:]:
        if layer in ROWS:
            found[layer] = []
        found[next(reversed(found))].append(layer)
    return found


def picture() -> str:
    """The whole picture."""
    parts, top = [*_steps()], 84
    for first, layers in rows().items():
        lines = list(_lines(layers))
        title, about = ROWS[first]
        parts.append(f'<g class="row-{first}"><text class="row" x="12" y="{top + 19}">{title}</text>')
        parts.append(f'<text class="about" x="12" y="{top + 35}">{about}</text>')
        for line in lines:
            parts += (_box(name, CAPTIONS.get(name, ""), x, top, width) for name, x, width in line)
            top += ROW - 4
        parts.append("</g>")
        top += 10
    parts.append(
        f'<text class="about" x="12" y="{top + 14}">A layer imports only what stands to its right or below.</text>'
    )
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top + 26}" role="img" aria-labelledby="title">'
    )
    title = '<title id="title">The steps of a request, and the layers of the package from top to bottom</title>'
    return "\n".join([head, title, f"<style>{STYLE}</style>", *parts, "</svg>", ""])


def _steps() -> Iterator[str]:
    yield '<g class="step"><text class="row" x="12" y="35">steps of a request</text>'
    yield '<text class="about" x="12" y="51">engine/pipeline.py</text>'
    lefts = [LABEL + 134 * number for number in range(len(STEPS))]
    for left, name in zip(lefts, STEPS, strict=True):
        yield _box(name, "", left, 16, 106)
    for left, right in pairwise(lefts):
        tip = right - 4
        yield f'<path d="M{left + 110} 39 H{tip} m-5 -4 l5 4 l-5 4"/>'
    yield "</g>"


def _lines(layers: list[str]) -> Iterator[list[tuple[str, int, int]]]:
    """The boxes of a row, as many lines of them as it takes: name, left edge, width."""
    line: list[tuple[str, int, int]] = []
    left = LABEL
    for name in layers:
        width = 22 + max(8 * len(name), 6 * len(CAPTIONS.get(name, "")))
        if left + width > WIDTH - 10:
            yield line
            line, left = [], LABEL
        line.append((name, left, width))
        left += width + GAP
    yield line


def _box(name: str, caption: str, left: int, top: int, width: int) -> str:
    middle = left + width // 2
    name_at = top + (20 if caption else 28)
    text = f'<text class="name" text-anchor="middle" x="{middle}" y="{name_at}">{name}</text>'
    if caption:
        text += f'<text class="caption" text-anchor="middle" x="{middle}" y="{top + 36}">{caption}</text>'
    return f'<rect rx="6" x="{left}" y="{top}" width="{width}" height="{BOX}"/>{text}'


if __name__ == "__main__":
    FILE.write_text(picture())
