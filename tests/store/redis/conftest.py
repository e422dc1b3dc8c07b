"""What the tests of state in Redis share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.redis_server import MISSING, Server, installed


@pytest.fixture
def server() -> Iterator[Server]:
    """A server of the test's own, which keeps nothing."""
    if not installed():
        pytest.skip(MISSING)
    own = Server()
    yield own
    own.end()
