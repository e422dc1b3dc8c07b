"""Files that scenarios name: read beside the scenario or below, and nowhere else."""

from __future__ import annotations

import pytest

from emulator.language.document.reader import MAX_BYTES
from tests.library import STORY, Library, rule


def test_a_body_may_come_from_a_file_beside_and_is_taken_as_it_stands(library: Library) -> None:
    library.write("apis/said.json", '{"said": "{{ nothing }}", "list": [1, 2.5, null]}')
    playbook = library.load(api=rule("reply: {body: {$from: said.json}}"), story=STORY)
    reply = playbook.apis["demo"].operations["echo.create"].rules.rules[0].reply
    assert reply is not None
    assert reply.body is not None
    assert reply.body.value({}) == {"said": "{{ nothing }}", "list": [1, 2.5, None]}
    assert library.folder / "apis" / "said.json" in playbook.files


def test_a_text_may_come_from_a_file_beside(library: Library) -> None:
    library.write("apis/pages/page.html", "<p>{{ as it stands }}</p>\n")
    reply = library.echo(rule("reply: {text: {$from: pages/page.html}}")).rules.rules[0].reply
    assert reply is not None
    assert reply.text is not None
    assert reply.text.value({}) == "<p>{{ as it stands }}</p>\n"


def test_a_text_in_another_encoding_is_refused(library: Library) -> None:
    (library.folder / "apis").mkdir()
    (library.folder / "apis" / "page.txt").write_bytes(b"gr\xfc\xdfe")
    assert library.refused(api=rule("reply: {text: {$from: «page.txt}}")) == ["'page.txt' is not text in UTF-8"]


def test_a_file_that_leads_out_of_the_folder_is_refused(library: Library) -> None:
    library.write("secret.json", "{}")
    (library.folder / "apis").mkdir()
    (library.folder / "apis" / "link.json").symlink_to(library.folder / "secret.json")
    (message,) = library.refused(api=rule("reply: {body: {$from: «link.json}}"))
    assert message == "'link.json' lies outside the folder of this file"


@pytest.mark.bound("file that `$from` names")
def test_a_file_that_is_too_large_is_refused(library: Library) -> None:
    library.write("apis/large.json", " " * (MAX_BYTES + 1))
    assert library.refused(api=rule("reply: {body: {$from: «large.json}}")) == ["'large.json' has more than 8 MiB"]


@pytest.mark.parametrize("name", ["saif.json", "."])
def test_a_file_that_is_not_there_is_refused_with_the_nearest(library: Library, name: str) -> None:
    library.write("apis/said.json", "{}")
    (message,) = library.refused(api=rule(f"reply: {{body: {{$from: «{name}}}}}"))
    assert "can't be read" in message
    assert ("did you mean 'said.json'?" in message) is (name == "saif.json")
