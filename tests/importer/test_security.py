"""Credentials: where they stand, who asks for them, and what is said of the others."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.importer.conftest import Imports, operation

SCHEMES = """\
components:
  securitySchemes:
    bearer: {type: http, scheme: bearer}
    basic: {type: http, scheme: basic}
    header: {type: apiKey, in: header, name: X-Key}
    query: {type: apiKey, in: query, name: key}
    cookie: {type: apiKey, in: cookie, name: sid}
    login: {type: oauth2, flows: {}}
    cert: {type: mutualTLS}
"""
TOKEN = {"Authorization": "Bearer t"}


def asking(security: str) -> str:
    return operation(f"security: {security}\nresponses: {{'200': {{description: ok}}}}\n", more=SCHEMES)


@pytest.mark.parametrize(
    ("security", "good", "bad"),
    [
        ("[{bearer: []}]", [{"headers": TOKEN}], [{}, {"headers": {"Authorization": "Basic dA=="}}]),
        ("[{basic: []}]", [{"headers": {"Authorization": "Basic dA=="}}], [{}, {"headers": TOKEN}]),
        ("[{header: []}]", [{"headers": {"X-Key": "k"}}], [{}, {"params": {"key": "k"}}]),
        ("[{query: []}]", [{"params": {"key": "k"}}], [{}, {"headers": TOKEN}]),
        ("[{cookie: []}]", [{"headers": {"Cookie": "a=1; sid=2"}}], [{}, {"headers": {"Cookie": "a=1"}}]),
        ("[{query: []}, {header: []}]", [{"params": {"key": "k"}}, {"headers": {"X-Key": "k"}}], [{}]),
        (
            "[{header: [], query: []}]",
            [{"headers": {"X-Key": "k"}, "params": {"key": "k"}}],
            [{"headers": {"X-Key": "k"}}],
        ),
        ("[{header: []}, {bearer: []}]", [{"headers": {"X-Key": "k"}}, {"headers": TOKEN}], [{}]),
        ("[{cert: [], query: []}]", [{"params": {"key": "k"}}], [{}]),
        ("[{cookie: []}]", [{"headers": {"Cookie": "a=1;sid=2"}}], [{"headers": {"Cookie": "othersid=1; a=sid=2"}}]),
        ("[]", [{}], []),
        ("[{}]", [{}], []),
        ("[{cert: []}]", [{}], []),
    ],
)
def test_credentials_are_asked_for_where_they_stand(
    security: str, good: list[dict[str, Any]], bad: list[dict[str, Any]], imports: Imports
) -> None:
    client = imports.client(asking(security))
    assert [client.get("/pets", **each).status_code for each in good] == [200] * len(good)
    assert [client.get("/pets", **each).status_code for each in bad] == [401] * len(bad)


@pytest.mark.parametrize(
    ("security", "notes"),
    [
        ("[{login: []}]", ["tokens are not issued here; any is accepted after `Authorization: Bearer`"]),
        ("[{cert: []}]", ["client certificates are not asked for here"]),
        ("[{}, {bearer: []}]", ["credentials are optional here, and are not looked at"]),
        ("[{header: []}, {bearer: [], query: []}]", ["of several credentials that are asked for together, only"]),
    ],
)
def test_what_can_not_be_expressed_is_said(security: str, notes: list[str], imports: Imports) -> None:
    imports.text(asking(security))
    assert [any(each.startswith(note) for each in imports.notes) for note in notes] == [True] * len(notes)


@pytest.mark.parametrize("place", ["cookie", "query", "header"])
@pytest.mark.parametrize("name", ["a' in '' or true or '", "a'b", 'a"b', "{{x}}", "a\\\\", "%}"])
def test_a_name_is_no_expression(name: str, place: str, imports: Imports) -> None:
    first, second = (f"{{type: apiKey, in: {each}, name: {json.dumps(name)}}}" for each in (place, "query"))
    more = f"components: {{securitySchemes: {{k0: {first}, k1: {second}}}}}\n"
    client = imports.client(operation("security: [{k0: []}, {k1: []}]\nresponses: {}\n", more=more))
    refused = client.get("/pets")
    assert (refused.status_code, name in refused.json()["error"]["message"]) == (401, True)
    assert client.get("/pets", params={name: "k"}).status_code == 200


def test_a_credential_without_a_name_is_refused(imports: Imports) -> None:
    more = "components:\n  securitySchemes:\n    «k: {type: apiKey, in: cookie}\n"
    assert imports.refused(operation("security: [{k: []}]\nresponses: {}\n", more=more)) == [
        "expected the `name` of the header, the query parameter or the cookie"
    ]


def test_a_key_in_the_query_is_not_kept_in_the_journal(imports: Imports) -> None:
    assert imports.only(asking("[{query: []}]"))["redact"] == ["key"]


def test_the_security_of_the_document_holds_unless_an_operation_has_its_own(imports: Imports) -> None:
    text = operation("responses: {}\n", more=f"security: [{{header: []}}]\n{SCHEMES}")
    found = imports.file(text + "  /free: {get: {security: [], responses: {}}}\n")
    assert [each.get("auth", True) for each in found["operations"].values()] == [True, False]
    assert found["auth"] == [{"header": "X-Key", "class": "documented"}]
    assert found["provenance"] == {"unknown_keys": {"class": "invented"}}


def test_an_unknown_scheme_is_refused(imports: Imports) -> None:
    (message,) = imports.refused(asking("[{«bearers: []}]"))
    assert message.startswith("unknown security scheme 'bearers'; expected one of: bearer,")
