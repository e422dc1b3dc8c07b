"""Output of `routes`, `coverage` and `certs`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from emulator.errors import ConfigError
from emulator.https.authority import Authority
from emulator.playbook.apis import Playbook
from emulator.playbook.provenance import coverage, grade_of_route


def route_lines(playbook: Playbook) -> Iterator[str]:
    """Yields one line per route: method, path, operation, API, host, the route's class, and claims with theirs."""
    rows = []
    for route in playbook.router.routes:
        api = playbook.apis[route.api]
        cited = dict.fromkeys(each.claim for each in api.citations if each.operation == route.operation)
        claims = [f"{id} ({api.claims[id].grade})" for id in cited]
        own = f"{route.method} {route.path.removeprefix(api.file.base)}"
        grade = grade_of_route(api.claims, api.file.operations[route.operation], own)
        host = route.host or "any host"
        rows.append((route.method, route.path, route.operation, route.api, host, grade, ", ".join(claims)))
    rows.sort(key=lambda row: (row[3], row[1], row[0]))
    widths = [max(len(row[at]) for row in rows) for at in range(6)]
    for row in rows:
        yield "  ".join(text.ljust(width) for text, width in zip(row, [*widths, 0], strict=True)).rstrip()


def coverage_lines(playbook: Playbook) -> tuple[list[str], int]:
    """Returns every claim by API and class with the places that serve it, a summary, and how many are not served."""
    lines: list[str] = []
    served = total = 0
    for api in playbook.apis.values():
        lines.append(f"{api.title}")
        counts: Counter[str] = Counter()
        for row in coverage(api.claims, api.citations):
            total += 1
            served += bool(row.citations)
            counts[row.grade] += 1
            where = "; ".join(
                dict.fromkeys(
                    f"{each.operation or each.part} {each.place.file}:{each.place.line}" for each in row.citations
                )
            )
            lines.append(f"  {row.claim:<22} {row.grade:<11} {where or 'NOT SERVED'}")
            if row.inferred is not None:
                lines.append(f"  {'':<22} inferred:   {row.inferred}")
        lines.append(f"  {', '.join(f'{count} {grade}' for grade, count in counts.items())}")
        lines.append("")
    lines.append(f"{served} of {total} claims served")
    return lines, total - served


def show(authority: Authority, export: str | None = None, renew: bool = False) -> str:
    """Returns the output of `certs`; with `export` `-` that is the certificate itself. Raises ConfigError."""
    facts = authority.renew() if renew else authority.facts
    path = authority.certificate_path
    certificate = path.read_text()
    if export == "-":
        return certificate
    until = datetime.fromtimestamp(facts.until, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    lines = [
        f"certificate  {path}",
        f"SHA-256      {facts.fingerprint}",
        f"valid until  {until}",
        f"hosts        {', '.join(facts.hosts)}",
    ]
    if export is not None:
        try:
            Path(export).write_text(certificate)
        except OSError as error:
            raise ConfigError(f"can't write {export}: {error.strerror}; choose another file with --export") from error
        lines.append(f"exported to  {export}")
    return "\n".join(lines) + "\n"
