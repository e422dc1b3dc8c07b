"""Values that stay packed until they are asked for."""

from __future__ import annotations

import pickle

from emulator.language.document.builder import Deferred

UNPACKED: list[str] = []


class Loud:
    """Tells when it comes out of a pickle."""

    def __setstate__(self, state: dict[str, object]) -> None:
        UNPACKED.append("unpacked")


def test_a_value_is_itself() -> None:
    value = ["a"]
    assert Deferred(value).value is value


def test_a_packed_value_is_unpacked_once_and_only_when_it_is_asked_for() -> None:
    loud = Loud()
    loud.__dict__["some"] = "state"  # without any, nothing would be set when it is unpacked
    UNPACKED.clear()
    deferred = pickle.loads(pickle.dumps(Deferred(loud)))
    assert UNPACKED == []
    assert deferred.value is deferred.value
    assert UNPACKED == ["unpacked"]
