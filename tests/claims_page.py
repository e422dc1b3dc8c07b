"""Writes docs/claims.md, every claim with its class and where it is served: run `python -m tests.claims_page`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from emulator.language.schema.provenance import PROVENANCES
from emulator.playbook.apis import Api
from emulator.playbook.provenance import CoverageRow, coverage
from tests.pages import ROOT
from tests.running import loaded

PAGE = ROOT / "docs" / "claims.md"
HEAD = """\
# Claims

A claim is one statement about how an API behaves. Each has an id, which
[`X-Emulator-Provenance`](api-files.md#what-a-response-rests-on) names in responses, and a class that says where it
comes from:

| class | |
|---|---|
| `documented` | The API's own documentation says it, in words, a sample or a table. |
| `inferred` | The documentation is silent; a public client or a published page shows it. |
| `invented` | Nothing says it, but the emulator has to respond somehow ([how to change these](why/guesses.md)). |

*Served by* names the operations whose responses rely on the claim, or the part of the API file that does: `auth` is
how a key is sent, `errors` how a request is refused, `tiers` what a plan allows. A documented claim may have a part
that the documentation doesn't state; then the table says which. `emulator coverage` prints the same with file and
line, and every claim has at least one test that names it.

"""


def page() -> str:
    """The whole page."""
    apis = list(loaded("default").apis.values())
    return HEAD + "\n".join([*_counts(apis), "", *(line for api in apis for line in _section(api))])


def _counts(apis: Iterable[Api]) -> Iterator[str]:
    yield f"| API | {' | '.join(PROVENANCES)} | all |"
    yield "|---" * (len(PROVENANCES) + 2) + "|"
    for api in apis:
        counts = Counter[str](claim.grade for claim in api.claims.values())
        cells = [str(counts[grade]) for grade in PROVENANCES]
        anchor = _title(api).lower().replace(" ", "-")
        yield f"| [{_title(api)}](#{anchor}) | {' | '.join(cells)} | {len(api.claims)} |"


def _section(api: Api) -> Iterator[str]:
    yield f"## {_title(api)}\n"
    for grade in PROVENANCES:
        rows = [row for row in coverage(api.claims, api.citations) if row.grade == grade]
        if rows:
            yield f"### {_title(api)}: {grade}\n"
            yield "| claim | what it says | served by |\n|---|---|---|"
            yield from (_row(row) for row in rows)
            yield ""


def _row(row: CoverageRow) -> str:
    says = row.says if row.inferred is None else f"{row.says} *Inferred:* {row.inferred}."
    served = dict.fromkeys(each.operation or re.split(r"[.\[ ]", each.part)[0] for each in row.citations)
    cells = [f"`{row.claim}`", says.replace("|", "\\|"), ", ".join(f"`{each}`" for each in served)]
    return f"| {' | '.join(cells)} |"


def _title(api: Api) -> str:
    return api.file.title.removesuffix(" API").removesuffix(" API Layer")


if __name__ == "__main__":
    PAGE.write_text(page())
