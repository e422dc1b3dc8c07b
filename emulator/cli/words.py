"""Words: the commands that steer a running emulator, each with the control route that it asks.

They are data, known before the server is loaded; a test compares them with the table of control routes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import click


class Command(NamedTuple):
    """What may be typed: words, and ARGUMENTS in capitals; one with … takes several, one in brackets may be missing.

    `send` are keys of the body or the query, with the argument that gives the value, or a constant; an argument that
    is called like a part of the path goes there. `options` are those that it takes, `needs` one that makes it this
    command. `rows` names what in the answer is a table, `columns` what is shown of it; `none` is said of nothing.
    """

    words: str
    route: str
    about: str
    send: Mapping[str, Any] = {}
    options: tuple[str, ...] = ()
    needs: str = ""
    rows: str = ""
    columns: str = ""
    none: str = ""

    @property
    def command(self) -> str:
        """Its first word."""
        return self.words.partition(" ")[0]


class Option(NamedTuple):
    """An option: the key that it sets, how its value is shown and read, and what it is for."""

    key: str
    metavar: str
    about: str
    type: Any = str
    multiple: bool = False


DEFAULT_URL = "http://127.0.0.1:8484"  # where `emulator serve` listens


def address_options(
    url: str = "The running emulator.", world: str = "The world that is meant."
) -> list[click.Parameter]:
    """The options that say where a running emulator is, and which of its worlds is meant, with their help texts."""
    token = "Token that its control API requires."
    return [
        click.Option(["--url"], metavar="URL", envvar="EMULATOR_URL", default=DEFAULT_URL, show_default=True, help=url),
        click.Option(["--world"], metavar="NAME", envvar="EMULATOR_WORLD", default="default", help=world),
        click.Option(["--token"], metavar="TOKEN", envvar="EMULATOR_CONTROL_TOKEN", default="", help=token),
    ]


WHEN = ("on", "key", "times", "nth", "every", "probability", "after", "for")
OPTIONS: Mapping[str, Option] = {
    "on": Option("on", "PATTERN", "Only for these operations, e.g. 'messages.*'; may be repeated.", multiple=True),
    "key": Option("key", "KEY", "Only for requests with this key."),
    "times": Option("times", "N", "Play this many times, then no more.", click.IntRange(1)),
    "nth": Option("nth", "N", "Play only on the nth matching request.", click.IntRange(1)),
    "every": Option("every", "N", "Play on every nth matching request.", click.IntRange(1)),
    "probability": Option(
        "probability", "SHARE", "Share of matching requests, from 0 to 1, drawn from the seed.", click.FloatRange(0, 1)
    ),
    "after": Option("after", "TIME", "Begin this long from now, e.g. 61s, on the world's clock."),
    "for": Option("for", "TIME", "End after this long, on the world's clock."),
    "api": Option("api", "NAME", "The API, if several could be meant."),
    "tier": Option("tier", "NAME", "Give the key this tier."),
    "budget": Option("budget", "JSON", "Give the key this budget, e.g. '{\"credits\": 0.05}'.", "json"),
    "like": Option("like", "KEY", "The key to model it on."),
    "workspace": Option("workspace", "NAME", "Its workspace; by default that of the other key."),
    "kind": Option("kind", "NAME", "Only jobs of this kind."),
    "state": Option("state", "NAME", "Only jobs in this state; for a new job, the state that it is in."),
    "items": Option("items", "JSON", "What the job works on: a list, or a count.", "json"),
    "data": Option("data", "JSON", "What the job remembers of its request.", "json"),
    "result": Option("result", "JSON", "The result that the client gets when the job has ended.", "json"),
    "id": Option("id", "ID", "The id of the job."),
    "age": Option("age", "TIME", "How long ago the job began."),
    "finished": Option("finished", "N", "How many of its items are done, instead of an age.", click.IntRange(0)),
    "scenario": Option("scenarios", "NAME|PATH", "A scenario that it uses; may be repeated.", "path", multiple=True),
    "seed": Option("seed", "N", "Its seed.", int),
    "frozen": Option("frozen", "TIME", "Freeze its clock at this time, or with true at the present one.", "frozen"),
    "owner": Option("owner", "TEXT", "A text that says who created it."),
    "ignore": Option("ignore", "RULES", "Rules to leave out, separated by commas."),
    "operation": Option("operation", "NAME", "All rules of this operation, the API's own included."),
    "count": Option("count", "N", "At most this many.", click.IntRange(1)),
    "where": Option("where", "WHEN", "Only those that match, e.g. 'name: Mine'."),
    "last": Option("last", "N", "At most this many, the last.", click.IntRange(0)),
    "prompt": Option("prompt", "TEXT", "Only for this whole prompt; may be repeated.", multiple=True),
    "contains": Option("contains", "TEXT", "Only for prompts with this text; may be repeated.", multiple=True),
    "matches": Option("matches", "REGEX", "Only for prompts that match this regular expression."),
    "timeout": Option("timeout", "TIME", "How long to wait, in real time. [default: 30s]"),
}
CLOCK = "iso frozen speed auto pending next"
JOB = "id api kind workspace state done started_at ends_at counts polls faults seeded"
WORLD = "name scenarios seed keys exchanges faults owner"
RECORD = {"rows": "records", "columns": "id seeded record", "none": "no records"}
FAULT = "id fault params on key times nth every probability after for played used_up note"
UNLIMITED = "tier: {tier}; no limits"

COMMANDS: tuple[Command, ...] = (
    Command(
        "arm FAULT [PARAM=VALUE…]",
        "POST /faults",
        "Arm a fault, e.g. emulator arm cut_after events=3 --on 'messages.*' --times 2",
        options=WHEN,
        columns=FAULT,
    ),
    Command("expect", "GET /expectations", "Show which expectations are met; exit with 5 if one is not."),
    Command(
        "expect add JSON", "POST /expectations", "Add an expectation.", columns="id on when times in_order spent rules"
    ),
    Command(
        "expect remove ID", "DELETE /expectations/{id}", "Remove an expectation that was added.", columns="removed"
    ),
    Command("faults", "GET /faults", "List the armed faults.", rows="armed", columns=FAULT, none="no fault is armed"),
    Command("faults known", "GET /faults", "List all known faults.", rows="known", columns="name on params about"),
    Command("disarm", "DELETE /faults", "Disarm all faults.", columns="disarmed", none="nothing was armed"),
    Command("disarm ID", "DELETE /faults/{id}", "Disarm one fault.", columns="disarmed"),
    Command(
        "answers",
        "GET /answers",
        "List the answers that were added.",
        rows="answers",
        columns="id prompt contains matches on answer json",
    ),
    Command(
        "answers add TEXT",
        "POST /answers",
        "Add an answer.",
        {"answer": "TEXT"},
        ("prompt", "contains", "matches", "on"),
        columns="id prompt contains matches on answer",
    ),
    Command("answers remove ID", "DELETE /answers/{id}", "Remove an answer.", columns="removed"),
    Command("answers clear", "DELETE /answers", "Remove all answers.", columns="removed"),
    Command("clock", "GET /clock", "Show the world's time.", columns=CLOCK),
    Command(
        "clock due", "GET /clock/due", "List what is due next.", {}, ("count",), rows="due", columns="at kind what"
    ),
    Command("clock freeze", "POST /clock", "Freeze the clock.", {"freeze": True}, columns=CLOCK),
    Command("clock run", "POST /clock", "Let the clock run.", {"freeze": False}, columns=CLOCK),
    Command("clock advance TIME", "POST /clock", "Advance the clock, e.g. by 61s.", {"advance": "TIME"}, columns=CLOCK),
    Command(
        "clock set TIME", "POST /clock", "Set the clock, e.g. to 2026-01-01T00:00:00Z.", {"set": "TIME"}, columns=CLOCK
    ),
    Command(
        "clock speed FACTOR",
        "POST /clock",
        "Run this many times as fast as real time.",
        {"speed": "FACTOR"},
        columns=CLOCK,
    ),
    Command("clock auto", "POST /clock", "Jump to what is due next whenever all wait.", {"auto": True}, columns=CLOCK),
    Command("clock auto off", "POST /clock", "Stop jumping.", {"auto": False}, columns=CLOCK),
    Command("jobs", "GET /jobs", "List jobs.", {}, ("api", "kind", "state"), "", "jobs", JOB, "no jobs"),
    Command("jobs ID", "GET /jobs/{id}", "Show a job.", columns=JOB),
    Command(
        "jobs start KIND KEY",
        "POST /jobs",
        "Start a job without a request.",
        {"kind": "KIND", "as": "KEY"},
        ("api", "id", "items", "data", "result", "age", "finished", "state"),
        columns=JOB,
    ),
    Command("jobs set ID STATE", "POST /jobs/{id}", "Put a job into this state.", {"state": "STATE"}, columns=JOB),
    Command("jobs complete ID", "POST /jobs/{id}/complete", "Complete a job.", columns=JOB),
    Command("jobs fail ID", "POST /jobs/{id}/fail", "Make a job fail.", columns=JOB),
    Command("jobs cancel ID", "POST /jobs/{id}/cancel", "Cancel a job.", columns=JOB),
    Command("limits", "GET /keys", "List all keys.", rows="keys", columns="key api tier status workspace limits"),
    Command(
        "limits KEY",
        "GET /limits",
        "Show a key's limits and usage.",
        {"key": "KEY"},
        ("api",),
        rows="limits",
        columns="name used remaining limit reset",
        none=UNLIMITED,
    ),
    Command(
        "limits KEY",
        "PUT /limits",
        "Give a key another tier.",
        {"key": "KEY"},
        ("tier", "budget", "api"),
        "tier",
        "limits",
        "name used remaining limit reset",
        UNLIMITED,
    ),
    Command(
        "limits KEY",
        "PUT /limits",
        "Give a key another budget.",
        {"key": "KEY"},
        ("tier", "budget", "api"),
        "budget",
        "limits",
        "name used remaining limit reset",
        UNLIMITED,
    ),
    Command(
        "limits new KEY",
        "POST /keys",
        "Create a key modelled on another (--like).",
        {"key": "KEY"},
        ("like", "api", "workspace"),
        columns="key api tier workspace",
    ),
    Command("records", "GET /records", "List the collections.", rows="collections", columns="api name count"),
    Command(
        "records API COLLECTION",
        "GET /records/{api}/{collection}",
        "List the records of a collection.",
        {},
        ("where", "last"),
        **RECORD,
    ),
    Command(
        "records API COLLECTION ID",
        "GET /records/{api}/{collection}/{id}",
        "Show a record.",
        columns="id seeded record",
    ),
    Command(
        "records put API COLLECTION ID JSON",
        "PUT /records/{api}/{collection}/{id}",
        "Write a record.",
        columns="id seeded record",
    ),
    Command(
        "records change API COLLECTION ID JSON",
        "PATCH /records/{api}/{collection}/{id}",
        "Set some fields of a record.",
        columns="id seeded record",
    ),
    Command(
        "records remove API COLLECTION ID",
        "DELETE /records/{api}/{collection}/{id}",
        "Remove a record.",
        columns="removed",
    ),
    Command(
        "records clear API COLLECTION",
        "DELETE /records/{api}/{collection}",
        "Remove all records of a collection.",
        columns="removed",
    ),
    Command(
        "rules",
        "GET /rules",
        "Show how often each rule has answered.",
        {},
        ("operation",),
        rows="rules",
        columns="file line name kind answered replies faults nearest",
        none="no rules of scenarios",
    ),
    Command("snapshot save FILE", "GET /worlds/{name}/snapshot", "Save a world's whole state; - prints it."),
    Command("snapshot load FILE", "PUT /worlds/{name}/snapshot", "Restore a snapshot.", columns=WORLD),
    Command(
        "status",
        "GET /health",
        "Show what is served, where the state is, and how many workers serve.",
        columns="status version scenarios store workers reason",
    ),
    Command(
        "status workers",
        "GET /",
        "List the workers that share a store.",
        rows="workers",
        columns="pid host started seen",
        none="one process, with its state in memory",
    ),
    Command("use", "GET /scenarios", "List the scenarios that are available and in use.", columns="using available"),
    Command("use SCENARIO…", "POST /scenarios/use", "Use these scenarios.", {"scenarios": "SCENARIO"}, columns="using"),
    Command("verdict", "GET /verdict", "Show what the client did wrong; exit with 4 if anything.", {}, ("ignore",)),
    Command(
        "wait", "GET /health", "Wait until the server is ready; exit with 1 if it isn't in time.", {}, ("timeout",)
    ),
    Command(
        "webhooks",
        "GET /webhooks",
        "List the attempts to deliver webhooks.",
        rows="webhooks",
        columns="id url attempt at status error next_at faults",
        none="no webhooks",
    ),
    Command("webhooks redeliver ID", "POST /webhooks/{id}/redeliver", "Send a webhook again.", columns="redelivered"),
    Command("webhooks clear", "DELETE /webhooks", "Clear the attempts.", columns="cleared"),
    Command("worlds", "GET /worlds", "List the worlds of the server.", rows="worlds", columns=WORLD),
    Command("worlds NAME", "GET /worlds/{name}", "Show a world.", columns=WORLD),
    Command(
        "worlds new NAME",
        "PUT /worlds/{name}",
        "Create a world.",
        {},
        ("scenario", "seed", "frozen", "owner"),
        columns=WORLD,
    ),
    Command("worlds reset", "POST /reset", "Reset the world that --world names.", columns=WORLD),
    Command("worlds reset NAME", "POST /worlds/{name}/reset", "Reset a world.", columns=WORLD),
    Command("worlds delete NAME", "DELETE /worlds/{name}", "Delete a world.", columns="deleted"),
)
# What each command is for, in its help and in the list of commands.
ABOUT: Mapping[str, str] = {
    "answers": "Show, add or remove answers of a running emulator.",
    "arm": "Arm a fault in a running emulator.",
    "clock": "Show or move the clock of a running emulator.",
    "disarm": "Disarm faults of a running emulator.",
    "expect": "Show, add or remove expectations of a running emulator.",
    "faults": "List the faults of a running emulator.",
    "jobs": "Show, start or end jobs of a running emulator.",
    "limits": "Show the limits and usage of keys, or change their tier or budget.",
    "records": "Read or write records of a running emulator.",
    "rules": "Show how often each rule of a running emulator has answered.",
    "snapshot": "Save or restore the whole state of a world.",
    "status": "Show the state of a running emulator, and its workers.",
    "use": "Show or change the scenarios in use in a running emulator.",
    "verdict": "Report what a client of a running emulator did wrong.",
    "wait": "Wait until an emulator is ready.",
    "webhooks": "Show the webhooks of a running emulator, or send one again.",
    "worlds": "Show, create, reset or delete worlds of a running emulator.",
}
# Why a route has no command.
OTHERWISE: Mapping[str, str] = {
    "GET /openapi.json": "a document for tools",
    "GET /openapi/{file}": "documents for tools",
    "GET /metrics": "Prometheus scrapes it; `curl` shows it",
    "GET /apis": "`emulator env` prints the variables that lead a program there",
    "GET /operations": "`emulator routes` lists them",
    "PUT /scenarios/{name}": "a scenario on this machine is a file: `emulator use PATH`",
    "DELETE /scenarios/{name}": "a scenario on this machine is a file",
    "GET /exchanges": "`emulator tail` prints them",
    "POST /exchanges/query": "`emulator tail` takes a filter",
    "POST /exchanges/wait": "a test waits in its own language",
    "GET /exchanges/{number}/explanation": "`emulator explain --exchange N` prints it",
    "POST /explain": "`emulator explain` asks it",
    "DELETE /exchanges": "`emulator worlds reset` forgets them",
    "GET /exchanges/stream": "`emulator tail` follows it",
    "GET /coverage": "`emulator run --coverage` reports it",
    "POST /coverage": "`emulator run --coverage` asks for it",
    "POST /webhooks/wait": "a test waits in its own language",
    "GET /departures": "`emulator run` reports them",
    "POST /mcp": "`emulator mcp` serves the same tools",
    "GET /summary": "`emulator run` reports it",
}
