"""What is served where: control under /_emulator, the APIs everywhere else; and a reload that swaps or refuses."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.app import build
from emulator.errors import DocumentError
from emulator.settings.options import Settings
from tests import loopback
from tests.running import Emulated, Running
from tests.small import KEY, play

ECHO = """\
echo:
  route: POST /echo
  request: {}
  rules:
    - {when: {body.n: 1, times: 1}, reply: {body: first}}
    - reply: {body: "{{ body }}"}
"""
HOSTS = "hosts: [one.test, two.test]\n"
BOUND = """\
one: {route: GET /one, host: one.test, rules: [{reply: {body: 1}}]}
both: {route: GET /both, rules: [{reply: {body: 2}}]}
"""


@pytest.fixture
def small(running: Running, tmp_path: Path) -> Iterator[Emulated]:
    emulated = play(running, tmp_path, ECHO)
    yield emulated
    emulated.close()


def say(emulated: Emulated, body: object) -> object:
    return emulated.client("small").post("/echo", json=body, headers=KEY).json()


def test_what_lies_below_the_control_path_is_ours_and_the_rest_is_the_apis(small: Emulated) -> None:
    client = small.client("small")
    assert client.get("/_emulator/health").json()["status"] == "ok"
    assert client.get("/_emulator/nothing").json()["error"]["message"] == "no control route '/_emulator/nothing'"
    for path in ("/_emulatory", "/_emulator.txt", "/nothing", "//_emulator/health"):
        assert client.get(f"{small.origin}{path}").json()["kind"] == "not_found", path


def test_an_operation_of_one_host_is_not_found_on_the_other(running: Running, tmp_path: Path) -> None:
    emulated = play(running, tmp_path, BOUND, HOSTS)
    client = emulated.client("small", headers=KEY)
    found = {
        (host, path): client.get(path, headers={"Host": host}).status_code
        for host in ("one.test", "two.test:8484", "TWO.test", "localhost", "other.test")
        for path in ("/one", "/both")
    }
    emulated.close()
    assert [key for key, status in found.items() if status == 404] == [("two.test:8484", "/one"), ("TWO.test", "/one")]
    assert set(found.values()) == {200, 404}


def test_the_hosts_of_the_document_see_their_own_operations_only(emulator: Emulated) -> None:
    def status(host: str, path: str) -> int:
        headers = {"Host": host, "x-api-key": "aix_test_demo"}
        return loopback.get(emulator.origin + path, headers=headers).status_code

    assert status("models.aixplain.com", "/api/v2/data/none") == 200
    assert status("platform-api.aixplain.com", "/api/v2/data/none") == 404
    assert status("platform-api.aixplain.com", "/v2/models/none") == 404
    assert status("api.aiexport.io", "/v2/models") == 200
    assert status("models.aixplain.com", "/v2/models") == 404


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/v2/messages", "GET, HEAD, OPTIONS, POST"),
        ("GET", "/v2/batch/b_1/cancel", "DELETE, OPTIONS"),
        ("POST", "/v2/models", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_method_that_a_path_does_not_take_is_answered_with_those_it_does(
    emulator: Emulated, method: str, path: str, allow: str
) -> None:
    answer = loopback.request(method, emulator.origin + path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allow)
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_a_reload_swaps_the_rules_and_keeps_what_the_world_remembers(small: Emulated, tmp_path: Path) -> None:
    assert [say(small, {"n": 1}), say(small, {"n": 1})] == ["first", {"n": 1}]
    story = tmp_path / "story.yaml"
    story.write_text(story.read_text() + "rules: [{when: {body.n: 2}, reply: {body: reloaded}}]\n")
    application = build(Settings(scenarios=(str(story),), reload=False), small.clock)
    small.adopt(application.playbook)
    assert say(small, {"n": 2}) == "reloaded"
    assert say(small, {"n": 1}) == {"n": 1}  # its one time was before the reload


COUNTED = """\
rules:
  - {when: {body.n: 7, times: 1}, reply: {body: once}}
  - {name: mine, when: {body.n: 8, times: 1}, reply: {body: once}}
"""


@pytest.mark.parametrize(
    ("before", "after", "again"),
    [
        ("rules:", "# a comment\nrules:", ({"n": 7}, {"n": 8})),
        ("rules:\n", "rules:\n  - {when: {body.n: 1, times: 9}, reply: {body: new}}\n", ({"n": 7}, {"n": 8})),
        ("  - {when: {body.n: 7, times: 1}, reply: {body: once}}\n", "", ({"n": 7}, {"n": 8})),
        ("reply: {body: once}", "reply: {body: changed}", ("changed", {"n": 8})),
    ],
    ids=["a line above", "a rule above", "a rule gone", "the rules changed"],
)
def test_a_reload_keeps_the_counts_of_rules_that_stay_what_they_are(
    small: Emulated, tmp_path: Path, before: str, after: str, again: tuple[object, object]
) -> None:
    story = tmp_path / "story.yaml"
    text = story.read_text() + COUNTED
    for each in (text, text.replace(before, after)):
        story.write_text(each)
        application = build(Settings(scenarios=(str(story),), reload=False), small.clock)
        small.adopt(application.playbook)
        if each == text:
            assert [say(small, {"n": n}) for n in (7, 8)] == ["once", "once"]
    assert (say(small, {"n": 7}), say(small, {"n": 8})) == again


def test_a_wrong_reload_leaves_everything_as_it_was(
    tmp_path: Path, small: Emulated, caplog: pytest.LogCaptureFixture
) -> None:
    story = tmp_path / "story.yaml"
    application = build(Settings(scenarios=(str(story),), reload=False))
    before = application.playbook, application.pipeline
    right = story.read_text()
    story.write_text(right + "rulez: []\n")
    with caplog.at_level(logging.INFO, "emulator"):
        assert not application.reload()
        assert (application.playbook, application.pipeline) == before
        story.write_text(right)
        assert application.reload()
    assert application.playbook is not before[0]
    first, second = caplog.messages
    assert first.startswith("invalid scenarios; the previous version stays active:\n")
    assert f"{story}:5:1: unknown key 'rulez'" in first
    assert second == "reloaded: story"


def test_the_folders_of_all_files_are_watched(small: Emulated, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "words.yaml").write_text("[]\n")
    path = tmp_path / "small.yaml"
    path.write_text(path.read_text().replace("{tokens: {}}", "{tokens: {}, words: {from: data/words.yaml}}"))
    application = build(Settings(scenarios=(str(tmp_path / "story.yaml"),), reload=False))
    assert application.watched() == {tmp_path, tmp_path / "data"}


def test_wrong_scenarios_build_nothing(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("scenario: wrong\n")
    with pytest.raises(DocumentError, match=r"wrong\.yaml:1:1: this scenario serves no API; add"):
        build(Settings(scenarios=(str(path),)))
