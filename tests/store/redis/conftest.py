"""What the tests of state in Redis share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.process import Serving
from tests.redis_server import MISSING, Server, installed

Start = Callable[..., Serving]


@pytest.fixture
def server() -> Iterator[Server]:
    """A server of the test's own, which keeps nothing."""
    if not installed():
        pytest.skip(MISSING)
    own = Server()
    yield own
    own.end()


@pytest.fixture
def start(server: Server, tmp_path: Path) -> Iterator[Start]:
    """Starts another process on the store, with these options of `emulator serve`."""
    with ExitStack() as stack:
        started: list[Path] = []

        def one(*options: str) -> Serving:
            started.append(tmp_path / str(len(started)))
            started[-1].mkdir()
            return stack.enter_context(Serving(started[-1], "--store", server.url, *options))

        yield one
