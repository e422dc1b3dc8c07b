"""docs/how-to/testcontainers.md: its files run as printed, with the real library and a stand-in for Docker's API."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.clients.conftest import CLIENTS
from tests.clients.docker_daemon import daemon
from tests.pages import ROOT, blocks
from tests.reader import pytest_command

pytestmark = pytest.mark.slow

PAGE = ROOT / "docs" / "how-to" / "testcontainers.md"


def test_the_fixtures_of_the_page_start_the_image_and_give_each_test_a_world(tmp_path: Path) -> None:
    packages = next(iter(CLIENTS.glob("testcontainers/lib/python*/site-packages")), None)
    if packages is None:
        pytest.skip("run scripts/clients first: it makes .clients/testcontainers")
    for block in blocks(PAGE):
        if block.language == "python":
            (tmp_path / block.text.splitlines()[0].removeprefix("# ")).write_text(block.text)
    with daemon(tmp_path) as (address, docker):
        done = subprocess.run(
            pytest_command("-q", "test_orders.py"),
            cwd=tmp_path,
            env=os.environ
            | {"DOCKER_HOST": address, "TESTCONTAINERS_CONNECTION_MODE": "docker_host", "NO_PROXY": "*"}
            | {"TESTCONTAINERS_RYUK_DISABLED": "true"}  # a container that removes others; here the stand-in does
            | {"PYTHONPATH": f"{ROOT}{os.pathsep}{packages}"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        (container,) = docker.containers.values()
        assert container.config["Env"] == ["EMULATOR_CONTROL_TOKEN=for-these-tests-only"]
        assert list(container.config["ExposedPorts"]) == ["8484/tcp"]
        assert docker.requests[-1].startswith("DELETE /containers/")
        assert container.process is not None
        assert container.process.poll() is not None


def test_the_page_says_which_version_is_tested() -> None:
    pins = (Path(__file__).parent / "constraints-testcontainers.txt").read_text()
    (version,) = [line.partition("==")[2] for line in pins.splitlines() if line.startswith("testcontainers==")]
    assert f"Testcontainers for Python {version.rpartition('.')[0]}" in PAGE.read_text()
