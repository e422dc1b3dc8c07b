"""The measurements, each one function from a bench to rows; always two servers in turn, since machines are noisy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks import process
from benchmarks.load import press
from benchmarks.machine import resident
from benchmarks.pace import Pace, listen
from benchmarks.process import Server
from benchmarks.request import Answer, Request, expect, message, repeated, stream_of
from benchmarks.rules import scenario
from benchmarks.table import Row, at_least, at_most
from benchmarks.worlds import MOST, ask_each, make

HELLO = message("Hello!")
GAP = 0.02
PACED = Path(__file__).parent / "scenarios" / "paced.yaml"


@dataclass(frozen=True)
class Bench:
    """How to measure: seconds of one round, rounds, requests of the memory row, cores, a folder for what is written."""

    seconds: float
    rounds: int
    requests: int
    server_core: int | None
    folder: Path
    command: Sequence[str]
    say: Callable[[str], None]

    def emulator(self, scenario: str = "default") -> AbstractContextManager[Server]:
        """The emulator with one scenario, after its first answer."""
        return process.emulator(self.server_core, HELLO, scenario, self.command)

    def bare(self, answer: Answer, *options: str) -> AbstractContextManager[Server]:
        """The smallest application, sending the bytes of this answer."""
        path = self.folder / "body"
        path.write_bytes(answer.body)
        given = ("--body", str(path), "--content-type", answer.content_type, *options)
        return process.bare(self.server_core, HELLO, *given)


@dataclass(frozen=True)
class Ratio:
    """Rates of two servers, in requests a second, and the median of their ratio round by round."""

    value: float
    first: float
    second: float

    def __str__(self) -> str:
        return f"{self.first:,.0f} to {self.second:,.0f} a second"


def compare(bench: Bench, first: Callable[[float], float], second: Callable[[float], float]) -> Ratio:
    """The second rate over the first, both measured in each round, in turning order."""
    first(1), second(1)
    rates: list[tuple[float, float]] = []
    for number in range(bench.rounds):
        if number % 2:
            later = second(bench.seconds)
            rates.append((first(bench.seconds), later))
        else:
            rates.append((first(bench.seconds), second(bench.seconds)))
        bench.say(
            f"  round {number + 1}: {rates[-1][1]:,.0f} / {rates[-1][0]:,.0f} = {rates[-1][1] / rates[-1][0]:.3f}"
        )
    firsts, seconds = zip(*rates, strict=True)
    return Ratio(median(b / a for a, b in rates), median(firsts), median(seconds))


def rate_of(server: Server, request: Request) -> Callable[[float], float]:
    """How many requests a second a server answers, as a function of the seconds to try."""
    return lambda seconds: press(server.port, request, seconds).rate


def messages(bench: Bench) -> list[Row]:
    """One message through every step, against the smallest application sending as many bytes."""
    with bench.emulator() as server, bench.bare(expect(server.port, HELLO)) as smallest:
        ratio = compare(bench, rate_of(smallest, HELLO), rate_of(server, HELLO))
    return [at_least("POST /messages vs. the smallest app", ratio.value, 0.50, f"{ratio} (aim 0.60)")]


def stream(bench: Bench) -> list[Row]:
    """A stream without delays, against the same bytes as one body."""
    with bench.emulator() as server:
        request = stream_of(server.port)
        answer = expect(server.port, request)
        with bench.bare(answer) as smallest:
            ratio = compare(bench, rate_of(smallest, request), rate_of(server, request))
    detail = f"{ratio}, {repeated(answer.body)[1]} events in {len(answer.body):,} bytes (aim 0.45)"
    return [at_least("50-event stream vs. its bytes as one body", ratio.value, 0.30, detail)]


def paced(bench: Bench) -> list[Row]:
    """Streams with an event each 20 ms, many at once, against the smallest application doing the same."""
    with bench.emulator() as server:
        request = stream_of(server.port)
        answer = expect(server.port, request)
    name, events = repeated(answer.body)
    options = ("--paced", name.decode(), "--gap", str(GAP))
    rows = []
    with bench.emulator(str(PACED)) as server, bench.bare(answer, *options) as smallest:
        for streams, bar in ((500, 15), (1000, 50)):
            ours, bares = [], []
            for number in range(bench.rounds):
                bares.append(listen(smallest.port, request, streams, name, events, GAP))
                ours.append(listen(server.port, request, streams, name, events, GAP))
                bench.say(
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
    """A thousand rules that do not match, against one: by equality, which has a bar, and by text, which has none."""
    rows = []
    for kind, bar in (("equality", 0.9), ("text", None)):
        one, thousand = (scenario(bench.folder, kind, count) for count in (1, 1000))
        with bench.emulator(str(one)) as first, bench.emulator(str(thousand)) as second:
            ratio = compare(bench, rate_of(first, HELLO), rate_of(second, HELLO))
        rows.append(at_least(f"1,000 rules vs. 1, by {kind}", ratio.value, bar, str(ratio)))
    return rows


def start(bench: Bench) -> list[Row]:
    """From the start of the process to its first message."""
    taken = []
    for number in range(max(5, bench.rounds)):
        with bench.emulator() as server:
            taken.append(server.first_answer)
        bench.say(f"  start {number + 1}: {taken[-1]:.3f} s")
    detail = f"{len(taken)} starts, from {min(taken):.3g} to {max(taken):.3g} s"
    return [at_most("start to first answer", median(taken), 0.5, "s", detail)]


def memory(bench: Bench) -> list[Row]:
    """Resident memory after the first answer, and after many requests, no two of them the same."""
    distinct = message("Tell me about subject {count}.")
    done, seen = 0, []
    with bench.emulator() as server:
        idle = resident(server.pid)
        while done < bench.requests:
            done += press(server.port, distinct, max(bench.seconds, 5), distinct=True).requests
            seen.append((done, resident(server.pid)))
            bench.say(f"  {done:,} requests: {seen[-1][1]:.1f} MB")
    half = next(size for count, size in seen if count >= done / 2)
    growth = seen[-1][1] / half
    flat = Row(
        "memory after requests", f"{growth:.2f}x", "<= 1.05x", growth <= 1.05,
        f"{seen[-1][1]:.1f} MB after {done:,} requests, {half:.1f} MB after half of them",
    )  # fmt: skip
    return [at_most("memory idle", idle, 80, "MB", "after the first answer"), flat]


def worlds(bench: Bench) -> list[Row]:
    """As many worlds as a server has, made over HTTP, and each asked for one message."""
    names = [f"world-{number}" for number in range(MOST - 1)]
    taken, fresh, used = [], [], []
    for number in range(min(3, bench.rounds)):
        with bench.emulator() as server:
            make(server.port, names[:1])  # what the first one imports is no other's
            idle = resident(server.pid)
            taken.append(1_000 * make(server.port, names[1:]) / len(names))
            fresh.append(1_000 * (resident(server.pid) - idle) / len(names))
            ask_each(server.port, names, HELLO)
            used.append(1_000 * (resident(server.pid) - idle) / len(names))
        bench.say(f"  round {number + 1}: {taken[-1]:.2f} ms, {fresh[-1]:.0f} kB; {used[-1]:.0f} kB after a message")
    detail = f"{len(names)} worlds; {median(used):.0f} kB each after a message"
    return [
        at_most("a world made over HTTP", median(taken), 5, "ms", f"{len(names)} of them, one after the other"),
        at_most("memory of a world", median(fresh), 60, "kB", detail),
    ]


MEASUREMENTS: dict[str, Callable[[Bench], list[Row]]] = {
    "messages": messages,
    "stream": stream,
    "paced": paced,
    "rules": rules,
    "start": start,
    "memory": memory,
    "worlds": worlds,
}
