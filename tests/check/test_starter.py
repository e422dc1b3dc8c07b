"""A file to start from is small, right as it is, does what its comments say, and never replaces another."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema_rs
import pytest
from click.testing import CliRunner

from emulator.check.command import check_scenario, check_scenarios
from emulator.check.setup import schema_path, write_schemas
from emulator.check.starter import write_starter
from emulator.cli import main
from emulator.errors import ConfigError
from emulator.language.document.reader import read
from tests.apis.aiexport_calls import asking, caller
from tests.running import Emulated, Running

KINDS = ("scenario", "api")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("name", ["slow", "My-own_2", "on", "y"])
def test_what_is_written_is_right_and_its_editor_says_so_too(folder: Path, name: str) -> None:
    assert write_starter("scenario", name, folder)[0] == f"wrote {name}.yaml"
    assert write_starter("api", name, folder) == [
        f"wrote apis/{name}.yaml",
        f"next: emulator check apis/{name}.yaml",
        f"      emulator serve --scenario apis/{name}.yaml",
    ]
    assert check_scenarios(["."]) == ([], 2)
    write_schemas(folder)
    for kind, path in zip(KINDS, (folder / f"{name}.yaml", folder / "apis" / f"{name}.yaml"), strict=True):
        data = read(path).data
        assert data[kind] == name
        jsonschema_rs.validator_for(json.loads(schema_path(kind, folder).read_text())).validate(data)
        text = path.read_text()
        assert "{name}" not in text
        assert len(text.splitlines()) < 90


def test_it_is_small_and_says_what_can_be_done_with_it(folder: Path) -> None:
    for kind, shown in (("scenario", "slow.yaml"), ("api", "apis/slow.yaml")):
        lines = write_starter(kind, "slow", folder)
        text = (folder / shown).read_text()
        assert f"#   emulator check {shown} " in text
        assert f"#   emulator serve --scenario {shown} " in text
        assert lines[1:] == [f"next: emulator check {shown}", f"      emulator serve --scenario {shown}"]


def test_the_scenario_does_what_its_comments_say(folder: Path, running: Running) -> None:
    write_starter("scenario", "mine", folder)
    emulated = Emulated(running, ("mine.yaml",))
    client = caller(emulated)
    assert [client.post("/messages", json=asking()).status_code for _ in range(3)] == [200, 200, 503]
    assert client.post("/messages", json=asking("Is there a Limit?")).status_code == 429
    answer = client.post("/messages", json=asking("I want my money back.")).json()
    assert answer["content"][0]["text"] == "Refunds take five days."
    emulated.close()


def test_the_api_does_what_its_comments_say(folder: Path, running: Running) -> None:
    write_starter("api", "shop", folder)
    emulated = Emulated(running, ("apis/shop.yaml",))
    client = emulated.client("shop", headers={"X-API-Key": "shop_test_key"})
    assert client.get("/notes").json() == {"notes": [{"id": "note_1", "text": "A first note"}]}
    made = client.post("/notes", json={"text": "Another"})
    assert (made.status_code, client.get(f"/notes/{made.json()['id']}").json()) == (201, made.json())
    assert client.get("/notes/none").json() == {"error": {"type": "not_found", "message": "There is no note none."}}
    whole = client.post("/replies", json={"prompt": "Hello!"})
    stream = client.post("/replies", json={"prompt": "Hello!", "stream": True}).text
    pieces = [json.loads(line[6:])["text"] for line in stream.splitlines() if line.startswith("data: {")]
    assert "".join(pieces) == whole.json()["text"]
    assert stream.endswith("data: [DONE]\n\n")
    assert whole.headers["x-ratelimit-remaining"] == "56"
    assert emulated.client("shop").get("/notes", headers={"X-API-Key": "other"}).status_code == 401
    emulated.close()


def test_a_scenario_may_serve_the_api_beside_the_others(folder: Path) -> None:
    write_starter("api", "shop", folder)
    (folder / "both.yaml").write_text("scenario: both\nabout: All.\nextends: default\napis: {shop: }\n")
    assert check_scenario("both.yaml", play=False) == []


@pytest.mark.parametrize("kind", KINDS)
def test_it_finds_its_schema_where_the_editor_was_set_up(folder: Path, kind: str) -> None:
    write_schemas(folder)
    write_starter(kind, "mine", folder)
    up = "" if kind == "scenario" else "../"
    path = folder / ("" if kind == "scenario" else "apis") / "mine.yaml"
    assert path.read_text().startswith(f"# yaml-language-server: $schema={up}.emulator/{kind}.schema.json\n# ")
    assert write_schemas(folder)[3:] == []


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../x",
        "a/b",
        "a.yaml",
        "7up",
        "-x",
        "null",
        "True",
        "false",
        "a b",
        "a\n",
        "\u00e4",
        "x" * 51,
        "$(id)",
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_bad_name_is_refused(folder: Path, kind: str, name: str) -> None:
    with pytest.raises(ConfigError, match="can't be a name; expected up to 50 letters"):
        write_starter(kind, name, folder)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(("kind", "name"), [("scenario", "default"), ("scenario", "strict"), ("api", "aixplain")])
def test_a_name_that_comes_with_the_emulator_is_taken(folder: Path, kind: str, name: str) -> None:
    with pytest.raises(ConfigError, match=f"'{name}' comes with the emulator; choose another name"):
        write_starter(kind, name, folder)


@pytest.mark.parametrize("suffix", ["yaml", "yml"])
def test_a_file_that_exists_is_left_as_it_is(folder: Path, suffix: str) -> None:
    (folder / f"mine.{suffix}").write_text("mine")
    result = CliRunner().invoke(main, ["new", "scenario", "mine"])
    assert (result.exit_code, result.output) == (
        2,
        f"mine.{suffix} exists already, and was left as it is; choose another name\n",
    )
    assert [(path.name, path.read_text()) for path in folder.iterdir()] == [(f"mine.{suffix}", "mine")]


def test_a_link_that_leads_nowhere_is_not_written_through(folder: Path) -> None:
    (folder / "mine.yaml").symlink_to(folder / "elsewhere")
    with pytest.raises(ConfigError, match="exists already"):
        write_starter("scenario", "mine", folder)
    assert not (folder / "elsewhere").exists()


def test_a_folder_that_can_not_be_written_is_an_error(folder: Path) -> None:
    (folder / "apis").write_text("a file")
    result = CliRunner().invoke(main, ["new", "api", "mine"])
    assert (result.exit_code, result.output) == (2, "can't write apis/mine.yaml: File exists\n")


def test_the_command_writes_into_the_working_directory(folder: Path) -> None:
    result = CliRunner().invoke(main, ["new", "scenario", "mine"])
    assert (result.exit_code, result.output.splitlines()[0]) == (0, "wrote mine.yaml")
    assert (folder / "mine.yaml").exists()
