"""Reports on a world: a summary of its exchanges, the verdict on its client, how its expectations stand, and calls that
were blocked."""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, convert, to_builtins

from emulator.compile.expectations import list_own_rules
from emulator.control.about import known_operation
from emulator.control.mcp.tool import NoTool, Tool
from emulator.control.parsing import ControlFailure
from emulator.control.route import ControlRequest, ControlRoute
from emulator.engine.context import Service
from emulator.errors import DocumentError
from emulator.http.exchange import Exchange
from emulator.https.proxy import BlockedCall
from emulator.language.document.diagnostics import did_you_mean
from emulator.paths import scenarios
from emulator.verdict.coverage import OperationCoverage, RuleUse, Usage, operation_coverage, rule_uses
from emulator.verdict.expectations import Judged
from emulator.verdict.finding import Finding, Thresholds
from emulator.verdict.history import header
from emulator.verdict.judge import judge
from emulator.worlds.explanation import NearestRequest, nearest_to_idle
from emulator.worlds.ledger import MAX_ADDED
from emulator.worlds.spending import spending

HINT = b"x-emulator-hint"
MAX_HINTS = 20


class CalledView(Struct, frozen=True):
    """An operation that was called, how often, and with which statuses; `operation` is empty for unknown paths, and
    a status of 0 stands for no answer."""

    api: str
    operation: str
    calls: int
    statuses: dict[int, int]


class SummaryView(Struct, frozen=True):
    """`spent` maps an API to amounts by unit; `faults` how often each was played; `exchanges` are those looked at,
    `dropped` older ones that the journal had forgotten, `elsewhere` those of other worlds, of ended ones too; `hints`
    are those that calls were answered with, and how many calls."""

    called: list[CalledView]
    spent: dict[str, dict[str, float]]
    faults: dict[str, int]
    exchanges: int
    dropped: int
    elsewhere: int
    hints: dict[str, int]


async def summary(request: ControlRequest) -> SummaryView:
    """A summary of the requests to this world."""
    await request.catch_up()
    journal, services = request.state.journal, request.world.pipeline.services
    exchanges = list(journal)
    statuses: dict[tuple[str, str], Counter[int]] = {}
    faults: Counter[str] = Counter()
    hints: Counter[str] = Counter()
    for each in exchanges:
        if hint := header(each.reply_headers, HINT):
            hints[f"{each.method} {each.path}: {hint}"] += 1
        statuses.setdefault((each.api, each.operation), Counter())[each.status] += 1
        faults.update(each.faults)
    called = [
        CalledView(api, operation, found.total(), dict(sorted(found.items())))
        for (api, operation), found in statuses.items()
    ]
    spent = {name: _spent(service, exchanges) for name, service in services.items()}
    return SummaryView(
        called,
        {api: sums for api, sums in spent.items() if sums},
        faults,
        len(exchanges),
        journal.dropped,
        _elsewhere(request),
        dict(hints.most_common(MAX_HINTS)),
    )


def _elsewhere(request: ControlRequest) -> int:
    worlds = request.server.worlds
    others = (worlds.find(name).state.journal for name in worlds.names() if name != request.world.name)
    return worlds.past + sum(journal.seen for journal in others)


def _spent(service: Service, exchanges: list[Exchange]) -> dict[str, float]:
    """The amounts by unit. What is only looked at costs once, however often it is looked at: GETs of one path count as
    the last of them."""
    costs: dict[str | int, dict[str, float]] = {}
    for each in exchanges:
        if each.api == service.api.name and each.status < 400:
            costs[each.path if each.method == "GET" else each.number] = spending(service, each)
    return {
        unit: round(sum(cost.get(unit, 0.0) for cost in costs.values()), 9)
        for unit in service.api.client.spent
        if any(unit in cost for cost in costs.values())
    }


SUMMARY_ROUTES = (
    ControlRoute(
        "GET",
        "/summary",
        summary,
        tool=Tool(
            "get_summary",
            "Sum up the requests to the world: operations called, with how many of each status, what they would have "
            "cost, faults played, hints that responses carried.",
        ),
    ),
)


class VerdictQuery(Thresholds, frozen=True, forbid_unknown_fields=True):
    """The rules that are not asked, and the bounds of the others."""

    ignore: Annotated[str, Meta(description="rules that are not asked, separated by commas")] = ""


class VerdictView(Struct, frozen=True):
    """`checked` counts the cases that each rule could judge; `exchanges` those that were looked at, `dropped` older
    ones that the journal had forgotten; `text` is all of it for a person."""

    ok: bool
    findings: tuple[Finding, ...]
    checked: dict[str, int]
    exchanges: int
    dropped: int
    text: str


def verdict(request: ControlRequest, query: VerdictQuery) -> VerdictView:
    """What the client did wrong in the exchanges of this world."""
    journal = request.state.journal
    ignored = [name.strip() for name in query.ignore.split(",") if name.strip()]
    judged = judge(list(journal), request.world.playbook, query, journal.dropped, ignored)
    return msgspec.convert(judged.as_json(), VerdictView)


VERDICT_ROUTES = (
    ControlRoute(
        "GET",
        "/verdict",
        verdict,
        tool=Tool(
            "get_verdict",
            "Judge what the client did wrong: retried at once, ignored Retry-After, polled too fast, used an expired "
            "token, lost a stream and so on. Each finding names its exchanges and what to do instead.",
            only=("ignore",),
            rest="Leave rules out with `ignore`.",
        ),
    ),
)


class BlockedCallsView(Struct, frozen=True):
    """The last of them, oldest first; `untrusted` are connections to a host that ended before a request, as those of
    clients do that don't trust the certificate authority."""

    departures: list[BlockedCall]
    untrusted: dict[str, int]


def blocked_calls(request: ControlRequest) -> BlockedCallsView:
    """The blocked calls: those to hosts that are not emulated."""
    return BlockedCallsView(list(request.server.blocked_calls), dict(request.server.untrusted))


BLOCKED_CALL_ROUTES = (
    ControlRoute(
        "GET",
        "/departures",
        blocked_calls,
        world_scoped=False,
        tool=Tool(
            "list_blocked_calls",
            "List the calls through the emulator's proxy to hosts that are not emulated, which were blocked, and "
            "connections of clients that don't trust its certificates.",
            newest=True,
        ),
    ),
)


Text = Annotated[str, Meta(min_length=1, max_length=10_000)]
Texts = Annotated[list[Text], Meta(min_length=1, max_length=1_000)]


class ExpectationRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An expectation, in the words of a scenario's `expect`. A null is as good as left out."""

    on: Annotated[Text | Texts | None, Meta(description="operations: batch.create, batch.*, api/…")] = None
    when: Annotated[
        dict[str, Any] | Text | None, Meta(description="what the exchanges are like: a `when` as in a rule")
    ] = None
    times: Annotated[
        int | Text | dict[str, Any] | None, Meta(description="a number, never, or bounds: {lte: 2}; at least 1")
    ] = None
    in_order: Annotated[list[Any] | None, Meta(description="operations, or {on, when}, one after another")] = None
    spent: Annotated[dict[str, Any] | None, Meta(description="bounds by unit: {USD: {lte: 0.1}}")] = None
    rules: Annotated[Text | Texts | None, Meta(description="names of rules that answer, or all")] = None


class ExpectationView(ExpectationRequest, frozen=True, kw_only=True, omit_defaults=True):
    """An expectation as it was added, and its id."""

    id: str


class ExpectationsView(Struct, frozen=True):
    """How each expectation stands, those of scenarios first: what was `expected`, what was `found`, and what came
    `instead`. `ok`: all are met; `known` is false where older exchanges decide that nobody counted; `text` is all of it
    for a person."""

    ok: bool
    expectations: tuple[Judged, ...]
    text: str


class ExpectationsRemoved(Struct, frozen=True):
    """The ids of the expectations that are not judged any more."""

    removed: list[str]


def expectations(request: ControlRequest) -> ExpectationsView:
    """Which expectations of this world are met so far."""
    judged = request.world.ledger.judge(NearestRequest(request.world))
    return convert(judged.as_json(), ExpectationsView)


def add_expectation(request: ControlRequest, body: ExpectationRequest) -> ExpectationView:
    """Add an expectation to this world; earlier requests count too."""
    ledger = request.world.ledger
    if len(ledger.added) >= MAX_ADDED:
        raise ControlFailure(409, f"this world has {MAX_ADDED:,} expectations already; remove some first")
    try:
        added = ledger.read(to_builtins(body))
    except DocumentError as error:
        raise ControlFailure(400, "\n".join(f"body.{each}" for each in error.diagnostics)) from None
    request.state.store.on_commit(partial(ledger.add, added))
    return ExpectationView(id=added.id, **added.entry)


def remove_expectation(request: ControlRequest) -> ExpectationsRemoved:
    """Remove an expectation that was added to this world."""
    ledger, id = request.world.ledger, request.path["id"]
    if id not in ledger.added:
        raise ControlFailure(404, f"no expectation {id!r} was added; {did_you_mean(id, ledger.added)}")
    request.state.store.on_commit(partial(ledger.remove, id))
    return ExpectationsRemoved([id])


EXPECTATION_ROUTES = (
    ControlRoute(
        "GET",
        "/expectations",
        expectations,
        tool=Tool("check_expectations", "Check which expectations of the world are met so far, and what came instead."),
    ),
    ControlRoute(
        "POST",
        "/expectations",
        add_expectation,
        status=201,
        example={"on": "batch.create", "times": {"lte": 3}},
        refusals=(409,),
        writes=True,
        tool=Tool(
            "add_expectation",
            "Say what the program under test is expected to call, how often, in which order or at what cost; "
            "check_expectations says whether it did. Earlier requests count too.",
            effect="adds",
        ),
        shared=True,
    ),
    ControlRoute(
        "DELETE",
        "/expectations/{id}",
        remove_expectation,
        at={"id": "expectation_1"},
        refusals=(404,),
        writes=True,
        tool=NoTool("reset_world removes them"),
        shared=True,
    ),
)


class RulesQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`operation`: its rules, the API's own included; without it those of scenarios."""

    operation: str | None = None


class RulesView(Struct, frozen=True):
    """The rules in the order in which they are asked, each with how often it has `answered`.

    `not_counted` are older exchanges that the journal had dropped when somebody first asked.
    """

    rules: list[RuleUse]
    not_counted: int


def rules(request: ControlRequest, query: RulesQuery) -> RulesView:
    """The rules in use in this world, in order, and how often each has answered."""
    playbook, ledger = request.world.playbook, request.world.ledger
    known_operation(playbook, query.operation, "query.operation")
    usage = ledger.count_usage()
    listed = list(playbook.listed)
    if query.operation is not None:
        listed = [each for each in listed if any(name == query.operation for _, name in each.operations)]
        having = [api for api in playbook.apis.values() if query.operation in api.operations]
        listed += [rule for api in having for rule in list_own_rules(api.operations[query.operation])]
    shown = Usage()
    shown.used = usage.used
    shown.register(listed)
    shown.near = nearest_to_idle(shown, request.world)
    return RulesView(rule_uses(shown), ledger.not_counted)


class CoverageView(Struct, frozen=True):
    """What was used in `worlds` worlds and in those that have ended, since `counted` says that it is counted.

    `operations` are those that were called, `rules` those of scenarios, but for the ones that come with the emulator.
    """

    counted: bool
    worlds: int
    operations: list[OperationCoverage]
    rules: list[RuleUse]


def coverage(request: ControlRequest) -> CoverageView:
    """Which operations were called in any world, with which outcomes, and which rules of scenarios answered."""
    counted = request.server.worlds.usage()
    if counted is None:
        return CoverageView(False, 0, [], [])
    usage, worlds = counted
    shipped = scenarios().resolve()
    own = [each for each in rule_uses(usage) if not Path(each.file).resolve().is_relative_to(shipped)]
    return CoverageView(True, worlds, operation_coverage(usage), own)


def count_coverage(request: ControlRequest) -> CoverageView:
    """Start counting, in every world, what is used (idempotent)."""
    request.server.worlds.count_usage()
    return coverage(request)


COVERAGE = "a report at the end of a whole run: `emulator run --coverage`"
COVERAGE_ROUTES = (
    ControlRoute(
        "GET",
        "/rules",
        rules,
        tool=Tool(
            "list_rules",
            "List the rules in use in the order in which they are tried, how often each has answered, and for one that "
            "never did, the request that came nearest.",
            words={"operation": "all rules of this operation, the API's own included"},
            rest="Name an `operation`.",
        ),
    ),
    ControlRoute("GET", "/coverage", coverage, world_scoped=False, tool=NoTool(COVERAGE)),
    ControlRoute("POST", "/coverage", count_coverage, world_scoped=False, tool=NoTool(COVERAGE)),
)
