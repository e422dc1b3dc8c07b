"""The promises of the container image, read from the Dockerfile: small, nobody's root, healthy, nothing written."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from emulator.settings.options import Settings

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "Dockerfile").read_text()
LINES = [line for line in re.sub(r"\\\n\s*", "", TEXT).splitlines() if line and not line.startswith("#")]
SECOND = [number for number, line in enumerate(LINES) if line.startswith("FROM ")][1]
BUILD, FINAL = LINES[:SECOND], LINES[SECOND:]


def final(instruction: str) -> list[str]:
    """What stands after an instruction of the final stage, each time it is given."""
    return [line.removeprefix(instruction).strip() for line in FINAL if line.startswith(instruction + " ")]


def test_the_image_starts_from_slim_python() -> None:
    assert BUILD[0] == "FROM python:3.12-slim AS build"
    assert final("FROM") == ["python:3.12-slim"]


def test_what_builds_the_wheel_stays_behind() -> None:
    assert any("hatchling build -t wheel" in line for line in BUILD)
    assert final("COPY") == ["--from=build /opt/emulator /opt/emulator"]
    assert final("RUN") == []


def test_the_versions_are_the_pinned_ones() -> None:
    installs = re.findall(r"install (.*?)(?: && |$)", " ".join(line for line in BUILD if line.startswith("RUN ")))
    assert len(installs) == 3
    assert [install for install in installs if "-c constraints.txt" not in install] == [
        "--no-cache-dir --no-deps /wheel/*.whl"
    ]


@pytest.mark.finding("J1")
def test_a_change_of_the_code_leaves_the_layer_of_the_dependencies_as_it_is() -> None:
    copies = [number for number, line in enumerate(BUILD) if line.startswith("COPY ")]
    assert [BUILD[number] for number in copies] == ["COPY pyproject.toml constraints.txt ./", "COPY . ."]
    assert "-r requirements.txt" in BUILD[copies[0] + 1]
    assert "-r requirements.txt" not in BUILD[copies[1] + 1]


def test_it_speaks_https_with_an_authority_in_a_folder_to_be_mounted() -> None:
    assert any(line.endswith("--no-deps /wheel/*.whl") for line in BUILD)
    assert any("EMULATOR_AUTHORITY=/authority" in line for line in final("ENV"))


def test_it_does_not_run_as_root() -> None:
    (user,) = final("USER")
    assert all(int(number) >= 1000 for number in user.split(":"))


def test_it_writes_nothing_so_that_the_root_may_be_read_only() -> None:
    assert "PYTHONDONTWRITEBYTECODE=1" in " ".join(final("ENV"))
    assert final("VOLUME") == []


def test_it_serves_on_the_default_port_of_every_address() -> None:
    (entry,), (command,), (port,) = final("ENTRYPOINT"), final("CMD"), final("EXPOSE")
    assert json.loads(entry) == ["emulator"]
    assert json.loads(command) == ["serve"]
    assert any(f"EMULATOR_LISTEN=0.0.0.0:{Settings().listen.port}" in line for line in final("ENV"))
    assert port == str(Settings().listen.port)


@pytest.mark.finding("J1")
def test_its_health_is_asked_by_the_emulator_where_its_first_process_listens() -> None:
    (check,) = final("HEALTHCHECK")
    assert json.loads(check[check.index("CMD") + 3 :]) == ["emulator", "health", "--pid", "1"]


def test_only_what_the_wheel_needs_reaches_the_build() -> None:
    listed = (ROOT / ".dockerignore").read_text().split()
    allowed = {line[1:] for line in listed if line.startswith("!")}
    assert "*" in listed
    package = {"emulator", "fixtures", "pytest_ai_api_emulator.py", "scenarios"}
    assert allowed == package | {"constraints.txt", "LICENSE", "pyproject.toml", "README.md"}


@pytest.mark.parametrize("word", ["curl", "apt-get", "--privileged", "ADD http"])
def test_nothing_more_is_fetched(word: str) -> None:
    assert word not in TEXT


def test_the_image_says_what_it_is() -> None:
    (label,) = final("LABEL")
    assert 'org.opencontainers.image.licenses="MIT"' in label
    assert 'org.opencontainers.image.title="ai-api-emulator"' in label
