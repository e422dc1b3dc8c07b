"""The npm package in clients/js: what it consists of, its types, and its own tests against a real server."""

from __future__ import annotations

import filecmp
import json
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from emulator import __version__
from tests.clients.conftest import HERE, PATIENCE, ROOT, made, tool
from tests.clients.js_project import EXAMPLES, PACKAGE, RUNNERS, Project, copied, packed, project
from tests.js_types import FOLDERS
from tests.pages import blocks

pytestmark = pytest.mark.slow

MANIFEST = json.loads((PACKAGE / "package.json").read_text())
TESTS = sorted((PACKAGE / "test").glob("*.test.js"))
LIFETIMES = "^(it (takes|ends|keeps)|a server that) "
CONSUMER = (PACKAGE / "test" / "consumer.ts").read_text()


@pytest.fixture(scope="session")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return packed(tmp_path_factory.mktemp("packed"))


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory, tarball: Path) -> Project:
    return project(tmp_path_factory.mktemp("installed"), tarball)


@pytest.fixture
def consumer(tmp_path: Path, installed: Project) -> Project:
    return copied(installed, tmp_path)


def test_it_is_packed_with_its_sources_and_types_and_nothing_else(tarball: Path) -> None:
    with tarfile.open(tarball) as archive:
        names = {name.removeprefix("package/") for name in archive.getnames()}
    sources = {f"src/{file.name}" for file in (PACKAGE / "src").iterdir()}
    types = {f"types/{Path(name).stem}.d.ts" for name in sources}
    assert names == sources | types | {"openapi/control.d.ts", "package.json", "README.md", "LICENSE"}


def test_its_manifest_is_that_of_the_project() -> None:
    assert MANIFEST["version"] == __version__
    assert "dependencies" not in MANIFEST
    assert (PACKAGE / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()
    pins = json.loads((HERE / "package.json").read_text())["devDependencies"] | MANIFEST["devDependencies"]
    assert [name for name, version in pins.items() if not re.fullmatch(r"[\d.]+", version)] == []
    shared = json.loads((HERE / "package.json").read_text())["devDependencies"]
    for name in ("openapi-typescript", "typescript"):
        assert shared[name] == MANIFEST["devDependencies"][name]


def test_its_types_are_those_of_its_sources_and_of_the_control_api(tmp_path: Path) -> None:
    project_tools(tmp_path)
    # A process of its own: tests of the pytest plugin take modules away, which msgspec looks for.
    command = [sys.executable, "-m", "tests.js_types", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    for folder in FOLDERS:
        compared = filecmp.dircmp(PACKAGE / folder, tmp_path / folder)
        found = (compared.left_only, compared.right_only, compared.diff_files)
        assert found == ([], [], []), "write them anew: python -m tests.js_types"


def project_tools(folder: Path) -> None:
    """A copy of the sources, of which types can be made. Skips the test when there is no compiler."""
    made("js")
    shutil.copytree(PACKAGE / "src", folder / "src")
    shutil.copy(PACKAGE / "tsconfig.json", folder)
    shutil.copy(PACKAGE / "package.json", folder)


@pytest.mark.parametrize("resolution", ["node16", "bundler"])
def test_a_project_under_strict_compiles_with_it(consumer: Project, resolution: str) -> None:
    (consumer.folder / "consumer.ts").write_text(CONSUMER)
    module = "node16" if resolution == "node16" else "esnext"
    options = ["--strict", "--noEmit", "--target", "es2022", "--lib", "es2023", "--types", "node", "--skipLibCheck"]
    compiler = str(consumer.folder / "node_modules" / "typescript" / "bin" / "tsc")
    words = [*options, "--exactOptionalPropertyTypes", "--module", module, "--moduleResolution", resolution]
    done = consumer.run(tool("node"), compiler, *words, "consumer.ts")
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("resolution", ["node16", "bundler"])
def test_its_types_need_no_others(consumer: Project, resolution: str) -> None:
    """Whoever has neither the types of Node nor `skipLibCheck` can use it too."""
    module = "node16" if resolution == "node16" else "esnext"
    options = {"strict": True, "noEmit": True, "target": "es2022", "lib": ["es2022"], "types": [], "module": module}
    config = {"compilerOptions": options | {"moduleResolution": resolution}, "files": ["plain.ts"]}
    (consumer.folder / "tsconfig.json").write_text(json.dumps(config))
    (consumer.folder / "plain.ts").write_text(
        "import { Emulator } from 'ai-api-emulator';\n"
        "import { withEmulator } from 'ai-api-emulator/jest';\n"
        "export const started: Promise<Emulator> = Emulator.start();\n"
        "export const run = withEmulator((emulator) => emulator.reset());\n"
    )
    compiler = str(consumer.folder / "node_modules" / "typescript" / "bin" / "tsc")
    done = consumer.run(tool("node"), compiler, "--project", ".")
    assert (done.returncode, done.stdout) == (0, "")


def test_publint_finds_nothing(consumer: Project, tarball: Path) -> None:
    program = str(consumer.folder / "node_modules" / "publint" / "src" / "cli.js")
    done = consumer.run(tool("node"), program, "run", "--strict", str(tarball))
    assert done.returncode == 0, done.stdout
    assert "All good!" in done.stdout


def test_every_entry_has_the_types_that_attw_expects(consumer: Project, tarball: Path) -> None:
    program = str(consumer.folder / "node_modules" / "@arethetypeswrong" / "cli" / "dist" / "index.js")
    words = ["--profile", "esm-only", "--no-color", "--format", "json", str(tarball)]
    done = consumer.run(tool("node"), program, *words)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("node", ["machine", "current"])
@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.name)
def test_its_own_tests_pass(consumer: Project, file: Path, node: str) -> None:
    consumer.add(file)
    # How processes begin and end may differ between versions of Node; how options are passed on does not.
    chosen = [f"--test-name-pattern={LIFETIMES}"] if (file.name, node) == ("server.test.js", "current") else []
    program = tool("node") if node == "machine" else str(made("node") / "node_modules" / ".bin" / "node")
    done = consumer.run(program, "--test", "--test-reporter=spec", *chosen, file.name)
    assert done.returncode == 0, done.stdout
    assert "fail 0" in done.stdout
    assert not chosen or "pass 5\n" in done.stdout
    assert "skipped 0" in done.stdout


def test_its_own_tests_are_there() -> None:
    assert {file.name for file in TESTS} == {"emulator.test.js", "server.test.js"}


def test_its_readme_names_every_member_and_no_version_that_is_not_tested() -> None:
    text = (PACKAGE / "README.md").read_text()
    declared = re.sub(r"/\*.*?\*/", "", (PACKAGE / "types" / "emulator.d.ts").read_text(), flags=re.DOTALL)
    members = set(re.findall(r"^    (?:static |get )?([a-zA-Z]\w*)(?:\(|:)", declared, re.MULTILINE)) - {"private"}
    assert len(members) > 30
    assert {name for name in members if not re.search(rf"`[^`\n]*\b{name}\b", text)} == set()
    for name in ("vitest", "jest"):
        major = re.search(rf"^\| {name} ([\d.]+) \|", text, re.MULTILINE)
        assert major is not None
        assert MANIFEST["devDependencies"][name].startswith(major[1])
        assert MANIFEST["peerDependencies"][name] == f">={major[1]}"


def test_no_page_says_that_it_is_published() -> None:
    pages = [ROOT / "README.md", PACKAGE / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    assert [
        page.name for page in pages if re.search(r"npm i(nstall)? ([-\w]+ )*ai-api-emulator", page.read_text())
    ] == []


def test_the_blocks_of_its_readme_run(consumer: Project) -> None:
    first, second = (block.text for block in blocks(PACKAGE / "README.md") if block.language == "js")
    asked = "const ask = (url, key) => send(url, key).then((each) => (each.status === 429 ? send(url, key) : each));\n"
    send = (
        "const send = (url, key) => fetch(`${url}/messages`, { method: 'POST', headers: { 'X-API-Key': key,"
        " 'Content-Type': 'application/json' }, body: JSON.stringify({ model: 'apex-haiku-4-20250401', messages:"
        " [{ role: 'user', content: 'Hello!' }] }) });\n"
    )
    (consumer.folder / "first.test.js").write_text(first + send + asked)
    (consumer.folder / "vitest.config.js").write_text((EXAMPLES / "vitest" / "vitest.config.js").read_text())
    done = consumer.tests("vitest")
    assert done.returncode == 0, done.stdout + done.stderr
    (consumer.folder / "second.js").write_text(second)
    done = consumer.run(tool("node"), "second.js")
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v2 axp_test_free_\w+\n", done.stdout), done.stdout + done.stderr


def test_every_page_installs_it_as_the_tests_do() -> None:
    pages = [PACKAGE / "README.md", *(ROOT / "docs" / "how-to" / f"{name}.md" for name in RUNNERS)]
    for page in pages:
        (commands,) = (block.text for block in blocks(page) if "npm install" in block.text)
        assert commands.splitlines()[1] == "npm pack /path/to/checkout/clients/js", page
        assert commands.splitlines()[2].endswith(" ./ai-api-emulator-*.tgz"), page
