"""OpenAPI documents of others, as packages of theirs ship them, become APIs that answer at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emulator.importer.command import import_openapi
from tests.clients.conftest import made
from tests.emulate import emulate
from tests.running import Emulated, Running

pytestmark = pytest.mark.slow

LARGE = 30_000  # bytes; checking what is made of larger ones takes longer
EXAMPLES = "@readme/oas-examples/3.{}/json/{}.json"
DOCUMENTS = {
    "petstore": EXAMPLES.format(0, "petstore"),
    "train-travel": EXAMPLES.format(1, "train-travel"),
    "galaxy": "@scalar/galaxy/dist/3.1.yaml",
}
# A request to each, and what a field of the response is.
ASKED: dict[str, tuple[str, dict[str, str], tuple[Any, ...]]] = {
    "petstore": ("/pet/7", {"Authorization": "Bearer any"}, (200, "name", "doggie")),
    "train-travel": ("/stations", {"Authorization": "Bearer any", "Prefer": "code=429"}, (429, "status", 429)),
    "galaxy": ("/planets/1", {}, (200, "name", "Mars")),
}


def source(name: str) -> Path:
    return made("node") / "node_modules" / DOCUMENTS[name]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_public_document_is_imported_and_answers(name: str, running: Running, tmp_path: Path) -> None:
    file = tmp_path / f"{name}.yaml"
    import_openapi(source(name), file, None, False)
    assert emulate("check", str(file)).stdout == "1 scenario OK\n"
    assert emulate("coverage", "--scenario", str(file)).exit_code == 0
    emulated = Emulated(running, (str(file),))
    path, headers, (status, field, value) = ASKED[name]
    answer = emulated.client(name).get(path, headers=headers)
    emulated.close()
    assert (answer.status_code, answer.json()[field]) == (status, value)


# Each has something wrong in it: words of an older JSON Schema, paths with `#`, and so on.
REFUSED = {
    "parameters-common": "have the same name",
    "response-http-behavior": "unknown security scheme 'api_key'",
    "schema-validation-local": "not a JSON Schema",
    "schema-validation-top-level": "not a JSON Schema",
    "title": "there is no operation in it",
    "webhooks": "there is no operation in it",
}


def test_each_of_many_documents_is_imported_or_refused_in_a_sentence(tmp_path: Path) -> None:
    folder = made("node") / "node_modules" / "@readme" / "oas-examples"
    files = [path for path in folder.rglob("3.*/json/**/*.json") if path.stat().st_size < LARGE]
    assert len(files) > 50
    for number, path in enumerate(sorted(files)):
        result = emulate("import", str(path), "-o", str(tmp_path / f"t{number}.yaml"))
        assert result.exit_code == (2 if path.stem in REFUSED else 0), f"{path}: {result.output}{result.exception}"
        assert REFUSED.get(path.stem, "") in result.stderr, path
