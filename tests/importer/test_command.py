"""`emulator import`: what it prints and writes, what it refuses, and that what it has written can be used at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import copy
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from emulator.errors import ConfigError
from emulator.importer.document import Importer, is_openapi
from emulator.importer.part import Findings
from emulator.importer.sources import Sources
from emulator.importer.writing import yaml_text
from emulator.language.document.reader import read
from emulator.openapi.document import document
from tests.emulate import emulate
from tests.importer.conftest import Imports, operation
from tests.running import loaded

SHOP = Path(__file__).with_name("shop.openapi.yaml")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_writes_an_api_file_and_says_what_comes_next(here: Path) -> None:
    result = emulate("import", str(SHOP))
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "wrote apis/shop.yaml: 4 operations\nnext: emulator serve --scenario apis/shop.yaml\n"
    assert emulate("check", "apis/shop.yaml").stdout == "1 scenario OK\n"
    assert emulate("coverage", "--scenario", "apis/shop.yaml").exit_code == 0


def test_json_is_read_too_and_the_api_is_called_as_asked_for(here: Path) -> None:
    text = {"openapi": "3.1.0", "paths": {"/": {"get": {"responses": {"200": {"description": "ok"}}}}}}
    Path("openapi.json").write_text(json.dumps(text))
    assert emulate("import", "openapi.json", "-o", "mine.yaml").exit_code == 0
    assert emulate("import", "openapi.json", "--name", "other").exit_code == 0
    assert {path.name for path in here.rglob("*.yaml")} == {"mine.yaml", "other.yaml"}


def test_a_file_that_says_nothing_by_its_name_is_called_as_its_title(here: Path) -> None:
    Path("openapi.yaml").write_text(SHOP.read_text())
    assert emulate("import", "openapi.yaml").stdout.startswith("wrote apis/corner-shop.yaml:")


@pytest.mark.parametrize("info", ["[Shop]", "{title: [Shop]}"])
def test_a_file_whose_title_is_none_is_refused(info: str, here: Path) -> None:
    text = operation("responses: {}").replace("{title: Shop, version: '1'}", info)
    Path("openapi.yaml").write_text(text)
    result = emulate("import", "openapi.yaml")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert result.stderr.startswith("openapi.yaml:2:")


def test_notes_name_what_is_left_out_and_do_not_fail(here: Path) -> None:
    Path("a.yaml").write_text(operation("callbacks: {done: {}}\nresponses: {'200': {description: ok}}"))
    result = emulate("import", "a.yaml")
    assert (result.exit_code, result.stderr) == (0, "a.yaml:6:7: note: callbacks are left out\n")


def test_nothing_is_overwritten_unless_asked_for(here: Path) -> None:
    Path("shop.yaml").write_text("mine")
    result = emulate("import", str(SHOP), "-o", "shop.yaml")
    assert result.exit_code == 2
    assert result.stderr == "shop.yaml exists already, and was left as it is; --force overwrites it\n"
    assert Path("shop.yaml").read_text() == "mine"
    assert emulate("import", str(SHOP), "-o", "shop.yaml", "--force").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-o", "shop.json"), "--out is 'shop.json'; expected an API file such as shop.yaml"),
        (
            ("-o", "shop.yaml", "--name", "pets"),
            "--out is 'shop.yaml', but the API is called 'pets'; expected pets.yaml",
        ),
        (("--name", "1"), "'1' can't be a name; expected up to 50 letters"),
    ],
)
def test_a_file_that_could_not_be_found_by_its_name_is_refused(
    arguments: tuple[str, ...], said: str, here: Path
) -> None:
    result = emulate("import", str(SHOP), *arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith(said)
    assert list(here.iterdir()) == []


def test_a_document_that_is_not_there_is_refused(here: Path) -> None:
    result = emulate("import", "none.yaml")
    assert (result.exit_code, result.stderr) == (2, "none.yaml:1:1: can't be read: No such file or directory\n")


def test_every_reason_is_told_with_its_place_and_nothing_is_written(here: Path) -> None:
    text = operation("operationId: 7\nparameters: {}\nresponses: {twenty: {$ref: '#/none'}}\nsecurity: [{none: []}]")
    Path("a.yaml").write_text(text)
    result = emulate("import", "a.yaml")
    assert result.exit_code == 2
    assert [line.rpartition(": ")[0].partition(":")[2].partition(":")[0] for line in result.stderr.splitlines()]
    assert [line[: line.index(": ")] for line in result.stderr.splitlines()] == [
        "a.yaml:6:7",
        "a.yaml:7:7",
        "a.yaml:8:19",
        "a.yaml:8:28",
        "a.yaml:9:19",
    ]
    assert [path.name for path in here.iterdir()] == ["a.yaml"]


def test_what_emulator_check_would_object_to_is_not_written(imports: Imports) -> None:
    deep = "schema: {" + "items: {" * 58 + "}" * 59
    text = operation(f"requestBody: {{content: {{application/json: {{{deep}}}}}}}\nresponses: {{}}", method="post")
    result = emulate("import", str(imports.write("a.yaml", text)), "-o", str(imports.folder / "a.yaml"), "--force")
    assert result.exit_code == 2
    assert "nested more than 60 deep" in result.stderr


def test_what_is_found_in_the_file_is_told_by_its_place_in_the_document(imports: Imports) -> None:
    text = operation("parameters: [{name: a, in: query, required: true, schema: {enum: ['${x}']}}]\nresponses: {}")
    path = imports.write("a.yaml", text)
    result = emulate("import", str(path), "-o", str(imports.folder / "b.yaml"))
    assert result.exit_code == 2
    assert f'\n  {path}:5, in `examples: [{{query: {{a: "${{x}}"}}}}]`: ${{x}} stands here as it is' in result.stderr


ODD: list[Any] = [5, None, "{{x}}", [[]], {"$ref": 5}, {"a": {"b": []}}]


def changed(tree: Any, value: Any) -> Iterator[Any]:
    """A document with each of its parts replaced by a value, one at a time."""
    yield value
    entries = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, each in entries:
        for other in changed(each, value):
            copied = copy(tree)
            copied[key] = other
            yield copied


@pytest.mark.slow
@pytest.mark.parametrize("value", ODD, ids=repr)
def test_whatever_stands_in_a_document_is_imported_or_refused(value: Any, here: Path) -> None:
    for tree in changed(read(SHOP).data, value):
        Path("openapi.json").write_text(json.dumps(tree))
        findings = Findings()
        try:
            sources = Sources(Path("openapi.json"), findings)
            if sources.root is not None and is_openapi(sources.root):
                made = Importer(sources.root, sources, "shop").tree()
                findings.problems.raise_any()
                yaml_text(made)
        except ConfigError:
            continue


def test_the_api_answers_from_the_document(imports: Imports) -> None:
    client = imports.client(SHOP.read_text())
    key = {"X-Shop-Key": "any"}
    listed = client.get("/pets", headers=key)
    assert (listed.status_code, listed.headers["x-total"]) == (200, "2")
    assert [pet["name"] for pet in listed.json()] == ["Mia", "Rex"]
    assert client.get("/pets", headers={**key, "Prefer": "example=none"}).json() == []
    assert client.get("/pets").json() == {
        "code": "unauthenticated",
        "message": "no credential was sent; expected the header X-Shop-Key: …",
        "field": "",
    }
    refused = client.post("/pets", headers=key, json={"name": ""})
    assert (refused.status_code, refused.json()["field"]) == (422, "name")
    made = client.post("/pets", headers=key, json={"name": "Mia", "kind": None})
    assert (made.status_code, made.json()["id"]) == (201, 7)
    assert client.get("/pets/x").status_code == 422
    assert client.get("/pets/7").json()["name"] == "text"
    missing = client.get("/pets/7", headers={"Prefer": "code=404"})
    assert (missing.status_code, missing.json()["message"]) == (404, "There is no such pet.")
    assert client.delete("/pets/7", headers=key).status_code == 204


def test_each_answer_says_whether_it_rests_on_the_document_or_on_a_guess(imports: Imports) -> None:
    client = imports.client(SHOP.read_text())
    asking = {"X-Shop-Key": "any", "X-Emulator-Provenance": "?"}
    shown = client.get("/pets", headers=asking).headers["x-emulator-provenance"]
    guessed = client.get("/pets/7", headers=asking).headers["x-emulator-provenance"]
    assert shown.startswith("route documented; documented DOC-OPERATIONS")
    assert "GUESS-VALUES" not in shown
    assert "invented GUESS-VALUES" in guessed


def test_it_can_be_described_as_openapi_again(imports: Imports) -> None:
    imports.text(SHOP.read_text())
    playbook = loaded(str(imports.folder / "shop.yaml"))
    written = document(playbook, playbook.apis["shop"], "http://127.0.0.1:8484")
    validate(written)
    assert [*written["paths"]] == ["/v2/pets", "/v2/pets/{pet_id}"]
