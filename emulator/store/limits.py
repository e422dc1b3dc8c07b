"""Rate limits and budgets: what a caller may still do. All counters are checked together and charged together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any, TypeAlias

from msgspec import Struct

from emulator.errors import ApiError
from emulator.playbook.limits import AtOnce, Limit, Rolls, Spends, written
from emulator.store.backend import Backend, Charge, Window
from emulator.store.rolling import window_end

Stand: TypeAlias = tuple[int, float]  # how much of a counter is used, and when it resets
States: TypeAlias = dict[str, dict[str, Any]]
Jobs: TypeAlias = Mapping[str, int]  # by counter: how many jobs are under way, of what it limits
NO_JOBS: Jobs = {}


class Allowance(Struct):
    """What was charged for one request, by counter (empty: nothing was), and how each counter stood after it.

    `stands` says how much of each limit was used, and when it resets; `charged` names them in the same order, unless
    nothing was charged. `at` is the moment of the request. A `holder` is the subject that gets back what it was charged
    for being under way, but for the kinds of job that have `begun`.
    """

    limits: Sequence[Limit]
    charged: Mapping[str, int]
    stands: Sequence[Stand]
    at: float
    charged_at: float = 0.0  # 0: at that moment too
    holder: str = ""
    begun: tuple[str, ...] = ()
    known: States | None = None  # the states, once they were asked for

    @classmethod
    def of_nothing(cls, limits: Sequence[Limit], states: States) -> Allowance:
        """Returns the allowance of a request that was charged nothing, whose counters stand like this."""
        return cls(limits, {}, (), 0.0, known=states)

    @property
    def states(self) -> States:
        """Maps a counter's name to {limit, remaining, reset, used, retry_after}: `reset` is a whole second since the
        epoch, `retry_after` seconds after the request came, rounded up, and never more than the window has. A budget
        has neither."""
        if self.known is None:  # functools.cached_property takes a lock, which costs more than the states
            self.known = _states(self.limits, self.stands, self.at)
        return self.known


def admit(
    store: Backend,
    subject: str,
    limits: Sequence[Limit],
    cost: Mapping[str, int],
    now: float | None = None,
    jobs: Jobs = NO_JOBS,
) -> Allowance:
    """Charges `cost` (by counter, 0 or more; what it does not name costs 0) to the subject's counters.

    `now` is the moment of the request, which `Date` is made from too; `jobs` are under way beside what is counted.
    Raises ApiError when one counter refuses; then nothing is charged. It is `payment_required` for a budget, else
    `rate_limited` with retry_after, and has counter, limit and limits (the states).
    """
    if now is None:
        now = store.clock.now()
    charges: list[Charge] = []
    for each in limits:
        amount = each.amount if not jobs else each.amount - jobs.get(each.name, 0)
        charges.append(
            (f"{each.owner or subject}/{each.name}", amount, each.pace or each.seconds, cost.get(each.name, 0))
        )
    windows = store.windows.charge(charges, now)
    if jobs:
        for each, window in zip(limits, windows, strict=True):
            window.used += jobs.get(each.name, 0)
    stands = []
    for window in windows:
        if window.refused:
            raise _refusal(limits, cost, windows, now)
        stands.append((window.used, window.resets_at))
    return Allowance(limits, cost, stands, now)


def settle(
    store: Backend, subject: str, allowance: Allowance, amounts: Mapping[str, int], now: float | None = None
) -> Allowance:
    """Settles the charge on what the request really took: `amounts` by counter; what it does not name stays as charged.

    The difference belongs to the window that was charged; when that is over, there is nothing to settle.
    """
    if now is None:
        now = store.clock.now()
    stands, charged_at = list(allowance.stands), allowance.charged_at or allowance.at
    now_charged = {**allowance.charged, **amounts}
    for index, limit in enumerate(allowance.limits):
        name, pace = limit.name, limit.pace
        amount = amounts.get(name)
        if amount is None or not (difference := amount - allowance.charged.get(name, 0)):
            continue
        if pace is None or not isinstance(pace, Rolls):
            window = store.windows.settle(f"{subject}/{name}", difference, stands[index][1], now)
        elif isinstance(pace, AtOnce):
            now_charged[name] -= difference  # until it has ended: see `release`
            continue
        else:
            counter = f"{limit.owner or subject}/{name}"
            window = store.windows.settle_rolling(counter, pace, difference, charged_at, now)
        if window is not None:
            stands[index] = window.used, window.resets_at
    return Allowance(allowance.limits, now_charged, stands, now, charged_at, allowance.holder, allowance.begun)


def release(store: Backend, allowance: Allowance, of: str = "") -> None:
    """Gives back what a response had as long as it was under way; or what it had for a job `of` a kind that has begun,
    and counts itself from here on."""
    for limit in allowance.limits:
        if not isinstance(limit.pace, AtOnce) or limit.pace.of in allowance.begun or (of and limit.pace.of != of):
            continue
        if cost := allowance.charged.get(limit.name):
            store.windows.settle_rolling(f"{allowance.holder}/{limit.name}", limit.pace, -cost, allowance.at)
    if of:
        allowance.begun += (of,)


def states(store: Backend, subject: str, limits: Sequence[Limit], jobs: Jobs = NO_JOBS) -> States:
    """Returns how a subject's counters stand, charging nothing; one whose window has not begun has all left."""
    now = store.clock.now()
    stands = []
    for at in limits:
        pace = at.pace or at.seconds
        window = store.windows.peek(f"{at.owner or subject}/{at.name}", pace, now) or Window(0, window_end(pace, now))
        stands.append((window.used + jobs.get(at.name, 0), window.resets_at))
    return _states(limits, stands, now)


def delay_seconds(wait: float, least: int = 0) -> int:
    """Returns a wait in seconds as `Retry-After` has it: in whole ones, at least `least` (RFC 9110 section 10.2.3).

    It is rounded up, because a client that waits as long as it says must not come too early.
    """
    return max(least, ceil(wait))


def _states(limits: Sequence[Limit], stands: Sequence[Stand], now: float) -> States:
    states = {}
    for limit, (used, resets_at) in zip(limits, stands):  # noqa: B905 (as many, and made for most responses)
        amount, left = limit.amount, resets_at - now
        if left > limit.seconds:
            left = limit.seconds
        if limit.pace is not None:
            left = round(left, 6)
        remaining = amount - used if amount > used else 0
        state: dict[str, Any] = {
            "limit": amount,
            "remaining": remaining,
            "reset": ceil(resets_at),
            "used": used,
            "retry_after": delay_seconds(left, 1),
        }
        if limit.parts != 1:
            state = {"limit": limit.shown(amount), "remaining": limit.shown(remaining), "used": limit.shown(used)}
            state |= {"reset": None, "retry_after": None}
        states[limit.name] = state
    return states


def _refusal(limits: Sequence[Limit], costs: Mapping[str, int], windows: Sequence[Window], now: float) -> ApiError:
    """The error of the counter that holds it up longest: one that never lets it pass, or the last to reset."""
    states = _states(limits, [(window.used, window.resets_at) for window in windows], now)
    refused = [(limit, window) for limit, window in zip(limits, windows, strict=True) if window.refused]
    for limit, window in refused:
        if isinstance(limit.pace, Spends):
            return _unpaid(limit, window.used, states)
        if window.wait is not None:
            states[limit.name]["retry_after"] = delay_seconds(window.wait, 1)
    limit, window = max(refused, key=lambda pair: (costs[pair[0].name] > pair[0].amount, _again(pair[1], now)))
    cost = costs[limit.name]
    wait = states[limit.name]["retry_after"]
    if cost > limit.amount:
        detail = f"This request costs {cost:,} {limit.name}, and the limit is {limit.said}: it can never be admitted."
    else:
        more = "" if cost == 1 else f" and this request costs {cost:,}"
        detail = (
            f"Rate limit reached for {limit.name}: {window.used:,} of {limit.said} used{more}; try again in {wait:,} s."
        )
    return ApiError("rate_limited", detail, limit=limit.amount, counter=limit.name, retry_after=wait, limits=states)


def _unpaid(limit: Limit, used: int, states: States) -> ApiError:
    """The error of a budget of which nothing is left."""
    spent, budget = written(limit.shown(used)), written(limit.shown(limit.amount))
    detail = f"Nothing is left of the {limit.name}: {spent} of {budget} spent."
    return ApiError("payment_required", detail, limit=limit.shown(limit.amount), counter=limit.name, limits=states)


def _again(window: Window, now: float) -> float:
    """When a charge that was refused would fit."""
    return window.resets_at if window.wait is None else now + window.wait
