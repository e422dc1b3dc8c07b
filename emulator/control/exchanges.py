"""Exchanges: what was asked and answered in this world; found, waited for, forgotten."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from emulator.compile.questions import PlaybookOf, Question, compile_query
from emulator.control.about import known_api, known_operation
from emulator.control.clock import seconds
from emulator.control.mcp.tool import NoTool, Tool
from emulator.control.parsing import ControlFailure, unknown
from emulator.control.route import ControlRequest, ControlRoute
from emulator.engine.functions import LANGUAGE
from emulator.errors import DocumentError
from emulator.http.exchange import Exchange
from emulator.log.feed import Feed, Position
from emulator.log.stream import EventStream, LineStream
from emulator.playbook.apis import Playbook
from emulator.settings.parsers import MIB
from emulator.store.views import ExchangeView, exchange_view
from emulator.worlds.explained import Explanation
from emulator.worlds.explanation import explain
from emulator.worlds.filters import HINT, compile_filter
from emulator.worlds.journal_query import FoundExchanges, find, wait
from emulator.worlds.rehearsal import SampleRequest, rehearse

MAX_WAIT = 600.0  # real seconds
When = Annotated[dict[str, Any], Meta(description="what they must be like: a `when` as in a rule (docs/control.md)")]
Last = Annotated[int, Meta(ge=1, description="at most so many, the newest")]
Limit = Annotated[int, Meta(ge=1, description="at most so many, the oldest")]
Filter = Annotated[str, Meta(description="what they must be like: a `when` as YAML or JSON, or one {{ expression }}")]
After = Annotated[int, Meta(ge=0, description="only those after the `next` of an earlier answer")]

AfterEvent = Annotated[str, Meta(description="the id of an event: only what came later; `Last-Event-ID` says the same")]
LastFirst = Annotated[int, Meta(ge=0, description="at most so many older exchanges first; 0: only new ones")]
Count = Annotated[int, Meta(ge=1, description="end after so many events")]


class ExchangesView(Struct, frozen=True):
    """The exchanges found, the oldest first; `total` is how many there are, `dropped` how many older exchanges the
    journal has dropped, whatever they were, `next` what `after` takes to go on behind the last one shown."""

    exchanges: list[ExchangeView]
    total: int
    dropped: int
    next: int


class ExchangesQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Only such exchanges; `last`: at most so many, the newest; `limit`: at most so many, the oldest."""

    operation: str | None = None
    status: int | None = None
    api: str | None = None
    last: Last | None = None
    limit: Limit | None = None
    after: After = 0
    filter: Filter = ""


class ExchangesQuestion(Struct, frozen=True, forbid_unknown_fields=True):
    """Which exchanges."""

    when: When = {}
    last: Last | None = None
    limit: Limit | None = None
    after: After = 0


class ExchangesWait(Struct, frozen=True, forbid_unknown_fields=True):
    """How many such exchanges to wait for, and how long, in real time."""

    count: Annotated[int, Meta(ge=1, le=100_000)] = 1
    when: When = {}
    timeout: Annotated[str | float, Meta(description="a duration such as 5s, or seconds")] = "5s"


class StreamQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which exchanges, and from where on."""

    filter: Filter = ""
    after: AfterEvent | None = None
    last: LastFirst | None = None
    count: Count | None = None


class ExplainRequest(SampleRequest, frozen=True, forbid_unknown_fields=True):
    """A request to be explained: `path` may have a query, or be a whole URL; `body` is text, or JSON to be written as
    text; `body_base64` is one of other bytes. Or `exchange`, the number of one that was answered."""

    exchange: Annotated[int, Meta(ge=1)] | None = None


class Cleared(Struct, frozen=True):
    """How many are forgotten."""

    cleared: int


def exchanges(request: ControlRequest, query: ExchangesQuery) -> ExchangesView:
    """The latest exchanges of this world."""
    return _view(_found(request, query), request.world.playbook)


def exchange_lines(request: ControlRequest, query: ExchangesQuery) -> LineStream:
    """The same as lines of JSON, one for each exchange; headers have what else the answer would say."""
    found, playbook = _found(request, query), request.world.playbook
    about = {"total": found.total, "dropped": found.dropped, "next": found.next}
    headers = [(f"x-emulator-{name}".encode(), str(number).encode()) for name, number in about.items()]
    return LineStream((exchange_view(exchange, playbook) for exchange in found.exchanges), headers)


def _found(request: ControlRequest, query: ExchangesQuery) -> FoundExchanges:
    playbook = request.world.pipeline.playbook
    known_api(playbook, query.api, "query.api")
    known_operation(playbook, query.operation, "query.operation")
    filters = {"operation": query.operation, "status": query.status, "api": query.api}
    when = _question(request, {name: value for name, value in filters.items() if value is not None})
    if (also := question_of(request, query.filter)) is not None:
        when = when.narrowed(also)
    return find(request.state.journal, when, query.last, query.limit, query.after)


def stream(request: ControlRequest, query: StreamQuery) -> EventStream:
    """The exchanges of this world as they happen, as server-sent events.

    Each event `exchanges` holds what is new: rows of exchanges that came or ended.
    """
    start = _start("Last-Event-ID", request.last_event_id) or _start("query.after", query.after)
    feed = Feed(request.world, question_of(request, query.filter), start, query.last)
    return EventStream(request.server.worlds, request.world, feed, query.count)


def query(request: ControlRequest, body: ExchangesQuestion) -> ExchangesView:
    """The exchanges that match a `when`, written as in rules."""
    found = find(request.state.journal, _question(request, body.when), body.last, body.limit, body.after)
    return _view(found, request.world.playbook)


async def wait_for(request: ControlRequest, body: ExchangesWait) -> ExchangesView:
    """Wait until `count` exchanges match; 408 if that takes longer than `timeout`."""
    limit = time_limit(body.timeout)
    try:
        journal = request.state.journal
        found = await wait(journal, _question(request, body.when), body.count, limit)
        return _view(FoundExchanges(found, len(found), journal.dropped, journal.seen), request.world.playbook)
    except TimeoutError as error:
        raise ControlFailure(408, str(error)) from None


def explanation(request: ControlRequest) -> Explanation:
    """Why an exchange got its response: rule, limits, times of events, provenance."""
    return explain(_numbered(request, request.path["number"]), request.world)


def _numbered(request: ControlRequest, number: str) -> Exchange:
    """Returns an exchange of the world's journal. Raises ControlFailure 404."""
    found = next((each for each in request.state.journal if str(each.number) == number), None)
    if found is None:
        raise unknown("exchange", number, "the journal keeps the newest only; GET /_emulator/exchanges lists them")
    return found


async def explain_request(request: ControlRequest, body: ExplainRequest) -> Explanation:
    """Which response a request would get, and why, without sending it; or why a past exchange got its response."""
    if body.exchange is not None:
        if body != ExplainRequest(exchange=body.exchange):
            raise ControlFailure(400, "body: expected `exchange` or a request; found both")
        return explain(_numbered(request, str(body.exchange)), request.world)
    if not body.path:
        raise ControlFailure(
            400, "body: expected `exchange`, or a request with a `path`", "GET /_emulator/openapi.json"
        )
    explanation = await rehearse(body, request.server.worlds, request.origin, request.server.settings.public_url)
    if explanation.world.name != request.world.name:
        explanation.notes.append(
            f"you asked in the world {request.world.name}: the request needs a key that leads there, or the header "
            f"X-Emulator-World: {request.world.name}"
        )
    return explanation


def clear(request: ControlRequest) -> Cleared:
    """Clear the journal of this world."""
    count = len(request.state.journal)
    request.state.journal.clear()
    return Cleared(count)


def time_limit(timeout: str | float) -> float:
    """How long to wait, in real seconds. Raises ControlError 400."""
    limit = seconds(timeout, "body.timeout")
    if limit > MAX_WAIT:
        raise ControlFailure(400, f"body.timeout: expected at most {MAX_WAIT:g} s; found {timeout!r}")
    return limit


def _question(request: ControlRequest, when: dict[str, Any]) -> Question:
    try:
        question = compile_query(when, LANGUAGE, playbook_of=_playing(request))
    except DocumentError as error:
        raise ControlFailure(400, "\n".join(f"body.{each}" for each in error.diagnostics)) from None
    for field, known in (("api", known_api), ("operation", known_operation)):
        value = when.get(field)
        for name in value if isinstance(value, list) else [value]:
            # What is asked of no operation has an empty one, and what a template gives is seen when it is asked.
            if isinstance(name, str) and name and "{{" not in name and "{%" not in name:
                known(request.world.playbook, name, f"body.when.{field}")
    return question


def question_of(request: ControlRequest, text: str) -> Question | None:
    """Returns the question that a `filter` stands for, None for an empty one.

    Raises ControlFailure 400 with the place of everything that is wrong.
    """
    try:
        return compile_filter(text, LANGUAGE, request.world.playbook, _playing(request))
    except DocumentError as error:
        raise ControlFailure(400, f"query.{error}", HINT, complaints=error.diagnostics) from None


def _playing(request: ControlRequest) -> PlaybookOf:
    """Returns what returns the playbook of the request's world, which may play another one later."""
    world = request.world
    return lambda: world.playbook


def _start(where: str, after: str | None) -> Position | None:
    if not after:
        return None
    try:
        return Position.parse(after)
    except ValueError as error:
        raise ControlFailure(400, f"{where}: expected {error}; found {after[:100]!r}") from None


def _view(found: FoundExchanges, playbook: Playbook) -> ExchangesView:
    shown = [exchange_view(exchange, playbook) for exchange in found.exchanges]
    return ExchangesView(shown, found.total, found.dropped, found.next)


EXAMPLE = {"operation": "messages.create", "body.stream": {"present": False}, "status": {"lt": 500}}
SAMPLE = {"method": "POST", "path": "/v2/messages", "headers": {"X-API-Key": "axp_test_pro"}, "body": {"messages": []}}
ENDLESS = "it never ends; wait_for_exchanges waits for some"
ROUTES = (
    ControlRoute(
        "GET",
        "/exchanges",
        exchanges,
        lines=exchange_lines,
        tool=Tool(
            "list_exchanges",
            "List what programs sent and what they got: request, response, the rule that answered, faults played, "
            "outcome, and near misses where no rule matched. The latest by default, oldest first.",
            first={"last": 10},
            words={
                "operation": "only those of this operation, such as messages.create",
                "status": "only those with this status",
                "api": "only those of this API",
            },
            rest="Ask for fewer with `last` or `filter`; or for the oldest first with `limit`, going on with `after`.",
            newest=True,
        ),
    ),
    ControlRoute(
        "POST",
        "/exchanges/query",
        query,
        example={"when": EXAMPLE, "last": 10},
        body_optional=True,
        tool=NoTool("list_exchanges takes a filter"),
    ),
    ControlRoute(
        "POST",
        "/exchanges/wait",
        wait_for,
        example={"count": 1, "when": EXAMPLE, "timeout": "5s"},
        refusals=(408, 409),
        body_optional=True,
        waits=True,
        tool=Tool(
            "wait_for_exchanges",
            "Wait, in real time, until so many requests that match `when` have come, earlier ones included. Many hosts "
            "give a call no more than a minute.",
            words={"count": "how many"},
            rest="list_exchanges shows them one by one.",
            newest=True,
        ),
    ),
    ControlRoute(
        "GET",
        "/exchanges/{number}/explanation",
        explanation,
        at={"number": "1"},
        refusals=(404,),
        tool=NoTool("explain takes the number of an exchange"),
    ),
    ControlRoute(
        "POST",
        "/explain",
        explain_request,
        example=SAMPLE,
        max_body=8 * MIB,
        refusals=(404,),
        tool=Tool(
            "explain",
            "Explain why a request got its response: which rule answered, which rules did not match and why, the "
            "limits, the faults, and what the API's documentation promises. Give the number of an `exchange`, or a "
            "request (method, path, headers, body) to see what it would get, without sending it.",
            words={
                "exchange": "the number of an exchange of the journal",
                "method": "its method",
                "path": "its path, perhaps with a query, or its whole URL",
                "headers": "its headers by name, the key's included",
                "body": "its body: text, or JSON",
                "body_base64": "its body, if it is no text",
            },
        ),
    ),
    ControlRoute("DELETE", "/exchanges", clear, writes=True, tool=NoTool("reset_world does it")),
    ControlRoute(
        "GET", "/exchanges/stream", stream, at={"?count": "1"}, refusals=(409,), streams=True, tool=NoTool(ENDLESS)
    ),
)
