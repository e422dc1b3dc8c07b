"""Panels ask again each second while they are shown; what has not changed is not sent again."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Response

from tests.inspector.traffic import address, send
from tests.running import Emulated

pytestmark = pytest.mark.slow
SECOND = 1000  # milliseconds: how often a panel asks


class Watched:
    """A page whose time the test moves on, and what it is answered."""

    def __init__(self, page: Page, url: str, path: str) -> None:
        self.page = page
        self._path = path
        self._answers: list[Response] = []
        page.clock.install()
        page.on("response", lambda answer: self._answers.append(answer))
        with page.expect_response(self._is_wanted):
            page.goto(url)

    def next(self) -> tuple[int, int]:
        """Lets a second pass; returns the status and the size of the body with which the panel is answered."""
        with self.page.expect_response(self._is_wanted) as answer:
            self.page.clock.run_for(SECOND)  # if the panel has not drawn yet, it asks a real second later
        return answer.value.status, answer.value.request.sizes()["responseBodySize"]

    def all(self) -> dict[str, set[tuple[int, int]]]:
        """The statuses and sizes of all answers by path, of the last seconds."""
        found: dict[str, set[tuple[int, int]]] = {}
        for each in self._answers:
            found.setdefault(_path_of(each), set()).add((each.status, each.request.sizes()["responseBodySize"]))
        self._answers.clear()
        return found

    def _is_wanted(self, answer: Response) -> bool:
        return _path_of(answer) == self._path


def _path_of(answer: Response) -> str:
    return answer.url.partition("?")[0].partition("/_emulator")[2]


@pytest.mark.scenario("demo")
@pytest.mark.parametrize("view", ["keys", "faults", "jobs", "webhooks", "worlds", "expectations"])
def test_what_has_not_changed_is_not_sent_again(page: Page, emulator: Emulated, view: str) -> None:
    tab = {"keys": "limits", "expectations": "expected"}.get(view, view)
    watched = Watched(page, address(emulator, f"view={tab}"), f"/{view}")
    watched.next()
    watched.all()
    assert [watched.next() for _ in range(2)] == [(304, 0)] * 2
    asked = watched.all()
    assert {f"/{view}", "/clock", "/clock/due"} <= asked.keys()
    assert set.union(*asked.values()) == {(304, 0)}


def test_what_has_changed_is_sent(page: Page, emulator: Emulated) -> None:
    watched = Watched(page, address(emulator, "view=limits"), "/keys")
    watched.next()
    send(emulator)
    status, size = watched.next()
    assert status == 200
    assert size > 1000
    assert watched.next() == (304, 0)
