"""Telling: the outcome claim by claim, as text for people and as JUnit for machines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from xml.etree import ElementTree as xml

from msgspec import Struct

from emulator.scenario.playbook import Api


class Outcome(Struct, frozen=True):
    """One example that was played: its name, the claims that it tried, and where the target differed."""

    title: str
    claims: tuple[str, ...]
    differences: tuple[str, ...]


Findings = Mapping[str, Sequence[str] | None]  # by claim: the differences; None when no example tries it


def findings(api: Api, outcomes: Sequence[Outcome]) -> Findings:
    """What was found of every claim of the API."""
    found: dict[str, list[str] | None] = dict.fromkeys(api.claims)
    for outcome in outcomes:
        for claim in outcome.claims:
            told = found[claim] = found.get(claim) or []
            told += [f"{outcome.title}: {each}" for each in outcome.differences]
    return found


def text(api: Api, target: str, found: Findings) -> Iterator[str]:
    """A line for each claim, below it each difference, and a summary."""
    for claim, told in found.items():
        verdict = "not tried" if told is None else "differs" if told else "holds"
        yield f"{verdict:<9}  {claim:<22} {api.claims[claim].grade}"
        yield from (f"           {each}" for each in told or ())
    tried = [told for told in found.values() if told is not None]
    differing = sum(bool(told) for told in tried)
    yield ""
    yield f"{api.title} on {target}: {len(tried)} of {len(found)} claims tried, {differing} differ"


def junit(api: Api, found: Findings) -> bytes:
    """A test suite with a case for each claim; one that no example tries is skipped."""
    counts = {
        "tests": len(found),
        "failures": sum(bool(told) for told in found.values()),
        "skipped": sum(told is None for told in found.values()),
        "errors": 0,
    }
    suite = xml.Element(
        "testsuite", {"name": f"verify {api.name}"} | {name: str(each) for name, each in counts.items()}
    )
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
