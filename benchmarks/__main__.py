"""python -m benchmarks: every promised figure in one run, with its bar.

Messages, streams and rules are compared by the CPU time that a request costs the server, which is a valid figure only
while the server uses its whole core. Exit status 1 when a bar is missed or a figure is not valid.
"""

from __future__ import annotations

import argparse
import platform
import shlex
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.load import generator
from benchmarks.machine import allow_files, cores, on_core
from benchmarks.measure import MEASUREMENTS, Bench
from benchmarks.process import EMULATOR
from benchmarks.table import Row, lines


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=list(MEASUREMENTS), help="measure this; may be repeated")
    parser.add_argument("--seconds", type=float, default=1, help="length of one round of load (default 1)")
    parser.add_argument("--rounds", type=int, default=9, help="rounds whose median counts (default 9)")
    parser.add_argument("--full", action="store_true", help="1,000,000 requests for the memory row, not 200,000")
    parser.add_argument(
        "--emulator", type=shlex.split, default=EMULATOR, help="the command that starts the emulator", metavar="COMMAND"
    )
    return parser.parse_args(arguments)


def report(text: str) -> None:
    """Prints progress, beside the table."""
    print(text, file=sys.stderr, flush=True)


def measure(options: argparse.Namespace, server_core: int | None) -> list[Row]:
    """The rows of all measurements that were asked for, one after another."""
    rows: list[Row] = []
    requests = 1_000_000 if options.full else 200_000
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options.seconds, options.rounds, requests, server_core, Path(folder), options.emulator, report)
        for name, measurement in MEASUREMENTS.items():
            if options.only is None or name in options.only:
                report(f"{name}: {measurement.__doc__}")
                rows += measurement(bench)
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints the table; 0 when every figure is valid and meets its bar."""
    options = options_of(arguments)
    pair = cores()
    allow_files(4096)
    with on_core(pair[1] if pair else None):
        rows = measure(options, pair[0] if pair else None)
    where = f"server on core {pair[0]}, client on core {pair[1]}" if pair else "NOT pinned to cores"
    load = f"load by {generator()}, {options.rounds} rounds of {options.seconds:g} s"
    print(f"Python {platform.python_version()}, {where}, {load}")
    print("\n".join(lines(rows)))
    bad = [row.what for row in rows if not row.met]
    print(f"\n{len(bad)} missed or not valid: {'; '.join(bad)}" if bad else "\nEvery bar is met.")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
