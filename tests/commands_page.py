"""Writes docs/commands.md, every command and its options: run `python -m tests.commands_page` when one changes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

from emulator.cli import main, switchboard
from tests.pages import ROOT

PAGE = ROOT / "docs" / "commands.md"
HEAD = """\
# Command line

`emulator` is in `.venv/bin` of a checkout, and on your path after `pip install .`; `ai-api-emulator` is the same
command. `emulator COMMAND --help` prints what this page says. An invalid option, variable or file is exit status 2,
with a message that names it.

"""
STEERING = """\
## Commands for a running emulator

These do what the control API does, from a terminal: [Steer it from a terminal](steering.md) lists all their forms,
and `--url`, `--world`, `--token` and `--json`, which all of them have.

"""
SERVE = """\
Each option of `serve` has an environment variable: `EMULATOR_` and its name, so `--max-body` is `EMULATOR_MAX_BODY`.
In a variable, separate several values with commas (in `EMULATOR_FAULT` with line ends), and write `1` or `0` for an
option without a value. An option takes precedence over its variable, and both over [the project
file](project.md#a-project-file).
"""
# The page that explains a command or an option of `serve` in full.
MORE = {
    "certs": "https.md#the-ca", "check": "scenarios.md#files-and-names", "coverage": "claims.md", "demo": "demo.md",
    "env": "run.md#what-is-set", "explain": "explain.md", "status": "scale.md",
    "import": "openapi.md#import-an-api-of-your-own", "mcp": "mcp.md", "new": "scenarios.md#files-and-names",
    "openapi": "openapi.md", "record": "record.md#record", "routes": "operations.md", "run": "run.md",
    "schema": "scenarios.md#files-and-names", "store": "scale.md", "tail": "log.md#from-another-terminal",
    "verify": "record.md#verify", "--authority": "https.md#the-ca", "--clock": "project.md#the-clock-at-the-start",
    "--control-listen": "faults.md#what-is-certain", "--control-token": "control.md#who-may-ask",
    "--cors": "browser.md", "--fault": "steering.md#faults-from-the-start", "--intercept-host": "https.md",
    "--keep": "project.md#a-state-to-begin-with", "--key": "project.md#a-project-file", "--log": "log.md",
    "--max-body": "http.md#bodies", "--public-url": "http.md#behind-a-proxy", "--quiet": "log.md",
    "--read-timeout": "http.md#time-limits", "--state": "project.md#a-state-to-begin-with", "--store": "scale.md",
    "--workers": "scale.md#several-workers",
    "--tls-listen": "https.md#as-a-listener", "--verbose": "log.md",
    "--webhook-time": "time.md#webhooks-and-a-moved-clock",
}  # fmt: skip
SHOWN_ELSEWHERE = ("-h", "--help")
BAR = "\\|"  # in a table


def page() -> str:
    """The whole page."""
    assert isinstance(main, click.Group)
    steering = {command.name for command in switchboard.commands()}
    own = {name: command for name, command in sorted(main.commands.items()) if name not in steering}
    parts = [HEAD, *_overview(own), "\n", STEERING]
    parts += _overview({name: main.commands[name] for name in sorted(name for name in steering if name)})
    for name, command in own.items():
        parts += _section(name, command)
    return "".join(parts)


def _overview(commands: dict[str, click.Command]) -> Iterator[str]:
    yield "| command | |\n|---|---|\n"
    for name, command in commands.items():
        link = f" ([more]({MORE[name]}))" if name in MORE else ""
        yield f"| `emulator {name}` | {_cell(_sentences(command)[0])}{link} |\n"


def _section(name: str, command: click.Command) -> Iterator[str]:
    subcommands = command.commands if isinstance(command, click.Group) else {}
    yield f"\n## emulator {name}\n\n"
    context = click.Context(command, info_name=f"emulator {name}")
    yield f"```text\n{command.get_usage(context).removeprefix('Usage: ')}\n```\n\n"
    yield SERVE if name == "serve" else " ".join(_sentences(command)) + "\n"
    options = [each for each in command.get_params(context) if isinstance(each, click.Option)]
    if rows := [_row(each, context, name) for each in options if not (each.hidden or each.opts[0] in SHOWN_ELSEWHERE)]:
        yield "\n| option | | default |\n|---|---|---|\n"
        yield from rows
    for below, each in sorted(subcommands.items()):
        yield from _section(f"{name} {below}", each)


def _row(option: click.Option, context: click.Context, name: str) -> str:
    record = option.get_help_record(context)
    assert record is not None, option.name
    shown, text = record
    notes = re.findall(r"\[([^\]]*)\]", text)
    about = re.sub(r"\s*\[[^\]]*\]", "", text) + (" Required." if "required" in notes else "")
    default = next((note.removeprefix("default: ") for note in notes if note.startswith("default: ")), "")
    key = max(option.opts, key=len)
    without = " No variable." if "no variable" in notes else ""
    link = f" ([more]({MORE[key]}))" if name == "serve" and key in MORE else ""
    return f"| `{shown.replace('|', BAR)}` | {_cell(about)}{without}{link} | {_cell(default)} |\n"


def _sentences(command: click.Command) -> list[str]:
    """The paragraphs of a command's help, each in one line."""
    paragraphs = re.split(r"\n\s*\n", (command.help or "").strip())
    return [" ".join(each.replace("\b", "").split()) for each in paragraphs]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", BAR).replace("*", "\\*")


if __name__ == "__main__":
    PAGE.write_text(page())
