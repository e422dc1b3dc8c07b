"""The shell scripts, run in a copy of the checkout with a python that only takes down what it is asked."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ["cat", "chmod", "cksum", "cp", "dirname", "grep", "mkdir", "mktemp", "nproc", "rm", "sh", "tail", "tee"]
REDIS = "not slow and not in_memory"  # the mark of what runs with the state in Redis
NOTED = "#!/bin/sh\necho \"${{0##*/}} $*\" >>'{calls}'\n"
FAKE = r"""#!/bin/sh
case "$*" in
    *"sys.exit(sys.version_info"*) [ ! -f {old} ] || exit 1; exit 0 ;;
    "-c "*) exit 0 ;;
    "--version") echo Python 3.11.0; exit 0 ;;
esac
echo "$*" >>{calls}
case "$*" in
    "-m venv"*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
    *" download "*) [ ! -f {offline} ] || exit 1 ;;
    *install*)
        [ ! -f {broken} ] || {{ rm -f {broken}; exit 1; }}
        [ ! -f {offline} ] || exit 1
        printf '#!/bin/sh\necho "$PWD: $*"\n' >.venv/bin/emulator && chmod +x .venv/bin/emulator ;;
esac
"""


@dataclass(frozen=True)
class Checkout:
    """A copy of the project's scripts; `calls` are the arguments of each python that was run to change something."""

    root: Path
    tools: Path

    @property
    def calls(self) -> list[str]:
        log = self.root / "calls"
        return log.read_text().splitlines() if log.exists() else []

    def setup(self, level: str = "runtime") -> subprocess.CompletedProcess[str]:
        return self.run("setup", level)

    def run(self, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command, environment = [str(self.root / "scripts" / script), *arguments], {"PATH": str(self.tools)}
        return subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    root, tools = tmp_path / "a project", tmp_path / "tools"
    tools.mkdir()
    shutil.copytree(ROOT / "scripts", root / "scripts")
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, root / name)
    for tool in TOOLS:
        (tools / tool).symlink_to(shutil.which(tool) or pytest.fail(f"no {tool} here"))
    marks = {name: f"'{root}/{name}'" for name in ("old", "broken", "calls", "offline")}
    (tools / "python3").write_text(FAKE.format(**marks))
    (tools / "python3").chmod(0o755)
    return Checkout(root, tools)


@pytest.mark.parametrize("script", ["scripts/serve", "scripts/setup", "scripts/test", "scripts/clients", ".ci/run"])
def test_a_script_can_be_run_and_its_syntax_is_right(script: str) -> None:
    path = ROOT / script
    assert os.access(path, os.X_OK)
    shell = "bash" if script == ".ci/run" else "sh"
    assert subprocess.run([shell, "-n", path], check=False).returncode == 0


@pytest.mark.finding("K2")
def test_the_quick_part_of_the_suite_leaves_out_what_is_marked_slow_and_nothing_else() -> None:
    counts = [
        collected("tests/test_scripts.py", "tests/test_dates.py", "-m", mark) for mark in ("", "slow", "not slow")
    ]
    assert counts[0] == counts[1] + counts[2]
    assert counts[2] == collected("tests/test_dates.py") > 0
    assert "-m 'not slow'" in (ROOT / "scripts/test").read_text()


def test_a_run_fails_when_types_are_wrong_and_says_what_is(checkout: Checkout) -> None:
    checkout.setup("dev")
    for tool, script in (("ruff", "exit 0"), ("mypy", "echo a type is wrong; exit 1")):
        path = checkout.root / ".venv/bin" / tool
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
    done = checkout.run("test", "--quick")
    assert done.returncode == 1
    assert "a type is wrong" in done.stdout
    assert "types     FAILED" in done.stdout.partition("== summary")[2]


@pytest.mark.parametrize(
    ("option", "marks", "measured"),
    [
        ([], [None, REDIS], 0),
        (["--coverage"], ["not slow or measured", "slow and not measured", REDIS], 1),
    ],
    ids=["whole", "coverage"],
)
def test_a_whole_run_leaves_no_test_out_and_ends_with_redis(
    checkout: Checkout, option: list[str], marks: list[str | None], measured: int
) -> None:
    checkout.setup("dev")
    for tool in ("ruff", "mypy", "coverage", "redis-server"):
        path = (checkout.tools if tool == "redis-server" else checkout.root / ".venv/bin") / tool
        path.write_text(NOTED.format(calls=checkout.root / "calls"))
        path.chmod(0o755)
    before = len(checkout.calls)
    done = checkout.run("test", *option)
    assert done.returncode == 0, done.stdout + done.stderr
    runs = checkout.calls[before:]
    assert runs[:2] == ["ruff format --check .", "ruff check ."]
    assert sum(run.startswith("mypy") for run in runs) == 1
    tests = [run for run in runs if "-m pytest" in run]
    selected = [re.search(r"pytest .*-m ([a-z_ ]+?)(?= -| tests/|$)", run) for run in tests]
    assert [found and found[1] for found in selected] == marks
    assert "--store redis --workers 2" in tests[-1]
    assert sum(run.startswith("coverage run -m pytest") for run in runs) == measured
    assert runs.count("coverage report") == measured


def collected(*arguments: str) -> int:
    """How many tests pytest collects."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", *arguments]
    env = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # they take seconds to import, and collect nothing here
    listed = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True).stdout
    return sum("::" in line for line in listed.splitlines())


def test_two_workers_without_a_store_are_refused_with_a_reason() -> None:
    command = [sys.executable, "-m", "pytest", "--workers", "2", "tests/test_dates.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (4, "")
    assert "--workers 2 needs --store redis: two workers have no state in common without a store" in done.stderr


def test_set_up_makes_the_environment_and_installs_what_is_pinned(checkout: Checkout) -> None:
    done = checkout.setup()
    assert done.returncode == 0, done.stderr
    assert "Setting up .venv with Python 3.11.0" in done.stderr
    assert checkout.calls[0] == "-m venv --clear .venv" or checkout.calls[1] == "-m venv --clear .venv"
    installs = [call for call in checkout.calls if " install " in call]
    assert len(installs) == 2
    assert all("-c constraints.txt" in install for install in installs)


def test_a_second_set_up_does_nothing_and_says_nothing(checkout: Checkout) -> None:
    checkout.setup()
    before = checkout.calls
    done = checkout.setup()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert checkout.calls == before


def test_serve_sets_up_and_passes_its_arguments_on_in_the_folder_it_was_called_from(checkout: Checkout) -> None:
    done = checkout.run("serve", "--scenario", "my story.yaml")
    assert done.stdout == "/: serve --scenario my story.yaml\n"


@pytest.mark.parametrize("name", ["constraints.txt", "pyproject.toml"])
def test_a_change_of_what_is_needed_is_installed(checkout: Checkout, name: str) -> None:
    checkout.setup()
    with (checkout.root / name).open("a") as file:
        file.write("# changed\n")
    before = len(checkout.calls)
    assert checkout.setup().returncode == 0
    assert any(" install " in call for call in checkout.calls[before:])


def test_a_set_up_that_failed_half_way_is_taken_up_again(checkout: Checkout) -> None:
    (checkout.root / "broken").touch()
    failed = checkout.setup()
    assert failed.returncode == 1
    assert "Run the same command again" in failed.stderr
    before = len(checkout.calls)
    assert checkout.setup().returncode == 0
    assert any(" install " in call for call in checkout.calls[before:])


@pytest.mark.finding("J1")
def test_without_a_network_the_true_reason_is_given(checkout: Checkout) -> None:
    (checkout.root / "offline").touch()
    failed = checkout.setup()
    assert failed.returncode == 1
    assert "error: pip reaches no package index" in failed.stderr
    assert "a network is needed, the first time" in failed.stderr
    (checkout.root / "offline").unlink()
    assert checkout.setup().returncode == 0


def test_what_tests_need_is_more_than_what_serving_needs(checkout: Checkout) -> None:
    checkout.setup("runtime")
    before = len(checkout.calls)
    checkout.setup("dev")
    assert len(checkout.calls) > before
    before = len(checkout.calls)
    checkout.setup("runtime")
    assert len(checkout.calls) == before


def test_a_checkout_that_was_moved_is_set_up_again(checkout: Checkout) -> None:
    checkout.setup()
    moved = Checkout(checkout.root.parent / "elsewhere", checkout.tools)
    checkout.root.rename(moved.root)
    checkout.root.mkdir()
    assert "Setting up" in moved.setup().stderr


def test_without_a_python_that_is_new_enough_the_message_says_what_to_do(checkout: Checkout) -> None:
    (checkout.root / "old").touch()
    done = checkout.setup()
    assert done.returncode == 1
    assert "Python 3.11 or later is needed" in done.stderr
    assert "PYTHON=/path/to/python3.11" in done.stderr
    assert not (checkout.root / ".venv").exists()
