"""Scenarios change an API, one over the other, and each change knows where it stands."""

from __future__ import annotations

from emulator.compile.overrides import Overrides
from emulator.language.document.reader import parse
from emulator.language.schema.scenario import ScenarioFile
from emulator.language.schema.validate import validate

BASE = """\
scenario: base
about: Below.
apis:
  demo:
    switches: {mood: calm, pace: slow}
    keys: {k: {workspace: w, tier: free}}
    unknown_keys: {tier: free, workspace: "{{ key }}"}
    tiers: {free: {limits: {calls: 1/minute}}}
    jobs: {batch: {queued: 0s, done: 5s}}
    collections: {models: [{id: a}, {id: b}]}
"""
ABOVE = """\
scenario: above
about: Above.
apis:
  demo:
    switches: {mood: wild}
    unknown_keys: refuse
    jobs: {batch: {done: 9s}, run: {done: 1s}}
    collections: {models: [{id: c}], tools: [{id: t}]}
"""


def lay(*texts: str) -> Overrides:
    changes = Overrides("demo")
    for at, text in enumerate(texts):
        document = parse(text, f"{at}.yaml")
        changes.lay(validate(document, ScenarioFile).apis["demo"], document)
    return changes


def test_what_a_scenario_does_not_name_stays_as_it_is() -> None:
    override = lay(BASE, ABOVE).override
    assert override.switches == {"mood": "wild", "pace": "slow"}
    assert list(override.keys) == ["k"]
    assert override.tiers["free"].limits == {"calls": "1/minute"}
    assert override.unknown_keys == "refuse"


def test_timelines_change_state_by_state_and_records_are_added() -> None:
    override = lay(BASE, ABOVE).override
    assert override.jobs == {"batch": {"queued": "0s", "done": "9s"}, "run": {"done": "1s"}}
    assert override.collections == {"models": [{"id": "a"}, {"id": "b"}, {"id": "c"}], "tools": [{"id": "t"}]}


def test_each_change_stands_where_it_was_made_last() -> None:
    changes = lay(BASE, ABOVE)
    places = {
        ("switches", "mood"): "1.yaml:5:22",
        ("switches", "pace"): "0.yaml:5:34",
        ("keys", "k"): "0.yaml:6:15",
        ("unknown_keys",): "1.yaml:6:19",
        ("tiers", "free"): "0.yaml:8:19",
        ("jobs", "batch", "queued"): "0.yaml:9:28",
        ("jobs", "batch", "done"): "1.yaml:7:26",
        ("collections", "models", 1): "0.yaml:10:37",
        ("collections", "models", 2): "1.yaml:8:28",
        ("collections", "tools", 0): "1.yaml:8:46",
    }
    assert {path: str(changes.place(path)) for path in places} == places


def test_what_no_scenario_changed_stands_nowhere() -> None:
    changes = Overrides("demo")
    changes.lay(None, parse("", "x.yaml"))
    assert changes.place(("switches", "mood")) is None
    assert changes.source(("keys",)) is None
    assert changes.override.model_fields_set == set()
