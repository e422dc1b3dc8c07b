"""Words: the commands that steer a running emulator, each with the control route that it asks.

They are data, known before the server is loaded; a test compares them with the table of control routes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import click


class Entry(NamedTuple):
    """What may be typed: words, and ARGUMENTS in capitals; one with … takes several, one in brackets may be missing.

    `send` are keys of the body or the query, with the argument that gives the value, or a constant; an argument that
    is called like a part of the path goes there. `options` are those that it takes, `needs` one that makes it this
    entry. `rows` names what in the answer is a table, `columns` what is shown of it; `none` is said of an empty one.
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


class Choice(NamedTuple):
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
OPTIONS: Mapping[str, Choice] = {
    "on": Choice("on", "PATTERN", "Only for these operations, e.g. 'messages.*'; may be repeated.", multiple=True),
    "key": Choice("key", "KEY", "Only for requests with this key."),
    "times": Choice("times", "N", "So many times, then no more.", click.IntRange(1)),
    "nth": Choice("nth", "N", "Only the nth time.", click.IntRange(1)),
    "every": Choice("every", "N", "Each so many times.", click.IntRange(1)),
    "probability": Choice("probability", "SHARE", "A share from 0 to 1, drawn from the seed.", click.FloatRange(0, 1)),
    "after": Choice("after", "TIME", "From then on, e.g. 61s, on the world's clock."),
    "for": Choice("for", "TIME", "For so long, on the world's clock."),
    "api": Choice("api", "NAME", "The API that is meant, where several could be."),
    "tier": Choice("tier", "NAME", "Give the key this tier."),
    "budget": Choice("budget", "JSON", "Give the key this budget, e.g. '{\"credits\": 0.05}'.", "json"),
    "like": Choice("like", "KEY", "The key that it takes after."),
    "workspace": Choice("workspace", "NAME", "Its workspace; that of the other key by default."),
    "kind": Choice("kind", "NAME", "Only jobs of this kind."),
    "state": Choice("state", "NAME", "The state: of those listed, or that a new job has now."),
    "items": Choice("items", "JSON", "What the job works on: a list, or a count.", "json"),
    "data": Choice("data", "JSON", "What the job remembers of its request.", "json"),
    "result": Choice("result", "JSON", "What the job says in the end.", "json"),
    "id": Choice("id", "ID", "The id of the job."),
    "age": Choice("age", "TIME", "How long ago the job began."),
    "finished": Choice("finished", "N", "How many of its items are done, instead of an age.", click.IntRange(0)),
    "scenario": Choice("scenarios", "NAME|PATH", "A scenario that it plays; may be repeated.", "path", multiple=True),
    "seed": Choice("seed", "N", "Its seed.", int),
    "frozen": Choice("frozen", "TIME", "Where its clock stands still: a time, or true.", "frozen"),
    "owner": Choice("owner", "TEXT", "Who makes it."),
    "ignore": Choice("ignore", "RULES", "Rules that are not asked, separated by commas."),
    "operation": Choice("operation", "NAME", "All rules of this operation, the API's own included."),
    "count": Choice("count", "N", "At most so many.", click.IntRange(1)),
    "where": Choice("where", "WHEN", "Only those, e.g. 'name: Mine'."),
    "last": Choice("last", "N", "At most so many, the last.", click.IntRange(0)),
    "prompt": Choice("prompt", "TEXT", "Only for this whole prompt; may be repeated.", multiple=True),
    "contains": Choice("contains", "TEXT", "Only for prompts with this text; may be repeated.", multiple=True),
    "matches": Choice("matches", "REGEX", "Only for prompts in which this is found."),
    "timeout": Choice("timeout", "TIME", "How long to wait, in real time. [default: 30s]"),
}
CLOCK = "iso frozen speed auto pending next"
JOB = "id api kind workspace state done started_at ends_at counts polls faults seeded"
WORLD = "name scenarios seed keys exchanges faults owner"
RECORD = {"rows": "records", "columns": "id seeded record", "none": "no records"}
FAULT = "id fault params on key times nth every probability after for played used_up note"

ENTRIES: tuple[Entry, ...] = (
    Entry(
        "arm FAULT [PARAM=VALUE…]",
        "POST /faults",
        "E.g. emulator arm cut_after events=3 --on 'messages.*' --times 2",
        options=WHEN,
        columns=FAULT,
    ),
    Entry("expect", "GET /expectations", "How each expectation stands; exit with 5 if one is not met."),
    Entry(
        "expect add JSON", "POST /expectations", "Expect something.", columns="id on when times in_order spent rules"
    ),
    Entry("expect remove ID", "DELETE /expectations/{id}", "Remove one that was added.", columns="removed"),
    Entry("faults", "GET /faults", "The faults that are armed.", rows="armed", columns=FAULT, none="no fault is armed"),
    Entry("faults known", "GET /faults", "Those that can be.", rows="known", columns="name on params about"),
    Entry("disarm", "DELETE /faults", "Take back all armed faults.", columns="disarmed"),
    Entry("disarm ID", "DELETE /faults/{id}", "Take back one.", columns="disarmed"),
    Entry(
        "answers", "GET /answers", "What is said.", rows="answers", columns="id prompt contains matches on answer json"
    ),
    Entry(
        "answers add TEXT",
        "POST /answers",
        "Say this.",
        {"answer": "TEXT"},
        ("prompt", "contains", "matches", "on"),
        columns="id prompt contains matches on answer",
    ),
    Entry("answers remove ID", "DELETE /answers/{id}", "Remove one.", columns="removed"),
    Entry("answers clear", "DELETE /answers", "Remove all.", columns="removed"),
    Entry("clock", "GET /clock", "The world's time.", columns=CLOCK),
    Entry("clock due", "GET /clock/due", "What is due next.", {}, ("count",), rows="due", columns="at kind what"),
    Entry("clock freeze", "POST /clock", "Let it stand still.", {"freeze": True}, columns=CLOCK),
    Entry("clock run", "POST /clock", "Let it go on.", {"freeze": False}, columns=CLOCK),
    Entry("clock advance TIME", "POST /clock", "Move it, e.g. by 61s.", {"advance": "TIME"}, columns=CLOCK),
    Entry("clock set TIME", "POST /clock", "Set it, e.g. to 2026-01-01T00:00:00Z.", {"set": "TIME"}, columns=CLOCK),
    Entry("clock speed FACTOR", "POST /clock", "Let it run so fast.", {"speed": "FACTOR"}, columns=CLOCK),
    Entry("clock auto", "POST /clock", "Jump when all wait.", {"auto": True}, columns=CLOCK),
    Entry("clock auto off", "POST /clock", "Jump no more.", {"auto": False}, columns=CLOCK),
    Entry("jobs", "GET /jobs", "What takes time.", {}, ("api", "kind", "state"), "", "jobs", JOB, "no jobs"),
    Entry("jobs ID", "GET /jobs/{id}", "One job.", columns=JOB),
    Entry(
        "jobs start KIND KEY",
        "POST /jobs",
        "Begin one without a request.",
        {"kind": "KIND", "as": "KEY"},
        ("api", "id", "items", "data", "result", "age", "finished", "state"),
        columns=JOB,
    ),
    Entry("jobs set ID STATE", "POST /jobs/{id}", "Let it be in this state.", {"state": "STATE"}, columns=JOB),
    Entry("jobs complete ID", "POST /jobs/{id}/complete", "Let it end well.", columns=JOB),
    Entry("jobs fail ID", "POST /jobs/{id}/fail", "Let it fail.", columns=JOB),
    Entry("jobs cancel ID", "POST /jobs/{id}/cancel", "Cancel it.", columns=JOB),
    Entry("limits", "GET /keys", "All keys.", rows="keys", columns="key api tier status workspace limits"),
    Entry(
        "limits KEY",
        "GET /limits",
        "How a key stands.",
        {"key": "KEY"},
        ("api",),
        rows="limits",
        columns="name used remaining limit reset",
        none="no limits",
    ),
    Entry(
        "limits KEY",
        "PUT /limits",
        "Give it another tier.",
        {"key": "KEY"},
        ("tier", "budget", "api"),
        "tier",
        "limits",
        "name used remaining limit reset",
        "no limits",
    ),
    Entry(
        "limits KEY",
        "PUT /limits",
        "Give it another budget.",
        {"key": "KEY"},
        ("tier", "budget", "api"),
        "budget",
        "limits",
        "name used remaining limit reset",
        "no limits",
    ),
    Entry(
        "limits new KEY",
        "POST /keys",
        "Make a key that is --like another.",
        {"key": "KEY"},
        ("like", "api", "workspace"),
        columns="key api tier workspace",
    ),
    Entry("records", "GET /records", "The collections.", rows="collections", columns="api name count"),
    Entry(
        "records API COLLECTION", "GET /records/{api}/{collection}", "Their records.", {}, ("where", "last"), **RECORD
    ),
    Entry(
        "records API COLLECTION ID", "GET /records/{api}/{collection}/{id}", "One record.", columns="id seeded record"
    ),
    Entry(
        "records put API COLLECTION ID JSON",
        "PUT /records/{api}/{collection}/{id}",
        "Write one.",
        columns="id seeded record",
    ),
    Entry(
        "records change API COLLECTION ID JSON",
        "PATCH /records/{api}/{collection}/{id}",
        "Set some fields.",
        columns="id seeded record",
    ),
    Entry(
        "records remove API COLLECTION ID",
        "DELETE /records/{api}/{collection}/{id}",
        "Remove one.",
        columns="removed",
    ),
    Entry("records clear API COLLECTION", "DELETE /records/{api}/{collection}", "Remove all.", columns="removed"),
    Entry(
        "rules",
        "GET /rules",
        "How often each rule has answered.",
        {},
        ("operation",),
        rows="rules",
        columns="file line name kind answered replies faults nearest",
        none="no rules of scenarios",
    ),
    Entry("snapshot save FILE", "GET /worlds/{name}/snapshot", "Save all that a world remembers; - prints it."),
    Entry("snapshot load FILE", "PUT /worlds/{name}/snapshot", "Put it back.", columns=WORLD),
    Entry("use", "GET /scenarios", "What can be played, and what is.", columns="using available"),
    Entry("use SCENARIO…", "POST /scenarios/use", "Play these.", {"scenarios": "SCENARIO"}, columns="using"),
    Entry("verdict", "GET /verdict", "What the client did wrong; exit with 4 if anything.", {}, ("ignore",)),
    Entry("wait", "GET /health", "Wait until it is ready; exit with 1 if not.", {}, ("timeout",)),
    Entry(
        "webhooks",
        "GET /webhooks",
        "The attempts.",
        rows="webhooks",
        columns="id url attempt at status error next_at faults",
        none="no webhooks",
    ),
    Entry("webhooks redeliver ID", "POST /webhooks/{id}/redeliver", "Send one again.", columns="redelivered"),
    Entry("webhooks clear", "DELETE /webhooks", "Forget them.", columns="cleared"),
    Entry("worlds", "GET /worlds", "The worlds of the server.", rows="worlds", columns=WORLD),
    Entry("worlds NAME", "GET /worlds/{name}", "One world.", columns=WORLD),
    Entry(
        "worlds new NAME",
        "PUT /worlds/{name}",
        "Make one.",
        {},
        ("scenario", "seed", "frozen", "owner"),
        columns=WORLD,
    ),
    Entry("worlds reset", "POST /reset", "Let --world begin again.", columns=WORLD),
    Entry("worlds reset NAME", "POST /worlds/{name}/reset", "Let one begin again.", columns=WORLD),
    Entry("worlds delete NAME", "DELETE /worlds/{name}", "End one.", columns="deleted"),
)
# What each command is for, in its help and in the list of commands.
ABOUT: Mapping[str, str] = {
    "answers": "Show, add or remove what a running emulator says.",
    "arm": "Let something go wrong in a running emulator.",
    "clock": "Show or move the clock of a running emulator.",
    "disarm": "Take back faults of a running emulator.",
    "expect": "Show or add what is expected of a client of a running emulator.",
    "faults": "List the faults of a running emulator.",
    "jobs": "Show, begin or end jobs of a running emulator.",
    "limits": "Show how keys stand, or change their tier or budget.",
    "records": "Read or write what a running emulator remembers.",
    "rules": "Show how often each rule of a running emulator has answered.",
    "snapshot": "Save or load all that a world remembers.",
    "use": "Show or change the scenarios that a running emulator plays.",
    "verdict": "Report what a client of a running emulator did wrong.",
    "wait": "Wait until an emulator is ready.",
    "webhooks": "Show the webhooks of a running emulator, or send one again.",
    "worlds": "Show, make, reset or delete worlds of a running emulator.",
}
# Why a route has no command.
OTHERWISE: Mapping[str, str] = {
    "GET /": "`emulator --help` lists the commands",
    "GET /openapi.json": "a document for tools",
    "GET /openapi/{file}": "documents for tools",
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
    "GET /summary": "`emulator run` reports it",
}
