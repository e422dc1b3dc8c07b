"""The bounds of the rules: from where on something is found. Each is one number that whoever asks may set otherwise."""

from __future__ import annotations

from msgspec import Struct


class Bounds(Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds are seconds of the world's clock. All are the emulator's own judgement: no API document gives any.

    `slack` is forgiven to a wait for its timers and rounding. Two requests less than `elsewhere` apart that came over
    two connections may be those of two workers, so neither follows from the other. Within `again`, what follows a
    refusal is a retry. `few_waits` waits are needed to see a back-off: the last of them take less than `quick` in all
    when nobody waits, `steady_waits` of less than `patient` and within `jitter` of each other are a fixed pause.
    `storm` attempts within `storm_within` are a storm. Polls of one job are `polls_apart`, but for fewer than
    `quick_polls` in a row, and at most `last_polls` follow the one that tells its end, each within `again`.
    `last_calls` calls may follow the one that is told that its token has expired. `tokens` tokens in a row for one
    call each are a token for every call.
    """

    slack: float = 0.1
    elsewhere: float = 1.0
    again: float = 60.0
    few_waits: int = 3
    quick: float = 0.02
    steady_waits: int = 4
    patient: float = 0.9
    jitter: float = 1.25
    storm: int = 20
    storm_within: float = 10.0
    polls_apart: float = 0.25
    quick_polls: int = 3
    last_polls: int = 4
    last_calls: int = 1
    tokens: int = 4
