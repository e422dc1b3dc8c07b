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


def test_all_join_again_when_the_server_has_lost_them() -> None:
    presence = Presence()
    presence.join()
    presence.place(("other",), {"pid": 1})
    presence.begin_again()
    assert (presence.joined, presence.workers) == (False, {})
