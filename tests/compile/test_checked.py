"""API files that were checked before: their operations are compiled when they are first used, and answer the same."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from pathlib import Path

import pytest

from emulator import paths
from emulator.app import LANGUAGE, Application
from emulator.app import load as load_released
from emulator.clock.world_clock import manual
from emulator.compile.finder import SUMS, checked_files
from emulator.compile.loader import Loader
from emulator.compile.operation import DeferredOperations
from emulator.engine.body import MAX_UNDER_WAY
from emulator.errors import DocumentError
from emulator.playbook.apis import Api, Playbook
from emulator.settings.options import Settings
from tests.library import STORY, Library, api

TWO = api(
    operations="""\
echo.create:
  route: POST /echo
  rules: [{reply: {body: {said: "{{ body.text }}"}}}]
echo.list:
  route: GET /echo
  rules: [{reply: {body: {data: []}}}]
"""
)
WRONG = TWO.replace("{{ body.text }}", "{{ body. }}")


def load(library: Library, text: str, story: str = STORY) -> Playbook:
    """The playbook of a story over an API that is said to have been checked."""
    library.write("apis/demo.yaml", text)
    library.write("story.yaml", story)
    checked = {sha256(text.encode()).hexdigest()}
    return Loader(library.folder, library.fixtures, LANGUAGE, checked).load(("story",))


def compiled(playbook: Playbook, api: str = "demo") -> list[str]:
    """The names of the operations that have been compiled."""
    operations = playbook.apis[api].operations
    return list(operations._made) if isinstance(operations, DeferredOperations) else list(operations)


def described(api: Api) -> list[tuple[object, ...]]:
    """What an API's operations are, as far as that can be compared."""
    return [
        (name, each.path, each.place, each.claims, [rule.name for rule in each.rules.rules], list(each.cost))
        for name, each in api.operations.items()
    ]


@pytest.mark.parametrize("folder", [paths.scenarios() / "apis", paths.fixtures()])
def test_the_list_has_the_released_files_as_they_are(folder: Path) -> None:
    files = sorted(folder.glob("*.yaml"))
    sums = "".join(f"{sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files)
    assert (folder / SUMS).read_text() == sums, "run sha256sum *.yaml > SHA256SUMS in its folder"


@pytest.mark.parametrize("name", sorted(file.stem for file in paths.scenarios().glob("*.yaml")))
def test_a_released_scenario_is_right_as_a_whole(name: str) -> None:
    whole = Loader(paths.scenarios(), paths.fixtures(), LANGUAGE).load((name,))
    released = load_released((name,))
    for each, part in whole.apis.items():
        assert isinstance(part.operations, dict)
        assert described(released.apis[each]) == described(part)


def test_an_emulator_begins_without_compiling_an_operation() -> None:
    playbook = load_released(("default",))
    app = Application(Settings(reload=False), manual(), playbook)
    assert [compiled(playbook, name) for name in playbook.apis] == [[] for _ in playbook.apis]
    assert app.pipeline.bodies.size >= MAX_UNDER_WAY
    asyncio.run(app.close())


def test_a_released_api_compiles_an_operation_when_it_is_first_used() -> None:
    playbook = load_released(("default",))
    assert compiled(playbook, "aiexport") == []
    assert playbook.operation("aiexport", "messages.create").path.endswith("/messages")
    assert compiled(playbook, "aiexport") == ["messages.create"]
    assert playbook.operation("aiexport", "messages.create") is playbook.operation("aiexport", "messages.create")


def test_operations_are_known_by_name_before_they_are_compiled(library: Library) -> None:
    playbook = load(library, TWO)
    operations = playbook.apis["demo"].operations
    assert (list(operations), len(operations)) == (["echo.create", "echo.list"], 2)
    assert "echo.list" in operations
    assert "echo.delete" not in operations
    assert operations.get("echo.delete") is None
    assert compiled(playbook) == []
    assert [each.name for each in operations.values()] == compiled(playbook) == ["echo.create", "echo.list"]


def test_a_file_that_was_changed_is_compiled_whole(library: Library) -> None:
    library.write("apis/demo.yaml", TWO + "# changed\n")
    library.write("story.yaml", STORY)
    loader = Loader(library.folder, library.fixtures, LANGUAGE, {sha256(TWO.encode()).hexdigest()})
    assert compiled(loader.load(("story",))) == ["echo.create", "echo.list"]


def test_an_error_in_a_released_file_that_was_changed_is_reported_at_load(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in [*(paths.scenarios() / "apis").iterdir(), paths.scenarios() / "default.yaml"]:
        library.write(file.relative_to(paths.scenarios()).as_posix(), file.read_text())
    monkeypatch.setattr(paths, "scenarios", lambda: library.folder)
    assert compiled(load_released(("default",)), "aiexport") == []
    changed = (library.folder / "apis" / "aiexport.yaml").read_text()
    assert "{{ body.webhook_url }}" in changed
    library.write("apis/aiexport.yaml", changed.replace("{{ body.webhook_url }}", "{{ bodies.webhook_url }}"))
    with pytest.raises(DocumentError, match=r"aiexport\.yaml:\d+:\d+: unknown name 'bodies'"):
        load_released(("default",))


def test_a_checked_file_that_is_wrong_after_all_is_an_error_at_its_first_use(library: Library) -> None:
    operations = load(library, WRONG).apis["demo"].operations
    assert operations["echo.list"].name == "echo.list"
    for _ in range(2):
        with pytest.raises(DocumentError, match=r"demo\.yaml:\d+:\d+: "):
            operations["echo.create"]


def test_what_a_scenario_adds_to_a_checked_api_is_compiled_and_checked_at_load(library: Library) -> None:
    story = STORY + "rules: [{on: echo.list, reply: {body: '{{ %s }}'}}]\n"
    assert compiled(load(library, TWO, story % "now")) == ["echo.list"]
    for wrong, message in (("nobody", "unknown name 'nobody'"), ("now +", "expression")):
        with pytest.raises(DocumentError, match=rf"story\.yaml:4:\d+: .*{message}"):
            load(library, TWO, story % wrong)


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe", b"nothing of the kind\n"])
def test_without_a_readable_list_every_api_is_compiled_whole(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / SUMS).write_bytes(content)
    assert all(len(each) != 64 for each in checked_files(tmp_path))
