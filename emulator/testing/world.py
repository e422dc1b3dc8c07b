"""One world of an emulator, as a test steers and asks it. All of it goes over HTTP, wherever the emulator runs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import msgspec

from emulator.language.document.diagnostics import did_you_mean
from emulator.testing.answers import AddedAnswer, Texts, add_answer
from emulator.testing.client import WORLD_HEADER, Client, ControlError
from emulator.testing.clock import Span, WorldClock
from emulator.testing.exchanges import Exchanges
from emulator.testing.expectations import (
    ExpectationResults,
    Ordered,
    Times,
    add_expectation,
    read_expectations,
)
from emulator.testing.explain import Explained, explain
from emulator.testing.faults import ArmedFault, Patterns, Trigger, arm_fault, armed_faults, duration
from emulator.testing.jobs import Jobs, Webhooks
from emulator.testing.keys import Keys
from emulator.testing.records import Records
from emulator.testing.verdict import Verdict

if TYPE_CHECKING:
    from emulator.worlds.explained import Explanation

PATHS = (".yaml", ".yml")
Name = str | os.PathLike[str]
Scenarios = Name | Sequence[Name]
Frozen = bool | float | str | datetime


class World:
    """Steers one world: its faults, time, scenarios and limits; asks it for requests, webhooks, jobs and a verdict."""

    def __init__(self, client: Client | None) -> None:
        self._opened = client
        self._keys: Keys | None = None

    @property
    def client(self) -> Client:
        """The client of the control API. Raises ControlError before the emulator runs, and after it was stopped."""
        if self._opened is None:
            raise ControlError("this emulator does not run", hint="use it as `with Emulator() as emulator: …`")
        return self._opened

    @property
    def running(self) -> bool:
        """Whether there is a client: the emulator was started, and not stopped since."""
        return self._opened is not None

    # ---------------------------------------------------------------------------------------- where, and who asks
    @property
    def url(self) -> str:
        """Where the emulator is, such as `http://127.0.0.1:8484`."""
        return self.client.url

    @property
    def name(self) -> str:
        """The world's name."""
        return self.client.world

    @property
    def headers(self) -> dict[str, str]:
        """The header that leads a request to this world, for clients whose key does not."""
        return {WORLD_HEADER: self.name}

    @property
    def env(self) -> dict[str, str]:
        """Variables for a process: where the emulator is, its world, and each API's base URL as `<API>_BASE_URL`."""
        apis = {f"{_variable(api)}_BASE_URL": self.base_url(api) for api in self.apis}
        return {"EMULATOR_URL": self.url, "EMULATOR_WORLD": self.name, **apis}

    @property
    def apis(self) -> list[str]:
        """The names of the APIs that are served."""
        return [each["api"] for each in self.client.get("/apis")["apis"]]

    def base_url(self, api: str) -> str:
        """The URL that a client of this API is given. Raises ValueError for an API that is not served."""
        served: dict[str, str] = {each["api"]: each["base_url"] for each in self.client.get("/apis")["apis"]}
        if api not in served:
            raise ValueError(f"no API is called {api!r}; {did_you_mean(api, served)}")
        return self.url + urlsplit(served[api]).path  # by whatever address we have reached it

    def key(self, tier: str, *, api: str | None = None, name: str = "", workspace: str | None = None) -> str:
        """A key of this tier that leads here: who sends it needs no header. It is like the API's own key of that tier.

        The same is given again, unless another `name` or another `workspace` is asked for. Raises ValueError for a tier
        that no key has, or that several APIs have when `api` does not say which is meant.
        """
        if self._keys is None:
            self._keys = Keys(self.client)
        return self._keys.of(tier, api, name, workspace)

    # ---------------------------------------------------------------------------------------- what goes wrong
    def arm(
        self,
        fault: str,
        /,
        on: Patterns = None,
        *,
        key: str | None = None,
        times: int | None = None,
        nth: int | None = None,
        every: int | None = None,
        probability: float | None = None,
        after: Span | None = None,
        for_: Span | None = None,
        params: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> ArmedFault:
        """Arm any fault on operations such as `messages.*`, on all when `on` is left out.

        It strikes the first `times` requests, the `nth`, `every` so many, or by `probability`; from `after` on the
        world's clock, `for_` so long. All other words are the fault's parameters; those that are called like one of
        these go into `params`. Raises ControlError for what is not known, with the nearest name.
        """
        value = {**(params or {}), **{name: value for name, value in more.items() if value is not None}}
        when = Trigger(key, times, nth, every, probability, after, for_)
        return arm_fault(self.client, fault, on, when, value)

    def fail(
        self, on: Patterns = None, *, status: int = 503, retry_after: Span | None = None, **more: Any
    ) -> ArmedFault:
        """Refuse with a status, in the API's own words; `more` as for `arm`, such as `times=2`."""
        back = None if retry_after is None else duration(retry_after)
        return self.arm("status", on, status=status, retry_after=back, **more)

    def cut_stream(
        self, on: Patterns = None, *, events: int | None = None, after: Span | None = None, **more: Any
    ) -> ArmedFault:
        """Deliver exactly so many `events` of a stream, then cut the connection; `more` as for `arm`.

        A number as `after` is an older name of `events`; a text or a timedelta is a time, as for `arm`.
        """
        if isinstance(after, (int, float)):
            if events is not None:
                raise ValueError(
                    f"events={events} and after={after:g} are two numbers of events; a time is '{after:g}s'"
                )
            events, after = int(after), None
        return self.arm("cut_after", on, events=events, after=after, **more)

    def slow(self, on: Patterns = None, *, by: Span | None = None, **more: Any) -> ArmedFault:
        """Begin to answer later: `by="2s"`, or `uniform=["1s", "3s"]`; `more` as for `arm`."""
        return self.arm("latency", on, delay=None if by is None else duration(by), **more)

    @property
    def faults(self) -> list[dict[str, Any]]:
        """The armed faults, each as it was ordered, with its `id`, how often it has `played`, and `used_up` if so."""
        return armed_faults(self.client)

    def disarm(self) -> None:
        """Take all faults back."""
        self.client.delete("/faults")

    # ---------------------------------------------------------------------------------------- what is said
    def answer(
        self,
        prompt: Texts = None,
        answer: str | None = None,
        *,
        contains: Texts = None,
        matches: str | None = None,
        on: Texts = None,
        json: Mapping[str, Any] | None = None,
    ) -> AddedAnswer:
        """Say `answer` to a whole `prompt`, to those that have a text in them, or in which a pattern is found; to every
        prompt when none of the three is given.

        It holds however the API is asked, in the operations `on` if given; `json` is the object of JSON mode. Of
        several that fit, the newest is given. Raises ControlError when it is invalid.
        """
        return add_answer(self.client, prompt, answer, contains, matches, on, json)

    @property
    def answers(self) -> list[dict[str, Any]]:
        """The answers that were added, the newest first, each with its `id`."""
        found: list[dict[str, Any]] = self.client.get("/answers")["answers"]
        return found

    def clear_answers(self) -> None:
        """Remove all answers that were added."""
        self.client.delete("/answers")

    # ---------------------------------------------------------------------------------------- what is played
    def use(self, *scenarios: Name) -> None:
        """Play these scenarios from the next request on; what the world remembers stays."""
        self.client.post("/scenarios/use", {"scenarios": scenario_names(None, scenarios)})

    def put_scenario(self, name: str, source: str | Mapping[str, Any]) -> None:
        """Tell the emulator a scenario, as YAML or as data, that `use` can name from here on."""
        body = {"yaml": source} if isinstance(source, str) else dict(source)
        self.client.put(f"/scenarios/{quote(name, safe='')}", body)

    @property
    def scenarios(self) -> list[str]:
        """What is played, the first wins."""
        return list(self.client.get("/scenarios")["using"])

    @property
    def clock(self) -> WorldClock:
        """The world's time."""
        return WorldClock(self.client)

    def limits(self, key: str, *, api: str | None = None) -> dict[str, Any]:
        """How a key's counters stand: `{"tier": …, "limits": {counter: {"limit", "remaining", "used", "reset"}}}`."""
        result: dict[str, Any] = self.client.get("/limits", key=key, api=api)
        return result

    def set_tier(self, key: str, tier: str, *, api: str | None = None) -> None:
        """Give a key another tier from the next request on."""
        self.client.put("/limits", {"key": key, "tier": tier} | ({"api": api} if api else {}))

    def set_budget(self, key: str, budget: Mapping[str, float], *, api: str | None = None) -> None:
        """Give a key another budget, such as {"credits": 0.05}; what is spent stays spent. {} takes it away."""
        self.client.put("/limits", {"key": key, "budget": dict(budget)} | ({"api": api} if api else {}))

    # ---------------------------------------------------------------------------------------- what has happened
    def requests(
        self, operation: str | None = None, *, api: str | None = None, status: int | None = None, **when: Any
    ) -> Exchanges:
        """The requests that match: by operation, status, or whatever a rule's `when` may ask."""
        conditions = {"operation": operation, "api": api, "status": status, **when}
        return Exchanges(self.client, {name: value for name, value in conditions.items() if value is not None})

    def explain(self, request: Explained) -> Explanation:
        """Say why a request would be answered as it would: nothing is sent, and nothing changes. `str` of it is a text.

        It is httpx's `Request`, a `PreparedRequest` of requests, or `{"method", "path", "headers", "body"}`; one of
        `requests()`, or its number, to say why it was answered so.
        """
        return explain(self.client, request)

    @property
    def webhooks(self) -> Webhooks:
        """The attempts to deliver webhooks."""
        return Webhooks(self.client)

    @property
    def jobs(self) -> Jobs:
        """What the world works at."""
        return Jobs(self.client)

    def records(self, api: str, collection: str) -> Records:
        """What the world remembers in a collection of an API: a mapping from ids to records, read and written."""
        return Records(self.client, api, collection)

    @property
    def verdict(self) -> Verdict:
        """What the client did that the real service would not forgive; `verdict.ok` when that is nothing."""
        return self.judge()

    def judge(self, *, ignore: Sequence[str] = (), **bounds: float) -> Verdict:
        """The verdict without the rules to `ignore`, with `bounds` set otherwise: `judge(polls_apart=0.01)`."""
        result = self.client.get("/verdict", ignore=",".join(ignore) or None, **bounds)
        return msgspec.convert(result, Verdict)

    def expect(
        self,
        on: Patterns = None,
        *,
        when: Mapping[str, Any] | None = None,
        times: Times | None = None,
        in_order: Ordered | None = None,
        spent: Mapping[str, Any] | None = None,
        rules: str | Sequence[str] | None = None,
    ) -> str:
        """Expect requests in the end, those that came already included: `expect("batch.create", times=1)`; of the
        fixture, the test fails at its end if they have not come.

        `times` is a number, "never", or bounds such as {"lte": 2}; at least one request when left out. Or expect
        requests `in_order`, amounts `spent`, or named `rules` that have answered. Returns the id. Raises ControlError
        for what can't be expected.
        """
        __tracebackhide__ = True
        given = {"on": on, "when": when, "times": times, "in_order": in_order, "spent": spent, "rules": rules}
        return add_expectation(self.client, given)

    @property
    def rules(self) -> list[dict[str, Any]]:
        """The rules of scenarios in the order in which they are asked, each with how often it has `answered`, of its
        `replies` each, and how often its `faults` have played."""
        found: list[dict[str, Any]] = self.client.get("/rules")["rules"]
        return found

    @property
    def expectations(self) -> ExpectationResults:
        """How the expectations of the scenarios and those that were added stand; `expectations.ok` if all are met."""
        return read_expectations(self.client)

    # ---------------------------------------------------------------------------------------- all of it
    def reset(self) -> None:
        """Let the world begin again: only its scenarios stay. Ask for its keys again: they are made anew, the same."""
        self._keys = None
        self.client.post("/reset")

    def snapshot(self, to: str | os.PathLike[str] | None = None) -> dict[str, Any]:
        """Everything that the world remembers, as JSON; written to a file too, if one is named."""
        taken: dict[str, Any] = self.client.get(f"/worlds/{self.name}/snapshot")
        if to is not None:
            Path(to).write_text(json.dumps(taken))
        return taken

    def restore(self, snapshot: Mapping[str, Any] | str | os.PathLike[str]) -> None:
        """Put the world back to a snapshot, or to that in a file."""
        taken = snapshot if isinstance(snapshot, Mapping) else json.loads(Path(snapshot).read_text())
        self.client.put(f"/worlds/{self.name}/snapshot", taken)


def scenario_names(scenario: Scenarios | None, scenarios: Scenarios | None) -> list[str]:
    """The scenarios by either keyword, paths made absolute. Raises ValueError when both are given."""
    if scenario is not None and scenarios is not None:
        raise ValueError("scenario and scenarios are two words for the same; give one of them")
    value = scenario if scenario is not None else scenarios
    names = [] if value is None else [value] if isinstance(value, (str, os.PathLike)) else list(value)
    return [os.path.abspath(name) if str(name).endswith(PATHS) else str(name) for name in names]


def _variable(api: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in api).upper()
