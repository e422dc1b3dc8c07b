"""Test a program and its variables: it reads the service's URL and its key from the environment.

With `env=True`, the variables that each API's client reads are set during the test, with a key of its own world.
"""

from __future__ import annotations

import os
import subprocess
import sys

import httpx
import pytest

from emulator import Emulator


# The program under test.
def models() -> list[str]:
    """The ids of the models that the key may use."""
    url, key = os.environ["AIEXPORT_BASE_URL"], os.environ["API_KEY"]
    listed = httpx.get(f"{url}/models", headers={"X-API-Key": key}).raise_for_status().json()["data"]
    return [each["id"] for each in listed]


@pytest.mark.emulator(env=True)
def test_it_lists_the_models(emulator: Emulator) -> None:
    assert "apex-haiku-4-20250401" in models()
    assert len(emulator.requests("models.list")) == 1


def test_it_lists_them_in_a_process_of_its_own(emulator: Emulator) -> None:
    code = "import httpx, os; httpx.get(os.environ['AIEXPORT_BASE_URL'] + '/models').raise_for_status()"
    environment = os.environ | emulator.environment("aiexport", tier="free")
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)

    assert "401 Unauthorized" in done.stderr  # it sends no key
