"""References: within the document, to files beside it, and to nothing."""

from __future__ import annotations

import pytest

from tests.importer.conftest import Imports, operation

BODY = "responses: {'200': {description: ok, content: {application/json: {schema: %s}}}}\n"
TAKES = "requestBody: {required: true, content: {application/json: {schema: %s}}}\nresponses: {}\n"


def test_a_file_beside_it_is_read_with_the_files_that_it_refers_to(imports: Imports) -> None:
    imports.write("pets.yaml", "Pet: {properties: {kind: {$ref: 'more/kinds.json#/Kind'}}}\n")
    (imports.folder / "more").mkdir()
    imports.write("more/kinds.json", '{"Kind": {"enum": ["cat"]}}')
    found = imports.file(operation(TAKES % "{$ref: 'pets.yaml#/Pet'}", method="post"))
    assert found["schemas"] == {"Pet": {"properties": {"kind": {"$ref": "#/schemas/Kind"}}}, "Kind": {"enum": ["cat"]}}


def test_nothing_is_fetched(imports: Imports) -> None:
    text = operation(BODY % "{«$ref: 'https://shop.example/pets.yaml#/Pet'}")
    (message,) = imports.refused(text)
    assert message.endswith("leads to another server, and nothing is fetched; save it beside this file")


def test_a_reference_to_nothing_is_told_what_there_is(imports: Imports) -> None:
    more = "components: {schemas: {Pet: {}}}\n"
    (message,) = imports.refused(operation(BODY % "{«$ref: '#/components/schemas/Pets'}", more=more))
    assert message == "'#/components/schemas/Pets' leads nowhere: no 'Pets'; expected one of: Pet; did you mean 'Pet'?"
    (message,) = imports.refused(operation(BODY % "{«$ref: pets.yaml}"))
    assert message == "there is no file 'pets.yaml' beside shop.openapi.yaml"
    (message,) = imports.refused(operation(BODY % "{«$ref: '#pet'}"))
    assert message.startswith("'#pet' names an anchor; expected a path such as")
    (message,) = imports.refused(operation(BODY % "{«$ref: 7}"))
    assert message.startswith("expected text such as")


def test_references_that_only_lead_to_each_other_are_refused(imports: Imports) -> None:
    more = "components: {schemas: {A: {$ref: '#/components/schemas/B'}, B: {$ref: '#/components/schemas/A'}}}\n"
    (message,) = imports.refused(operation(BODY % "{«$ref: '#/components/schemas/A'}", more=more))
    assert message == "this reference leads in a circle, by '#/components/schemas/B'"


def test_a_schema_within_itself_is_no_circle(imports: Imports) -> None:
    more = "components: {schemas: {Tree: {properties: {left: {$ref: '#/components/schemas/Tree'}}}}}\n"
    found = imports.file(operation(TAKES % "{$ref: '#/components/schemas/Tree'}", method="post", more=more))
    assert found["schemas"] == {"Tree": {"properties": {"left": {"$ref": "#/schemas/Tree"}}}}


def test_a_wrong_file_beside_it_is_reported_at_its_place(imports: Imports) -> None:
    text = operation(BODY % "{$ref: 'pets.yaml#/Pet'}")
    assert imports.refused(text, **{"pets.yaml": "Pet: {a: 1, «a: 2}\n"}) == [
        "duplicate key 'a'; it stands on line 1 already"
    ]


def test_pointers_are_read_as_they_are_escaped(imports: Imports) -> None:
    more = "components: {schemas: {'a/b': {type: string}}}\n"
    found = imports.file(operation(TAKES % "{$ref: '#/components/schemas/a~1b'}", method="post", more=more))
    assert found["schemas"] == {"a_b": {"type": "string"}}


def test_a_reference_by_its_own_path_leads_in_a_circle(imports: Imports) -> None:
    more = "components: {schemas: {a: {«$ref: '#/components/schemas/a/b'}}}\n"
    (message,) = imports.refused(operation(BODY % "{$ref: '#/components/schemas/a'}", more=more))
    assert message == "this reference leads in a circle, by '#/components/schemas/a/b'"


def test_references_each_by_the_path_of_the_next_are_followed_so_far(imports: Imports) -> None:
    links = [f"s{number}: {{$ref: '#/components/schemas/s{number + 1}/x'}}" for number in range(2_000)]
    more = f"components: {{schemas: {{{', '.join([*links, 's2000: {}'])}}}}}\n".replace("s50: {", "s50: {«")
    (message,) = imports.refused(operation(BODY % "{$ref: '#/components/schemas/s0'}", more=more))
    assert message == "this reference leads by more than 50 others"


@pytest.mark.parametrize("file", ["/etc/hostname", "../pets.yaml", "more/../../pets.yaml", "%2e%2e/pets.yaml"])
def test_files_outside_of_the_folder_are_not_read(file: str, imports: Imports) -> None:
    (message,) = imports.refused(operation(BODY % f"{{«$ref: '{file}#/Pet'}}"))
    assert message.endswith("lies outside of the document's folder; expected a file beside shop.openapi.yaml")


def test_a_link_that_leads_out_of_the_folder_is_not_followed(imports: Imports) -> None:
    (imports.folder / "pets.yaml").symlink_to("/etc/hostname")
    (message,) = imports.refused(operation(BODY % "{«$ref: pets.yaml}"))
    assert message.startswith("'pets.yaml' lies outside of the document's folder")


@pytest.mark.parametrize(
    ("file", "reason"), [("a" * 300, "File name too long"), ("loop.yaml", "ymlink loop"), ("%00", "embedded null byte")]
)
def test_a_file_that_can_not_be_looked_for_is_reported(file: str, reason: str, imports: Imports) -> None:
    (imports.folder / "loop.yaml").symlink_to("loop.yaml")
    (message,) = imports.refused(operation(BODY % f"{{«$ref: '{file}'}}"))
    assert reason in message
    assert "beside shop.openapi.yaml can't be read: " in message
