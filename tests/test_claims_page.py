"""docs/claims.md has every claim with its class, and names what serves it."""

from __future__ import annotations

from tests.claims_page import PAGE, page
from tests.pages import tables
from tests.running import loaded

CLAIMS = {id: claim for api in loaded("default").apis.values() for id, claim in api.claims.items()}
ROWS = {row[0].strip("`"): (table.heading, row) for table in tables(PAGE) for row in table.rows[1:]}


def test_the_page_is_what_the_command_writes() -> None:
    assert PAGE.read_text() == page(), "python -m tests.claims_page"


def test_each_claim_stands_under_its_class() -> None:
    found = {id: heading.rpartition(": ")[2] for id, (heading, _) in ROWS.items() if id in CLAIMS}
    assert found == {id: claim.grade for id, claim in CLAIMS.items()}


def test_what_serves_a_claim_is_an_operation_or_a_part_of_an_api_file() -> None:
    names = {name for api in loaded("default").apis.values() for name in api.operations}
    parts = {name for api in loaded("default").apis.values() for name in api.file.model_fields_set}
    for id, (_, row) in ROWS.items():
        if id in CLAIMS:
            served = {each.strip("` ") for each in row[2].split(",")}
            assert served
            assert served <= names | parts, id
