"""The parts that API and scenario files are made of refuse what can't be meant."""

from __future__ import annotations

import pytest

from emulator.language.document.durations import Duration
from emulator.language.schema.api import ErrorKindModel, TierModel
from emulator.playbook.timeline import Timeline
from tests.library import Library, api, operation


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            "jobs: {batch: {timeline: {done: «1x}}}\n",
            "expected a duration such as '340ms', or polls: '3 polls', '2s + 1 poll each'; found the text '1x'",
        ),
        (
            "jobs: {batch: {timeline: {done: «5}}}\n",
            "'2s + 1 poll each'; found the number 5; did you mean '5 polls' or '5s'?",
        ),
        ("jobs: {batch: {timeline: {done: «'1'}}}\n", "found the text '1'; did you mean '1 poll' or '1s'?"),
        ("jobs: {batch: {timeline: {done: «1.5}}}\n", "found the number 1.5; did you mean '1.5s'?"),
        ("jobs: {batch: {timeline: {done: 1s}, most: «0}}\n", "expected 1 or more; found the number 0"),
        ("jobs: {«'my batch': {timeline: {done: 1s}}}\n", "expected a name: a letter or '_'"),
        ("collections: {m: {most: «many}}\n", "expected a whole number; found the text 'many'"),
        (
            "claims: {D: {class: «documentd, says: x}}\n",
            "expected 'documented', 'inferred' or 'invented'; found the text 'documentd'; did you mean 'documented'?",
        ),
        (
            "tiers: {t: {}}\nkeys: {k: {workspace: w, tier: t, status: «gone}}\n",
            "expected 'active' or 'revoked'; found the text 'gone'",
        ),
        ("unknown_keys: «refse\n", "did you mean 'refuse'?"),
        ("«unknown_keys: {«workspac: w, tier: t}\n", "unknown key 'workspac'"),
        ("hosts: «demo.test\n", "expected a list"),
        ("limits_per: «caller\n", "expected 'workspace' or 'key'; found the text 'caller'"),
    ],
)
def test_a_wrong_part_is_refused_in_plain_words(library: Library, more: str, message: str) -> None:
    assert any(message in each for each in library.refused(api=api(more)))


@pytest.mark.parametrize("status", [199, 600])
def test_an_error_has_a_status_from_200_to_599(library: Library, status: int) -> None:
    text = api().replace("invalid: {status: 400}", f"invalid: {{status: «{status}}}")
    (message,) = library.refused(api=text)
    assert message == f"{status} is not a status; expected 200 to 599"


def test_an_error_needs_a_status_and_nothing_else() -> None:
    assert ErrorKindModel(status=418).body is None


def test_a_plan_laid_over_another_replaces_what_it_names() -> None:
    below = TierModel(limits={"calls": "1/minute", "words": "5/day"}, data={"size": 3, "title": "Free"})
    above = TierModel(limits={"calls": "2/minute"}, data={"size": 4})
    assert above.over(below).limits == {"calls": "2/minute", "words": "5/day"}
    assert above.over(below).data == {"size": 4, "title": "Free"}
    assert above.over(None) is above


@pytest.mark.parametrize(
    ("duration", "seconds", "each"),
    [
        ("340ms", 0.34, 0),
        ("1s", 1, 0),
        ("5m", 300, 0),
        ("2h", 7_200, 0),
        ("15d", 1_296_000, 0),
        ("1.5s", 1.5, 0),
        ("1s + 10ms each", 1, 0.01),
        (" 1s+2s ", 3, 0),
    ],
)
def test_a_duration_is_written_as_people_write_it(library: Library, duration: str, seconds: float, each: float) -> None:
    demo = library.demo(api(f"jobs: {{batch: {{timeline: {{done: '{duration}'}}}}}}\n"))
    assert demo.jobs["batch"].timeline == Timeline(("done",), (Duration(seconds, each),))


def test_names_of_operations_have_dots(library: Library) -> None:
    library.demo(operation("rules: []"))
    (message,) = library.refused(api=api(operations="«'echo create': {route: POST /echo, rules: []}\n"))
    assert message.startswith("expected a name: a letter or '_', then letters, digits, '_', '.' or '-'")
