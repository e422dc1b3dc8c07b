"""The editor is set up by one command, which may be given again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emulator.check.setup import KINDS, schema_text, write_schemas
from emulator.errors import ConfigError
from tests.library import STORY, api


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "apis").mkdir()
    (tmp_path / "apis" / "demo.yaml").write_text(api())
    (tmp_path / "story.yaml").write_text(STORY)
    (tmp_path / "emulator.yaml").write_text("scenario: story.yaml\n")
    (tmp_path / "other.yaml").write_text("- a list\n")
    (tmp_path / "broken.yaml").write_text("{")
    return tmp_path


@pytest.mark.finding("F9")
def test_schemas_are_written_and_scenarios_lead_to_them(folder: Path) -> None:
    assert write_schemas(folder) == [
        "wrote .emulator/scenario.schema.json",
        "wrote .emulator/api.schema.json",
        "wrote .emulator/project.schema.json",
        "added the schema to emulator.yaml",
        "added the schema to story.yaml",
        "added the schema to apis/demo.yaml",
    ]
    line = "# yaml-language-server: $schema="
    assert (folder / "story.yaml").read_text() == f"{line}.emulator/scenario.schema.json\n{STORY}"
    assert (folder / "apis" / "demo.yaml").read_text().startswith(f"{line}../.emulator/api.schema.json\n")
    assert json.loads((folder / ".emulator" / "api.schema.json").read_text())["title"] == "ApiFile"
    assert (folder / "emulator.yaml").read_text() == f"{line}.emulator/project.schema.json\nscenario: story.yaml\n"
    assert write_schemas(folder) == [f"wrote .emulator/{kind}.schema.json" for kind in KINDS]


def test_the_names_of_the_folder_are_listed_too(folder: Path) -> None:
    schema = json.loads(schema_text("scenario", folder))
    operations = schema["$defs"]["RuleModel"]["properties"]["on"]["anyOf"][0]["anyOf"][0]["enum"]
    assert {"echo.create", "messages.create"} <= set(operations)
    assert "story.yaml" in schema["properties"]["extends"]["anyOf"][0]["enum"]


def test_a_folder_that_can_not_be_written_is_an_error(folder: Path) -> None:
    (folder / ".emulator").write_text("a file")
    with pytest.raises(ConfigError, match=r"can't write .*\.emulator: File exists"):
        write_schemas(folder)


def test_what_stands_in_a_file_stays_byte_for_byte(tmp_path: Path) -> None:
    line = b"# yaml-language-server: $schema=.emulator/scenario.schema.json"
    text = "scenario: one\r\nabout: \u00dc.\r\nextends: default\r\n".encode()
    mark = b"\xef\xbb\xbf"
    pointed = b"#yaml-language-server: $schema=https://elsewhere.test/mine.json\n" + text
    for name, data in (("one.yaml", text), ("two.yml", mark + text), ("three.yaml", pointed)):
        (tmp_path / name).write_bytes(data)
    for _ in range(2):
        write_schemas(tmp_path)
        assert (tmp_path / "one.yaml").read_bytes() == line + b"\r\n" + text
        assert (tmp_path / "two.yml").read_bytes() == mark + line + b"\r\n" + text
        assert (tmp_path / "three.yaml").read_bytes() == pointed


def test_the_schema_of_a_project_file_lists_scenarios_and_demo_keys(folder: Path) -> None:
    schema = json.loads(schema_text("project", folder))
    scenario, keys = schema["properties"]["scenario"], schema["properties"]["keys"]
    assert {"free-tier", "story.yaml"} <= set(scenario["anyOf"][0]["anyOf"][0]["enum"])
    assert "axp_test_pro" in keys["additionalProperties"]["anyOf"][0]["enum"]
    assert all(part["description"].endswith(".") for part in schema["properties"].values())
