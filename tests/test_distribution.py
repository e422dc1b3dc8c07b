"""What is published: a wheel that works in an empty folder, and an sdist with everything."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from emulator import __version__
from emulator import paths as resources
from emulator.errors import ConfigError

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent


def run(*command: str, cwd: Path, **environment: str) -> str:
    """What a command prints; the test fails with its complaints when it fails."""
    # An installed copy is not the source whose coverage is measured.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(command, cwd=cwd, env=inherited | environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def files_below(*folders: str) -> set[str]:
    """The files of the checkout below these folders, as paths from its root."""
    return {
        path.relative_to(ROOT).as_posix()
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def build(kind: str, folder: Path) -> Path:
    """The one file that a build with the installed hatchling leaves in the folder; nothing is fetched."""
    run(sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder), cwd=ROOT)
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing in it but the installed wheel."""
    site = tmp_path_factory.mktemp("site")
    pip = (sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-index", "--no-deps")
    run(*pip, "--target", str(site), str(wheel), cwd=site)
    return site


def test_the_wheel_holds_the_package_with_its_scenarios_and_fixtures_and_nothing_else(wheel: Path) -> None:
    package = files_below("emulator") | {"pytest_ai_api_emulator.py"}
    data = {f"emulator/{name}" for name in files_below("scenarios", "fixtures")}
    named = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert named == package | data


def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    folder = f"ai_api_emulator-{__version__}.dist-info"
    about = archive.read(f"{folder}/METADATA").decode()
    assert "\nName: ai-api-emulator\n" in about
    assert "\nLicense-Expression: MIT\n" in about
    assert "\nRequires-Python: >=3.11\n" in about
    assert "emulator = emulator.cli:main" in archive.read(f"{folder}/entry_points.txt").decode()
    assert f"{folder}/licenses/LICENSE" in archive.namelist()
    assert "emulator/py.typed" in archive.namelist()


def imported() -> set[str]:
    """The packages that the emulator imports, at the top of a module or where they are first needed."""
    trees = [ast.parse((ROOT / name).read_text()) for name in files_below("emulator") if name.endswith(".py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = {each.name for node in nodes if isinstance(node, ast.Import) for each in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    found = packages_distributions()
    return {
        found[top][0].lower().replace("_", "-") for top in {name.partition(".")[0] for name in names} if top in found
    }


@pytest.mark.finding("H3")
def test_the_wheel_installs_whatever_it_imports_without_an_extra(wheel: Path) -> None:
    about = zipfile.ZipFile(wheel).read(f"ai_api_emulator-{__version__}.dist-info/METADATA").decode()
    needed = set(re.findall(r"^Requires-Dist: ([\w-]+)[^;\n]*(?:; sys_platform.*)?$", about, re.MULTILINE))
    assert {"certifi", "cryptography", "trustme"} <= needed
    with_others = {"markupsafe", "pydantic-core"}  # come with jinja2 and pydantic
    of_extras = {
        "mcp",
        "prometheus-client",
        "redis",
    }  # imported where they are asked for, which says how to install them
    assert imported() - with_others - of_extras - {"ai-api-emulator", "pytest"} <= needed


@pytest.mark.finding("H3")
def test_the_extra_of_older_installations_is_still_accepted(wheel: Path) -> None:
    about = zipfile.ZipFile(wheel).read(f"ai_api_emulator-{__version__}.dist-info/METADATA").decode()
    assert "\nProvides-Extra: intercept\n" in about


def test_the_sdist_holds_everything_that_the_project_is_made_of(tmp_path: Path) -> None:
    with tarfile.open(build("sdist", tmp_path)) as archive:
        named = {name.partition("/")[2] for name in archive.getnames()}
    wanted = files_below("clients", "emulator", "scenarios", "fixtures", "tests", "benchmarks", "scripts")
    assert wanted <= named
    assert {"README.md", "LICENSE", "CHANGELOG.md", "Dockerfile", "constraints.txt", "pyproject.toml"} <= named
    assert {"action.yml", "compose.yaml", "zensical.toml"} <= named
    assert not [name for name in named if name.startswith(".venv") or name.endswith(".pyc")]


def test_a_wheel_that_is_built_from_the_sdist_is_the_same(wheel: Path, tmp_path: Path) -> None:
    """That is what installers do when they take the sdist."""
    packed, unpacked, built = (tmp_path / name for name in ("packed", "unpacked", "built"))
    with tarfile.open(build("sdist", packed)) as archive:
        archive.extractall(unpacked, filter="data")
    (source,) = unpacked.iterdir()
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(built), cwd=source)
    (again,) = built.iterdir()
    assert contents(again) == contents(wheel)


def contents(wheel: Path) -> dict[str, int]:
    """The files of a wheel, each with the checksum of what is in it."""
    return {each.filename: each.CRC for each in zipfile.ZipFile(wheel).infolist()}


def test_an_installed_wheel_lists_its_routes_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    environment = {"PYTHONPATH": str(installed), "PYTHONDONTWRITEBYTECODE": "1"}
    found = run(sys.executable, "-c", "import emulator; print(emulator.__file__)", cwd=tmp_path, **environment)
    assert Path(found.strip()).is_relative_to(installed)
    routes = run(sys.executable, "-m", "emulator", "routes", cwd=tmp_path, **environment)
    assert re.search(r"\bPOST\s+/v2/messages\b", routes)
    assert list(tmp_path.iterdir()) == []


def test_the_command_is_installed_with_the_wheel(installed: Path, tmp_path: Path) -> None:
    for name in ("emulator", "ai-api-emulator"):  # the second is what `uvx ai-api-emulator` looks for
        shown = run(str(installed / "bin" / name), "--version", cwd=tmp_path, PYTHONPATH=str(installed))
        assert __version__ in shown


def test_an_installed_package_finds_its_data_inside_itself(installed: Path) -> None:
    package = installed / "emulator"
    assert resources.scenarios(package) == package / "scenarios"
    assert resources.fixtures(package) == package / "fixtures"


def test_a_checkout_finds_its_data_beside_the_package() -> None:
    assert resources.scenarios() == ROOT / "scenarios"
    assert resources.fixtures() == ROOT / "fixtures"


def test_a_package_without_its_data_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"the folder 'scenarios' is neither in .* nor beside it"):
        resources.scenarios(tmp_path / "emulator")


def test_the_pinned_versions_name_no_address_and_no_path() -> None:
    pins = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert pins
    assert [pin for pin in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==([0-9]+!)?[A-Za-z0-9.]+", pin)] == []
