"""The emulator as a test holds it: started in a thread of this process, or attached to where it runs already."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
from types import TracebackType
from typing import Any

from emulator.app import build
from emulator.errors import EmulatorError
from emulator.server.http_server import Server
from emulator.server.listeners import bind
from emulator.server.running import loop_factory
from emulator.settings.listen import Listen
from emulator.settings.options import Settings, load_settings
from emulator.settings.parsers import WebhookTime
from emulator.testing.client import DEFAULT, Client
from emulator.testing.clock import moment
from emulator.testing.connection import chosen_timeout
from emulator.testing.environment import Environment
from emulator.testing.world import Frozen, Scenarios, World, scenario_names

# A test asks for all that it has sent: a journal for 100,000 small exchanges, which takes room only when they come.
JOURNAL = {"journal_entries": 100_000, "journal_bytes": 256 * 2**20}


class Emulator(World):
    """An emulator, seen from one of its worlds.

    `with Emulator() as emulator:` starts one in a thread, on a free port of this machine; `Emulator(url)` attaches to
    a running one. `world` gives another world of the same server, which ends with its `with`.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        world: str = DEFAULT,
        token: str | None = None,
        scenario: Scenarios | None = None,
        scenarios: Scenarios | None = None,
        frozen: Frozen | None = None,
        timeout: float | None = None,
        **options: Any,
    ) -> None:
        """`frozen` is True, or the moment to stand still at; `options` are those of `serve`, such as `seed=7`;
        `timeout` is that of the client and of a start, in real seconds; 0 is no limit.

        Raises ConfigError for an option that is none, ValueError for a running emulator that is to be set up.
        """
        super().__init__(None if url is None else Client(url, world, token, timeout))
        names = scenario_names(scenario, scenarios)
        if url is not None and (names or frozen is not None or options):
            raise ValueError("a running emulator is set up already; make a world: Emulator(url).world('mine', …)")
        self._settings = load_settings(JOURNAL | {"scenarios": names} | options, {})
        self._frozen, self._timeout = frozen, timeout
        self._thread: ServerThread | None = None
        self._ends = False  # with this object, the world ends
        self._environment: Environment | None = None

    @classmethod
    def attach(
        cls,
        url: str | None = None,
        *,
        world: str | None = None,
        token: str | None = None,
        timeout: float | None = None,
    ) -> Emulator:
        """Attach to a running emulator; what is left out comes from EMULATOR_URL, EMULATOR_WORLD and
        EMULATOR_CONTROL_TOKEN.

        Raises ValueError when neither says where it is.
        """
        found = url or os.environ.get("EMULATOR_URL")
        if not found:
            raise ValueError("where is the emulator? Give a URL such as 'http://127.0.0.1:8484', or set EMULATOR_URL")
        world = world or os.environ.get("EMULATOR_WORLD") or DEFAULT
        return cls(found, world=world, token=token or os.environ.get("EMULATOR_CONTROL_TOKEN"), timeout=timeout)

    def start(self) -> Emulator:
        """Start the thread, unless it runs or this is attached. Raises DocumentError when a scenario is invalid."""
        if self._opened is None:
            self._thread = ServerThread(self._settings, timeout=self._timeout)
            self._thread.start()
            token = self._settings.control_token or None
            self._opened = Client(self._thread.url, token=token, timeout=self._timeout)
            if self._frozen is not None and self._frozen is not False:
                self.clock.freeze(None if self._frozen is True else self._frozen)
        return self

    def stop(self) -> None:
        """Stop what was started, end the world that was made, and close the connections; twice is as once."""
        client, self._opened = self._opened, None
        if client is None:
            return
        if self._ends:
            client.delete(f"/worlds/{client.world}")
            return
        client.close()
        if self._thread is not None:
            self._thread.stop()

    def environment(self, api: str | None = None, *, tier: str | None = None, https: bool = False) -> dict[str, str]:
        """Returns the variables by which a process calls this world: those of `env`, and of the API's own client.

        Without an API those of all; the key is of this `tier`, or of the one that the client is given anyway. With
        `https`, calls of the real hosts arrive as well. Raises ValueError for an API that is not served, for a tier
        that no key has, when two APIs want the same variable, and when `https` is wanted of another machine.
        """
        if self._environment is None:
            self._environment = Environment(self, self._settings)
        found = self._environment.variables(api, tier)
        return {**self._environment.proxied({**os.environ, **found}), **found} if https else found

    def world(
        self,
        name: str,
        *,
        scenario: Scenarios | None = None,
        scenarios: Scenarios | None = None,
        frozen: Frozen | None = None,
        seed: int | None = None,
        webhook_time: WebhookTime | None = None,
        owner: str | None = None,
    ) -> Emulator:
        """Make a world of this server, with nothing in it; as a context manager it is deleted at the end.

        Raises ControlError when there is one of this name, which `Emulator(url, world=name)` attaches to, or when a
        scenario is invalid.
        """
        body = {
            "scenarios": scenario_names(scenario, scenarios) or None,
            "seed": seed,
            "webhook_time": webhook_time,
            "owner": owner,
            "frozen": frozen if frozen is None or isinstance(frozen, bool) else moment(frozen),
            "journal_entries": self._settings.journal_entries,
            "journal_bytes": self._settings.journal_bytes,
        }
        self.client.make(f"/worlds/{name}", {each: value for each, value in body.items() if value is not None})
        made = object.__new__(Emulator)
        World.__init__(made, self.client.of(name))
        made._settings, made._frozen, made._thread, made._ends = self._settings, None, None, True
        made._timeout = self._timeout
        made._environment = None
        return made

    def __enter__(self) -> Emulator:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<Emulator {f'{self.url} world={self.name!r}' if self._opened else 'stopped'}>"


class ServerThread:
    """An emulator that serves in the background from `start` to `stop`.

    `sockets` are listening sockets to serve on; without any, a free port of the loopback is taken. It starts, and
    stops, within `timeout`, in real seconds; by default it is what EMULATOR_CLIENT_TIMEOUT says, and 0 is no limit.
    Raises DocumentError when a scenario is invalid.
    """

    def __init__(self, settings: Settings, *sockets: socket.socket, timeout: float | None = None) -> None:
        self._timeout = chosen_timeout(os.environ, timeout)
        self._sockets = list(sockets) or bind(Settings(listen=Listen(port=0)))
        try:
            self._ready = threading.Event()
            app = build(settings)
            state = app.state_file
            self._server = Server(app, self._ready.set, read_timeout=settings.read_timeout, state=state)
        except BaseException:
            self._close()
            raise
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="emulator", daemon=True)

    @property
    def url(self) -> str:
        """Where it listens, such as `http://127.0.0.1:40123`."""
        host, port = self._sockets[0].getsockname()[:2]
        return f"http://{Listen(host, port)}"

    def start(self) -> None:
        """Serve; returns when requests are answered. Raises EmulatorError when that does not come to pass."""
        self._thread.start()
        self._ready.wait(self._timeout)
        if not self._server.started:
            failure = self._failure
            self._failure = None
            self.stop()
            if isinstance(failure, EmulatorError):
                raise failure
            raise EmulatorError(f"the emulator did not start: {failure or 'it took too long'}")

    def settle(self) -> None:
        """Wait until what clients have sent by now, and that they have left, is processed."""
        asyncio.run_coroutine_threadsafe(self._server.settle(), self._loop).result(self._timeout)

    def stop(self) -> None:
        """Stop serving, cutting off what is still being sent. Raises ConfigError when the state can't be kept."""
        self._server.should_exit = True
        self._thread.join(self._timeout)
        self._close()
        failure, self._failure = self._failure, None
        if isinstance(failure, EmulatorError):
            raise failure

    def _close(self) -> None:
        for sock in self._sockets:
            sock.close()

    def _run(self) -> None:
        level = logging.getLogger("uvicorn").level
        try:
            with asyncio.Runner(loop_factory=loop_factory()) as runner:
                self._loop = runner.get_loop()
                runner.run(self._server.serve(self._sockets))
        except BaseException as error:
            self._failure = error
        finally:
            logging.getLogger("uvicorn").setLevel(level)  # a stop turns it down, and others may be using uvicorn too
            self._ready.set()
