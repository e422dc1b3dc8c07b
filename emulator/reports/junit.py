"""JUnit XML: each rule of the verdict, each expectation, blocked calls and missing calls as test cases."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

from emulator.reports.record import RunRecord, amount_text, place

SUITE = "emulator"
# Characters that XML 1.0 has no way to write.
UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(record: RunRecord) -> str:
    """Returns the document; findings are failures, and rules that had nothing to judge are skipped."""
    cases = [_command(record), _blocked(record), *_rules(record), *map(_expectation, record.expected)]
    if record.missing:
        cases.append(_case("run", "calls arrive", [("missing_calls", record.missing, "")]))
    counts = {
        "tests": str(len(cases)),
        "failures": str(sum(case.find("failure") is not None for case in cases)),
        "errors": "0",
        "skipped": str(sum(case.find("skipped") is not None for case in cases)),
        "time": f"{sum(each['took'] for each in record.exchanges):.3f}",
    }
    root = ElementTree.Element("testsuites", {"name": SUITE, **counts})
    suite = ElementTree.SubElement(root, "testsuite", {"name": SUITE, **counts})
    if spent := record.summary["spent"]:
        properties = ElementTree.SubElement(suite, "properties")
        for api, amounts in spent.items():
            for unit, amount in amounts.items():
                about = {"name": f"spent.{api}.{unit}", "value": amount_text(amount).replace(",", "")}
                ElementTree.SubElement(properties, "property", {name: _clean(text) for name, text in about.items()})
    suite.extend(cases)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=False)


def _command(record: RunRecord) -> ElementTree.Element:
    status = record.command_status
    failed = [("command", f"the command ended with {status}", " ".join(record.command))] if status else []
    return _case("run", "command", failed)


def _blocked(record: RunRecord) -> ElementTree.Element:
    hosts = record.blocked
    message = f"calls to {', '.join(hosts)} were blocked: not emulated"
    return _case("run", "no blocked calls", [("blocked_calls", message, "\n".join(hosts))] if hosts else [])


def _rules(record: RunRecord) -> list[ElementTree.Element]:
    by_number = {each["number"]: each for each in record.exchanges}
    cases = []
    for rule, judged in record.verdict["checked"].items():
        found = [each for each in record.verdict["findings"] if each["rule"] == rule]
        case = _case("verdict", rule, [(rule, each["message"], _details(each, by_number)) for each in found])
        if not found and not judged:
            ElementTree.SubElement(case, "skipped", {"message": "no exchange that this rule judges"})
        cases.append(case)
    return cases


def _expectation(judged: Mapping[str, Any]) -> ElementTree.Element:
    where = place(judged)
    details = "\n".join((f"expected {judged['expected']}; {judged['found']}", *judged["instead"]))
    failed = [] if judged["ok"] else [("expectation", f"{where}: {judged['found']}", details)]
    return _case("expect", f"{judged['expected']} ({where})", failed)


def _details(finding: Mapping[str, Any], by_number: Mapping[int, Mapping[str, Any]]) -> str:
    shown = [by_number[number] for number in finding["exchanges"] if number in by_number]
    lines = [f"expected: {finding['wanted']}", f"found: {finding['found']}"]
    lines += [f"#{each['number']} {each['method']} {each['path']} -> {each['status']}" for each in shown]
    return "\n".join(lines)


def _case(group: str, name: str, failures: Sequence[tuple[str, str, str]]) -> ElementTree.Element:
    """Returns a test case; several failures become one, as most readers take only one."""
    case = ElementTree.Element("testcase", {"classname": f"{SUITE}.{group}", "name": _clean(name), "time": "0"})
    if failures:
        kind, message, _ = failures[0]
        more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
        failure = ElementTree.SubElement(case, "failure", {"type": kind, "message": _clean(message + more)})
        failure.text = _clean("\n\n".join(f"{message}\n{details}" for _, message, details in failures))
    return case


def _clean(text: str) -> str:
    return UNWRITABLE.sub(lambda found: f"\\x{ord(found.group()):02x}", text)
