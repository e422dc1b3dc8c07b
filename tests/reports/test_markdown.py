"""Markdown for a pull request: a table, the verdict, and nothing that is taken for markup."""

from __future__ import annotations

from emulator.reports.markdown import markdown
from tests.reports.records import MET, UNMET, expecting, record

WHOLE = r"""## emulator: 3 calls, exit status 4

| API | operation | calls | statuses |
|---|---|---:|---|
| demo | things.create | 3 | 1 × no response, 2 × 201 |

- demo would have charged 0.0000105 USD
- faults played: status × 2
- **blocked**: vendor.example:443 is not emulated
- other.example: 1 connection ended before a request
- **FAILED: 3 calls arrived; expected at least 5**

### Verdict

"""


def test_a_run_is_summed_up() -> None:
    text = markdown(record())
    assert text.startswith(WHOLE)
    assert r"- error: **no\_back\_off**: 3 retries" in text
    assert r"&lt;at once> (expected a wait \| of 1 s; found 0 s; exchanges 1)" in text


def test_a_run_without_calls_has_no_table() -> None:
    nothing = record(
        summary={"called": [], "spent": {}, "faults": {}},
        verdict={"findings": [], "checked": {}},
        departures=[],
        untrusted={},
        missing="",
        status=0,
    )
    assert markdown(nothing) == "## emulator: 0 calls, exit status 0\n\n\n### Verdict\n\nNo findings.\n"


def test_expectations_that_are_not_met_are_listed_with_their_places() -> None:
    text = markdown(expecting(UNMET, MET))
    line = "- **mine.yaml:7**: expected things.create exactly once; found 3 (#1, #2, #3); what came: &lt;all> 3 x"
    assert text.endswith(f"### Expectations\n\n{line}\n")
    assert markdown(expecting(MET)).endswith("### Expectations\n\n1 met.\n")
    assert "Expectations" not in markdown(record())
