"""Telling: the outcome claim by claim, as text for people and as JUnit for machines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from xml.etree import ElementTree as xml

from msgspec import Struct

from emulator.playbook import Api

NO_CLAIM = "(no claim)"  # stands for examples of what no document promises


class Outcome(Struct, frozen=True):
    """One example that was played: its name, the claims that it tried, and where the target differed."""

    title: str
    claims: tuple[str, ...]
    differences: tuple[str, ...]


class Report(Struct, frozen=True, dict=True):
    """All outcomes; the operations that were not `played`, and what is `left` of what was made."""

    api: Api
    target: str
    outcomes: Sequence[Outcome]
    unplayed: Sequence[str] = ()
    left: Sequence[str] = ()

    @property
    def differs(self) -> bool:
        """Whether any example does."""
        return any(each.differences for each in self.outcomes)

    @cached_property
    def findings(self) -> dict[str, list[str] | None]:
        """By claim: the differences; None when no example tries it."""
        found: dict[str, list[str] | None] = dict.fromkeys(self.api.claims)
        for outcome in self.outcomes:
            for claim in outcome.claims or ([NO_CLAIM] if outcome.differences else ()):
                told = found[claim] = found.get(claim) or []
                told += [f"{outcome.title}: {each}" for each in outcome.differences]
        return found


def text(report: Report) -> Iterator[str]:
    """A line for each claim, below it each difference, and a summary."""
    api, found = report.api, report.findings
    for claim, told in found.items():
        verdict = "not tried" if told is None else "differs" if told else "holds"
        yield f"{verdict:<9}  {claim:<22} {api.claims[claim].grade if claim in api.claims else ''}".rstrip()
        yield from (f"           {each}" for each in told or ())
    tried = [told for told in found.values() if told is not None]
    yield ""
    if report.unplayed:
        yield f"Without examples, or not served by a target that was given: {', '.join(report.unplayed)}"
    if report.left:
        yield f"Made there and not taken away: {', '.join(report.left)}"
    differing = sum(map(bool, tried))
    yield f"{api.title} on {report.target}: {len(tried)} of {len(found)} claims tried, {differing} differ"


def junit(report: Report) -> bytes:
    """A test suite with a case for each claim; one that no example tries is skipped."""
    api, found = report.api, report.findings
    counts = {
        "tests": len(found),
        "failures": sum(map(bool, found.values())),
        "skipped": sum(told is None for told in found.values()),
        "errors": 0,
    }
    named = {"name": f"verify {api.name} on {report.target}"} | {name: str(each) for name, each in counts.items()}
    suite = xml.Element("testsuite", named)
    for claim, told in found.items():
        case = xml.SubElement(suite, "testcase", {"classname": api.name, "name": claim})
        if told is None:
            xml.SubElement(case, "skipped", {"message": "no example tries it"})
        elif told:
            failure = xml.SubElement(case, "failure", {"message": _clean(told[0])})
            failure.text = _clean("\n".join(told))
    return bytes(xml.tostring(suite, encoding="utf-8", xml_declaration=True))


def _clean(told: str) -> str:
    """Without what XML can't hold."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "�" for letter in told)
