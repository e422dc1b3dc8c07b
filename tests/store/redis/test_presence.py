"""Who uses a world, and who has left it: each once, under a name of its own."""

from __future__ import annotations

from emulator.store.redis.presence import Presence


def test_a_worker_that_leaves_is_reported_once() -> None:
    presence, left = Presence(), list[str]()
    presence.left.append(left.append)
    presence.place(("other",), {"pid": 1})
    assert presence.is_there("other")
    for _ in range(2):
        presence.place(("other",), None)
    assert (left, presence.is_there("other")) == (["other"], False)


def test_a_worker_that_was_taken_to_be_dead_goes_on_under_another_name() -> None:
    presence, left = Presence(), list[str]()
    presence.left.append(left.append)
    presence.join()
    before = presence.worker
    presence.renew()
    assert (left, presence.joined, presence.is_there(before)) == ([before], False, False)
    assert presence.is_there(presence.worker)


def test_those_that_are_not_among_the_living_have_left() -> None:
    presence, left = Presence(), list[str]()
    presence.left.append(left.append)
    presence.join()
    for other in ("alive", "dead"):
        presence.place((other,), {"pid": 1})
    presence.keep({presence.worker, "alive"})
    assert (presence.others(), presence.joined, left) == (["alive"], True, ["dead"])


def test_one_that_has_left_is_not_waited_for_when_its_last_commit_is_heard_of_later() -> None:
    presence = Presence()
    presence.place(("other",), {"pid": 1})
    presence.hear("third")
    for name in ("other", "third"):  # of the third one nothing else was known
        presence.place((name,), None)
        presence.hear(name)
    assert presence.others() == []


def test_one_that_has_just_joined_is_known_by_what_it_commits() -> None:
    presence = Presence()
    presence.hear("other")
    assert presence.others() == ["other"]
    presence.place(("other",), {"pid": 1})
    presence.place(("other",), None)
    assert presence.others() == []
