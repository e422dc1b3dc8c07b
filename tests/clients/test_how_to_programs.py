"""The how-tos for Go and Java: their programs and tests, as printed, run under `emulator run`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients.conftest import SHORT_LIVED, tool
from tests.pages import ROOT, blocks

pytestmark = pytest.mark.slow

PAGES = ROOT / "docs" / "how-to"
JARS = Path("/usr/share/java")
JUNIT = (
    "junit-jupiter-api", "junit-jupiter-engine", "junit-jupiter-params", "junit-platform-commons",
    "junit-platform-console", "junit-platform-engine", "junit-platform-launcher", "junit-platform-reporting",
    "apiguardian-api", "opentest4j", "opentest4j-reporting-events", "opentest4j-reporting-schema", "picocli",
    "univocity-parsers",
)  # fmt: skip


def write_files(page: Path, language: str, folder: Path) -> list[str]:
    """Writes the files of a page, each under the name in its first line; returns their names."""
    names = []
    for block in blocks(page):
        if block.language == language:
            name = block.text.splitlines()[0].removeprefix("// ")
            (folder / name).write_text(block.text)
            names.append(name)
    return names


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """The command under `emulator run`, with a certificate authority of this test's own."""
    return subprocess.run(
        [sys.executable, "-m", "emulator", "run", "--expect-calls", "--", *command],
        cwd=folder,
        env=os.environ | {"XDG_DATA_HOME": str(folder / "authority"), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_module_of_the_page_about_go_passes_its_tests(tmp_path: Path) -> None:
    tool("go")
    names = write_files(PAGES / "go.md", "go", tmp_path)
    assert names == ["summaries.go", "emulator_test.go", "summaries_test.go"]
    (tmp_path / "go.mod").write_text("module example.com/summaries\n\ngo 1.19\n")
    done = run(tmp_path, "go", "test", "-count=1", "-v", "./...")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("--- PASS: ") == 3
    formatted = subprocess.run(["gofmt", "-l", "."], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert formatted.stdout == ""


def test_the_classes_of_the_page_about_java_pass_their_tests(tmp_path: Path) -> None:
    tool("javac")
    if not all((JARS / f"{name}.jar").exists() for name in JUNIT):
        pytest.skip("JUnit is not installed; on Debian and Ubuntu: apt-get install junit5")
    names = write_files(PAGES / "java.md", "java", tmp_path)
    assert names == ["Summaries.java", "World.java", "SummariesTest.java"]
    classpath = ":".join([".", *(str(JARS / f"{name}.jar") for name in JUNIT)])
    subprocess.run(
        ["javac", *(f"-J{each}" for each in SHORT_LIVED), "-cp", classpath, *names], cwd=tmp_path, check=True
    )
    launcher = "org.junit.platform.console.ConsoleLauncher"
    words = ("-cp", classpath, launcher, "-c", "SummariesTest", "--disable-ansi-colors")
    done = run(tmp_path, "java", *SHORT_LIVED, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[         3 tests successful      ]" in done.stdout
