"""The measurements, each a function from a bench to rows. Compared servers take turns, since machines are noisy."""

from __future__ import annotations

import sysconfig
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from benchmarks import process
from benchmarks.endurance import abort_streams, reload_often, send_mixed
from benchmarks.faults import MAX_ARMED, use_up
from benchmarks.inspector import pages, watch_frames
from benchmarks.load import CONNECTIONS, Cost, Load, apply_load
from benchmarks.machine import evict, resident
from benchmarks.pace import Pace, listen
from benchmarks.process import ROOT, Server
from benchmarks.request import Request, Response, expect, message, repeated, stream_of
from benchmarks.rules import scenario
from benchmarks.scale import CORES, Scaled, Store, estimate, middle, scaled, store
from benchmarks.table import Row, at_least, at_most
from benchmarks.walk import MESSAGE, Walk, traced
from benchmarks.worlds import MAX_WORLDS, ask_each, make

HELLO = message("Hello!")
DISTINCT = message("Tell me about subject {count}.")
TENTHS = 10
SCALED = (32, 64, 128)  # connections of the loads on a store
GAP = 0.02  # seconds between the events of a paced stream
MAX_LISTED = 5_000  # exchanges in the list of a page of the inspector
MAX_VISITS = {MESSAGE: 60}
SCENARIOS = Path(__file__).parent / "scenarios"
PACED, LIMITED = SCENARIOS / "paced.yaml", SCENARIOS / "limited.yaml"


@dataclass(frozen=True)
class Bench:
    """How to measure: seconds of one round, rounds, requests of the memory row, cores, a folder for what is written."""

    seconds: float
    rounds: int
    requests: int
    server_core: int | None
    folder: Path
    command: Sequence[str]
    report: Callable[[str], None]

    def emulator(self, scenario: Path | None = None, *options: str) -> AbstractContextManager[Server]:
        """The emulator after its first response, with one scenario (`default` when none is given)."""
        scenarios = "default" if scenario is None else str(scenario)
        return process.emulator(self.server_core, HELLO, scenarios, self.command, *options)

    def bare(self, response: Response, *options: str) -> AbstractContextManager[Server]:
        """The smallest application, sending the bytes of this response."""
        path = self.folder / "body"
        path.write_bytes(response.body)
        given = ("--body", str(path), "--content-type", response.content_type, *options)
        return process.bare(self.server_core, HELLO, *given)


@dataclass(frozen=True)
class Ratio:
    """What a request costs two servers under as many connections, and the median of cost to cost, round by round."""

    connections: int
    value: float
    first: Cost
    second: Cost

    @classmethod
    def of(cls, connections: int, first: Sequence[Load], second: Sequence[Load]) -> Ratio:
        """The ratio over rounds that were measured pair by pair; there is at least one."""
        value = median(one.cost / other.cost for one, other in zip(first, second, strict=True))
        return cls(connections, value, Cost.of(first), Cost.of(second))

    @property
    def problem(self) -> str:
        """Why this is no valid figure; empty when it is one."""
        return min(self.first, self.second, key=lambda cost: cost.used).problem

    def __str__(self) -> str:
        costs, used = (self.first, self.second), (self.first.used, self.second.used)
        numbers = "/".join(f"{cost.microseconds:.1f}" for cost in costs), "/".join(f"{share:.0%}" for share in used)
        return f"{self.connections}: {self.value:.2f} ({numbers[0]} µs, core used {numbers[1]})"


def compare(
    bench: Bench, connections: int, servers: tuple[Server, Server], request: Request, distinct: bool = False
) -> Ratio:
    """How much less a request costs the first server; both are measured in each round, in turning order."""
    for server in servers:
        apply_load(server, request, 1, connections, distinct)
    rounds: list[list[Load]] = [[], []]
    for number in range(bench.rounds):
        for which in (0, 1) if number % 2 == 0 else (1, 0):
            rounds[which].append(apply_load(servers[which], request, bench.seconds, connections, distinct))
        ratio = Ratio.of(connections, rounds[0][-1:], rounds[1][-1:])
        bench.report(f"  round {number + 1}, connections {ratio}")
    return Ratio.of(connections, *rounds)


def worst_of(what: str, ratios: Sequence[Ratio], bar: float | None, *notes: str) -> Row:
    """The worst of these ratios against the bar. One that is not valid makes the whole row invalid."""
    row = at_least(what, min(ratio.value for ratio in ratios), bar, "; ".join([*map(str, ratios), *notes]))
    return replace(row, problem=next((ratio.problem for ratio in ratios if ratio.problem), ""))


def messages(bench: Bench) -> list[Row]:
    """One message through every step, against the smallest application sending as many bytes."""
    with bench.emulator() as server, bench.bare(expect(server.port, HELLO)) as smallest:
        same = [compare(bench, count, (smallest, server), HELLO) for count in CONNECTIONS]
    # What the key and the prompt of the first figure spare the server: counting, and finding out what to say.
    with bench.emulator(LIMITED) as server:
        with bench.bare(expect(server.port, HELLO)) as smallest:
            limited = compare(bench, 32, (smallest, server), HELLO)
        with bench.bare(expect(server.port, DISTINCT)) as smallest:
            distinct = compare(bench, 32, (smallest, server), DISTINCT, distinct=True)
    return [
        worst_of("POST /messages vs. the smallest app", same, 0.50, "aim 0.60"),
        worst_of("the same with a key that has limits", [limited], None),
        worst_of("the same with limits, no two prompts alike", [distinct], None),
    ]


def stream(bench: Bench) -> list[Row]:
    """A stream without delays, against the same bytes as one body."""
    with bench.emulator() as server:
        request = stream_of(server.port)
        response = expect(server.port, request)
        with bench.bare(response) as smallest:
            ratios = [compare(bench, count, (smallest, server), request) for count in CONNECTIONS]
    note = f"{repeated(response.body)[1]} events in {len(response.body):,} bytes; aim 0.50"
    return [worst_of("50-event stream vs. its bytes as one body", ratios, 0.42, note)]


def paced(bench: Bench) -> list[Row]:
    """Streams with an event each 20 ms, many at once, against the smallest application doing the same."""
    with bench.emulator() as server:
        request = stream_of(server.port)
        response = expect(server.port, request)
    name, events = repeated(response.body)
    options = ("--paced", name.decode(), "--gap", str(GAP))
    rows = []
    with bench.emulator(PACED) as server, bench.bare(response, *options) as smallest:
        for streams, bar in ((500, 15), (1000, 50)):
            ours, bares = [], []
            for number in range(bench.rounds):
                bares.append(listen(smallest.port, request, streams, name, events, GAP))
                ours.append(listen(server.port, request, streams, name, events, GAP))
                bench.report(
                    f"  {streams} streams, round {number + 1}: p99 {ours[-1].p99:.1f} ms, bare {bares[-1].p99:.1f} ms"
                )
            rows += paced_rows(streams, bar, ours, bares)
    return rows


def paced_rows(streams: int, bar: float, ours: Sequence[Pace], bares: Sequence[Pace]) -> list[Row]:
    """Lateness and losses of so many streams at once, over all rounds."""
    lost = sum(pace.lost for pace in ours)
    late, bare = median(pace.p99 for pace in ours), median(pace.p99 for pace in bares)
    worst = max(pace.worst for pace in ours)
    first, blind = median(pace.first for pace in ours), median(pace.blind for pace in ours)
    detail = (
        f"bare app {bare:.3g} ms; worst {worst:.3g} ms, first events within {first:.3g} ms, "
        f"client away for {blind:.2g} ms at most"
    )
    return [
        at_most(f"{streams:,} paced streams: p99 lateness", late, bar, "ms", detail),
        Row(f"{streams:,} paced streams: lost events", str(lost), "0", lost == 0, f"{len(ours)} rounds"),
    ]


def rules(bench: Bench) -> list[Row]:
    """A thousand rules that do not match, against one: by equality, by a text that is contained, by an expression."""
    rows = []
    for kind, bar in (("equality", 0.9), ("contains", 0.5), ("matches", 0.2)):
        one, thousand = (scenario(bench.folder, kind, count) for count in (1, 1000))
        with bench.emulator(one) as first, bench.emulator(thousand) as second:
            ratio = compare(bench, 32, (first, second), HELLO)
        rows.append(worst_of(f"1,000 rules vs. 1, by {kind}", [ratio], bar))
    return rows


def faults(bench: Bench) -> list[Row]:
    """A thousand armed faults that were played and are used up, against none."""
    with bench.emulator() as none, bench.emulator() as played:
        use_up(played.port, MAX_ARMED, HELLO)
        ratio = compare(bench, 32, (none, played), HELLO)
    return [worst_of("1,000 played faults vs. none", [ratio], 0.95)]


def log(bench: Bench) -> list[Row]:
    """The request log, against none: at this rate it prints 500 lines a second and counts the others."""
    with bench.emulator(None, "--quiet") as quiet, bench.emulator() as printing:
        messages = compare(bench, 32, (quiet, printing), HELLO)
        streams = compare(bench, 32, (quiet, printing), stream_of(quiet.port))
    return [
        worst_of("messages with the request log vs. without", [messages], 0.9),
        worst_of("50-event streams with the request log vs. without", [streams], 0.9),
    ]


def start(bench: Bench) -> list[Row]:
    """From the start of the process to its first message: again, and with every file still on the disk."""
    with bench.emulator():  # Python keeps the bytecode, as scripts/setup does
        pass
    again = _starts(bench, "start", lambda: None)
    ours = [ROOT / each for each in ("emulator", "scenarios", "fixtures")]
    files = [*ours, *(Path(sysconfig.get_path(each)) for each in ("stdlib", "purelib"))]
    first = _starts(bench, "first start", lambda: evict(files))
    return [_row_of("start to first response", again, 0.5), _row_of("the same, files not in memory", first, 0.8)]


def _starts(bench: Bench, what: str, before: Callable[[], object]) -> list[Server]:
    servers: list[Server] = []
    for number in range(max(5, bench.rounds)):
        before()
        with bench.emulator() as server:
            servers.append(server)
        bench.report(f"  {what} {number + 1}: {server.first_response:.3f} s")
    return servers


def _row_of(what: str, servers: Sequence[Server], bar: float) -> Row:
    """The median of the starts against the bar, in seconds."""
    seconds = [server.first_response for server in servers]
    cpu = median(server.first_cpu for server in servers)
    detail = f"{len(seconds)} starts, from {min(seconds):.3g} to {max(seconds):.3g} s; CPU time {cpu:.2f} s"
    return at_most(what, median(seconds), bar, "s", detail)


def memory(bench: Bench) -> list[Row]:
    """Resident memory after the first response, and after many requests, no two of them the same."""
    done, seen = 0, []
    with bench.emulator() as server:
        idle = resident(server.pid)
        while done < bench.requests:
            done += apply_load(server, DISTINCT, max(bench.seconds, 5), 16, distinct=True).requests
            seen.append((done, resident(server.pid)))
            bench.report(f"  {done:,} requests: {seen[-1][1]:.1f} MB")
    half = next(size for count, size in seen if count >= done / 2)
    growth = seen[-1][1] / half
    flat = Row(
        "memory after requests", f"{growth:.2f}x", "<= 1.05x", growth <= 1.05,
        f"{seen[-1][1]:.1f} MB after {done:,} requests, {half:.1f} MB after half of them",
    )  # fmt: skip
    return [at_most("memory idle", idle, 80, "MB", "after the first response"), flat]


def endurance(bench: Bench) -> list[Row]:
    """A long life: 100 reloads, 10,000 played faults, 200,000 mixed requests and 10,000 aborted streams."""
    with bench.emulator() as server:
        apply_load(server, HELLO, bench.seconds, 32)
        first = [apply_load(server, HELLO, bench.seconds, 32) for _ in range(bench.rounds)]
        sizes = []
        for number in range(TENTHS):
            reload_often(server.port, 100 // TENTHS)
            use_up(server.port, 10_000 // TENTHS, HELLO)
            sent = send_mixed(server.port, bench.requests // TENTHS)
            begun = abort_streams(server.port, 10_000 // TENTHS)
            sizes.append(resident(server.pid))
            bench.report(f"  {number + 1}/{TENTHS}: {sent:,} requests, {begun:,} streams, {sizes[-1]:.1f} MB")
        last = [apply_load(server, HELLO, bench.seconds, 32) for _ in range(bench.rounds)]
    growth = sizes[-1] / sizes[TENTHS // 2 - 1]
    text = ", ".join(f"{size:.0f}" for size in sizes)
    return [
        Row("memory after a long life", f"{growth:.2f}x", "<= 1.05x", growth <= 1.05, f"of half of it; MB: {text}"),
        worst_of("speed after a long life vs. the first day", [Ratio.of(32, first, last)], 0.90),
    ]


def worlds(bench: Bench) -> list[Row]:
    """As many worlds as a server has, made over HTTP, and each asked for one message."""
    names = [f"world-{number}" for number in range(MAX_WORLDS - 1)]
    taken, fresh, used = [], [], []
    for number in range(min(3, bench.rounds)):
        with bench.emulator() as server:
            make(server.port, names[:1])  # what the first one imports is no other's
            idle = resident(server.pid)
            taken.append(1_000 * make(server.port, names[1:]) / len(names))
            fresh.append(1_000 * (resident(server.pid) - idle) / len(names))
            ask_each(server.port, names, HELLO)
            used.append(1_000 * (resident(server.pid) - idle) / len(names))
        bench.report(f"  round {number + 1}: {taken[-1]:.2f} ms, {fresh[-1]:.0f} kB; {used[-1]:.0f} kB after a message")
    detail = f"{len(names)} worlds; {median(used):.0f} kB each after a message"
    return [
        at_most("a world made over HTTP", median(taken), 5, "ms", f"{len(names)} of them, one after the other"),
        at_most("memory of a world", median(fresh), 60, "kB", detail),
    ]


def inspector(bench: Bench) -> list[Row]:
    """What open pages of the inspector cost a message, and the longest frame of one with 5,000 exchanges."""
    rows = []
    for count, bar in ((1, 0.8), (5, 0.45)):
        with bench.emulator() as none, bench.emulator() as watched, pages(watched.port, count):
            ratio = compare(bench, 32, (none, watched), HELLO)
        rows.append(worst_of(f"messages with {count} open {'page' if count == 1 else 'pages'} vs. none", [ratio], bar))
    with bench.emulator() as server:
        try:
            # What other processes do makes frames longer, never shorter.
            seen = [watch_frames(server.port, f"world-{n}", HELLO, MAX_LISTED) for n in range(min(3, bench.rounds))]
            frames = min(seen, key=lambda each: each.longest)
        except RuntimeError as error:
            return [*rows, Row("longest frame of the inspector", "-", "<= 100 ms", None, problem=str(error))]
    detail = (
        f"{frames.rows:,} rows: arriving {frames.arriving:.0f} ms, scrolled {frames.scrolled:.0f} ms, growing "
        f"{frames.growing:.0f} ms; {frames.nodes:,} elements, {frames.heap:.0f} MB of JavaScript"
    )
    work = min(each.work for each in seen)
    return [
        *rows,
        at_most("longest frame of the inspector", frames.longest, 100, "ms", detail),
        at_most("longest task of its page", work, 60, "ms", "CPU time"),
    ]


def scale(bench: Bench) -> list[Row]:
    """Messages with the state in Redis: with one worker against memory, and with two workers on all cores."""
    free = replace(bench, server_core=None)
    rounds: dict[int, list[Scaled]] = {}
    # Redis has the server's core: beside the client, it would leave the server idle while a commit is under way, with
    # few connections most of all. So the worker's CPU time has in it what it costs to take turns with Redis.
    with (
        store(bench.server_core) as kept,
        bench.emulator(None, "--quiet") as plain,
        bench.emulator(None, "--store", kept.url, "--quiet") as single,
    ):
        ratios = [_against_memory(bench, count, plain, (kept, single), rounds) for count in SCALED]
    worst = min(ratios, key=lambda ratio: ratio.value)
    with store(None) as shared, free.emulator(None, "--store", shared.url, "--quiet", "--workers", "2") as both:
        apply_load(both, HELLO, 1, worst.connections)
        two = [scaled(shared, both, HELLO, bench.seconds, worst.connections) for _ in range(bench.rounds)]
    one, load = rounds[worst.connections], f"{worst.connections} connections"
    redis_cost, scripts = middle(one, "store_cost"), middle(one, "scripts")
    return [
        worst_of("messages in Redis vs. in memory", ratios, 0.35, "aim 0.50"),
        at_most("scripts that Redis runs a message", scripts, 2, "", f"{load}; a response that takes time has two"),
        Row("CPU of Redis a message", f"{redis_cost:.1f} µs", "-", None, load),
        Row(
            "CPU of both of two workers a message",
            f"{middle(two, 'workers_cost'):.1f} µs",
            "-",
            None,
            f"{load}; all cores, with the client",
        ),
        Row(
            f"messages a second on {CORES} cores",
            f"{estimate(worst.second.microseconds, redis_cost):,.0f}",
            "-",
            None,
            f"an estimate: {CORES - 1} workers and one Redis, each on a core of its own",
        ),
    ]


def _against_memory(
    bench: Bench, connections: int, plain: Server, other: tuple[Store, Server], rounds: dict[int, list[Scaled]]
) -> Ratio:
    """What a message costs in memory and in Redis, in pairs of rounds; those on Redis are added to `rounds`."""
    one_core = bench.server_core is not None
    for server in (plain, other[1]):
        apply_load(server, HELLO, 1, connections)
    memory, rounds[connections] = list[Load](), []
    for number in range(bench.rounds):
        memory.append(apply_load(plain, HELLO, bench.seconds, connections))
        rounds[connections].append(scaled(*other, HELLO, bench.seconds, connections, one_core))
        ratio = Ratio.of(connections, memory[-1:], [rounds[connections][-1].load])
        bench.report(f"  round {number + 1}, connections {ratio}")
    return Ratio.of(connections, memory, [each.load for each in rounds[connections]])


def walk(bench: Bench) -> list[Row]:
    """The visits to files of the package during one request; `python -m benchmarks.walk --files` lists them."""
    bench.report("  traced in a process of its own, with the emulator that this Python imports")
    return [_walk_row(each, MAX_VISITS.get(each.flow)) for each in traced()]


def _walk_row(made: Walk, most: int | None) -> Row:
    count = len(made.visits)
    bar, good = ("-", None) if most is None else (f"<= {most}", count <= most)
    return Row(f"file visits of {made.flow}", str(count), bar, good, f"{made.files} files, {made.returns} returns")


MEASUREMENTS: dict[str, Callable[[Bench], list[Row]]] = {
    "messages": messages,
    "stream": stream,
    "paced": paced,
    "rules": rules,
    "faults": faults,
    "log": log,
    "start": start,
    "memory": memory,
    "endurance": endurance,
    "worlds": worlds,
    "inspector": inspector,
    "scale": scale,
    "walk": walk,
}
