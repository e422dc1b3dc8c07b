"""Report: the outcome claim by claim, as text for people and as JUnit XML for machines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from xml.etree import ElementTree as xml

from msgspec import Struct

from emulator.playbook.apis import Api

NO_CLAIM = "(no claim)"  # for examples of undocumented behaviour


class Outcome(Struct, frozen=True):
    """Outcome of one example: its title, the claims that it tests, and where the target differs."""

    title: str
    claims: tuple[str, ...]
    differences: tuple[str, ...]


class Report(Struct, frozen=True, dict=True):
    """All outcomes, the operations that were `not_run`, and created objects `remaining` on the target."""

    api: Api
    target: str
    outcomes: Sequence[Outcome]
    not_run: Sequence[str] = ()
    remaining: Sequence[str] = ()

    @property
    def differs(self) -> bool:
        """Whether the target differs in any example."""
        return any(each.differences for each in self.outcomes)

    @cached_property
    def findings(self) -> dict[str, list[str] | None]:
        """By claim: the differences; None when no example tests it."""
        found: dict[str, list[str] | None] = dict.fromkeys(self.api.claims)
        for outcome in self.outcomes:
            for claim in outcome.claims or ([NO_CLAIM] if outcome.differences else ()):
                differences = found[claim] = found.get(claim) or []
                differences += [f"{outcome.title}: {each}" for each in outcome.differences]
        return found


def text(report: Report) -> Iterator[str]:
    """Yields a line for each claim with its differences below, and a summary."""
    api, found = report.api, report.findings
    for claim, differences in found.items():
        verdict = "not tried" if differences is None else "differs" if differences else "holds"
        yield f"{verdict:<9}  {claim:<22} {api.claims[claim].grade if claim in api.claims else ''}".rstrip()
        yield from (f"           {each}" for each in differences or ())
    tried = [differences for differences in found.values() if differences is not None]
    yield ""
    if report.not_run:
        yield f"No examples, or no target for their host: {', '.join(report.not_run)}"
    if report.remaining:
        yield f"Created on the target and not deleted: {', '.join(report.remaining)}"
    differing = sum(map(bool, tried))
    yield f"{api.title} on {report.target}: {len(tried)} of {len(found)} claims tried, {differing} differ"


def junit(report: Report) -> bytes:
    """Returns a test suite with a case for each claim; one that no example tests is skipped."""
    api, found = report.api, report.findings
    counts = {
        "tests": len(found),
        "failures": sum(map(bool, found.values())),
        "skipped": sum(differences is None for differences in found.values()),
        "errors": 0,
    }
    named = {"name": f"verify {api.name} on {report.target}"} | {name: str(each) for name, each in counts.items()}
    suite = xml.Element("testsuite", named)
    for claim, differences in found.items():
        case = xml.SubElement(suite, "testcase", {"classname": api.name, "name": claim})
        if differences is None:
            xml.SubElement(case, "skipped", {"message": "no example tries it"})
        elif differences:
            failure = xml.SubElement(case, "failure", {"message": _clean(differences[0])})
            failure.text = _clean("\n".join(differences))
    return bytes(xml.tostring(suite, encoding="utf-8", xml_declaration=True))


def _clean(text: str) -> str:
    """Replaces the characters that XML can't hold."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "�" for letter in text)
