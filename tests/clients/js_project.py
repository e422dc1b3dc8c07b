"""A project of a user of the npm package: what `npm pack` makes, installed in a folder of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from msgspec import Struct

from tests.chromium import CHROMIUM
from tests.clients.conftest import PATIENCE, ROOT, made, plain, tool
from tests.fork_server import command, quiet_environment, read_at_start
from tests.waiting import CLIENT_TIMEOUT

PACKAGE = ROOT / "clients" / "js"
EXAMPLES = PACKAGE / "examples"
RUNNERS = {
    "vitest": ["vitest/vitest.mjs", "run"],
    "jest": ["jest/bin/jest.js"],
    "playwright": ["@playwright/test/cli.js", "test", "--reporter=line"],
}


class Project(Struct, frozen=True):
    """A folder with node_modules; everything runs in it."""

    folder: Path

    def run(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """A command to its end; an emulator that it starts is ours."""
        quiet = quiet_environment()
        variables = {
            **plain(self.folder),
            **read_at_start(quiet),
            CLIENT_TIMEOUT: quiet[CLIENT_TIMEOUT],
            "EMULATOR_COMMAND": " ".join(command(quiet)),
            "NO_COLOR": "1",
            **more,
        }
        return subprocess.run(
            words,
            cwd=self.folder,
            env={name: value for name, value in variables.items() if value},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def tests(self, runner: str, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """All tests of the project."""
        program, *rest = RUNNERS[runner]
        of_runner = {
            "jest": {"NODE_OPTIONS": "--experimental-vm-modules"},
            "playwright": {"CHROMIUM": CHROMIUM or tool("chromium")},
        }
        variables = of_runner.get(runner, {}) | more
        return self.run(tool("node"), str(self.folder / "node_modules" / program), *rest, *words, **variables)

    def add(self, *files: Path) -> None:
        """Copies files into the folder."""
        for file in files:
            shutil.copy(file, self.folder)


def packed(folder: Path) -> Path:
    """The tarball that `npm pack` makes of the package, in an empty folder."""
    done = subprocess.run(
        [tool("npm"), "pack", str(PACKAGE), "--json", "--offline"],
        cwd=folder,
        env=plain(folder),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    return folder / str(json.loads(done.stdout)[0]["filename"])


def project(folder: Path, tarball: Path) -> Project:
    """A project in an empty folder that has the package, and the tools that scripts/clients has installed."""
    tools = made("js") / "node_modules"
    (folder / "package.json").write_text(json.dumps({"private": True, "type": "module"}))
    made_project = Project(folder)
    install = ["install", "--offline", "--no-audit", "--no-fund", "--no-package-lock", "--legacy-peer-deps"]
    done = made_project.run(tool("npm"), *install, str(tarball))
    assert done.returncode == 0, done.stderr
    for name in os.listdir(tools):
        if name != ".bin" and not (folder / "node_modules" / name).exists():
            (folder / "node_modules" / name).symlink_to(tools / name)
    return made_project


def copied(of: Project, folder: Path) -> Project:
    """The same project in another empty folder: npm takes seconds."""
    shutil.copytree(of.folder, folder, symlinks=True, dirs_exist_ok=True)
    return Project(folder)


def example(of: Project, runner: str) -> Project:
    """The project with the files of an example."""
    of.add(*(EXAMPLES / runner).iterdir())
    if runner == "jest":
        of.add(EXAMPLES / "vitest" / "client.js")
    return of
