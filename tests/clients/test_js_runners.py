"""The npm package in vitest, jest and Playwright: its examples pass, and what goes wrong is reported."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator import Emulator
from tests.clients.conftest import ROOT
from tests.clients.js_project import EXAMPLES, RUNNERS, Project, copied, example, packed, project
from tests.pages import blocks

pytestmark = pytest.mark.slow

SUITES = {"vitest": "client.test.js", "jest": "client.test.js", "playwright": "chat.spec.js"}
PASSED = {"vitest": "5 passed (5)", "jest": "5 passed, 5 total", "playwright": "4 passed"}
# By runner, a test that fails, and one whose expectation is not met although it passes.
FAILING = {
    "vitest": """
import { test } from 'ai-api-emulator/vitest';
import { expect } from 'vitest';
const call = async (emulator) =>
  fetch(`${emulator.baseUrl('aiexport')}/models`, { headers: { 'X-API-Key': await emulator.key('pro') } });
test('it fails', async ({ emulator }) => { expect((await call(emulator)).status).toBe(503); });
test('it expects in vain', async ({ emulator }) => { await emulator.expect({ on: 'batch.create' }); });
""",
    "jest": """
import { withEmulator } from 'ai-api-emulator/jest';
const call = async (emulator) =>
  fetch(`${emulator.baseUrl('aiexport')}/models`, { headers: { 'X-API-Key': await emulator.key('pro') } });
test('it fails', withEmulator(async (emulator) => { expect((await call(emulator)).status).toBe(503); }));
test('it expects in vain', withEmulator(async (emulator) => { await emulator.expect({ on: 'batch.create' }); }));
""",
    "playwright": """
import { expect, test } from 'ai-api-emulator/playwright';
test('it fails', async ({ emulator, request }) => {
  const headers = { 'X-API-Key': await emulator.key('pro') };
  const response = await request.get(`${emulator.baseUrl('aiexport')}/models`, { headers });
  expect(response.status()).toBe(503);
});
test('it expects in vain', async ({ emulator }) => { await emulator.expect({ on: 'batch.create' }); });
""",
}


# By runner, a test that replaces what others call and wait by.
REPLACING = {
    "vitest": """
import { test } from 'ai-api-emulator/vitest';
import { expect, vi } from 'vitest';
test('it works', async ({ emulator }) => {
  vi.useFakeTimers();
  vi.stubGlobal('fetch', () => { throw new Error('replaced'); });
  await emulator.fail('models.list');
  expect(await emulator.requests()).toEqual([]);
  expect(await emulator.faults()).toHaveLength(1);
});
""",
    "jest": """
import { jest } from '@jest/globals';
import { withEmulator } from 'ai-api-emulator/jest';
test('it works', withEmulator(async (emulator) => {
  jest.useFakeTimers();
  globalThis.fetch = () => { throw new Error('replaced'); };
  await emulator.fail('models.list');
  expect(await emulator.requests()).toEqual([]);
  expect(await emulator.faults()).toHaveLength(1);
}));
""",
}


# What Babel and ts-jest do: ES modules become CommonJS.
TO_COMMONJS = """
const { transpileModule } = require('typescript');
const compilerOptions = { module: 'commonjs', target: 'es2022', esModuleInterop: true };
module.exports = { process: (text) => ({ code: transpileModule(text, { compilerOptions }).outputText }) };
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    tarball = packed(tmp_path_factory.mktemp("packed"))
    return project(tmp_path_factory.mktemp("installed"), tarball)


@pytest.fixture(scope="module")
def server() -> Iterator[Emulator]:
    """One for the runs in which it does not matter who has started it."""
    with Emulator() as emulator:
        yield emulator


@pytest.fixture(params=RUNNERS)
def runner(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def suite(tmp_path: Path, installed: Project, runner: str) -> Project:
    return example(copied(installed, tmp_path), runner)


def passing(runner: str) -> str:
    """A suite of one test, which passes: the first of those that fail, with the status that it gets."""
    return FAILING[runner].partition("test('it expects in vain'")[0].replace("503", "200")


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return str(listening.getsockname()[1])


def test_the_examples_pass(suite: Project, runner: str) -> None:
    done = suite.tests(runner, PORT=free_port())
    assert done.returncode == 0, done.stdout + done.stderr
    assert PASSED[runner] in done.stdout + done.stderr


@pytest.mark.parametrize("name", ["vitest", "jest"])
def test_five_tests_take_at_most_sixty_lines(name: str) -> None:
    lines = (EXAMPLES / name / SUITES[name]).read_text().splitlines()
    assert len(re.findall(r"^test\(", "\n".join(lines), re.MULTILINE)) == 5
    assert len(lines) <= 60
    assert max(map(len, lines)) <= 120


def test_a_failed_test_shows_its_requests_and_an_unmet_expectation_fails_one(
    suite: Project, runner: str, server: Emulator
) -> None:
    (suite.folder / SUITES[runner]).write_text(FAILING[runner])
    done = suite.tests(runner, EMULATOR_URL=server.url, PORT=free_port())
    shown = done.stdout + done.stderr
    assert done.returncode == 1
    assert "emulator exchanges" in shown
    assert re.search(r"1  GET /v2/models → 200 in \d\.\d{3} s  \(models\.list\)", shown)
    assert "batch.create" in shown
    assert re.search(r"2 failed", shown), shown


@pytest.mark.parametrize("runner", ["vitest", "jest"], indirect=True)
def test_fake_timers_and_a_replaced_fetch_do_not_affect_it(suite: Project, runner: str, server: Emulator) -> None:
    (suite.folder / SUITES[runner]).write_text(REPLACING[runner])
    done = suite.tests(runner, EMULATOR_URL=server.url)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\b1 passed", done.stdout + done.stderr)


@pytest.mark.parametrize("runner", ["jest"], indirect=True)
def test_jest_takes_it_as_commonjs_as_the_page_says(suite: Project, runner: str, server: Emulator) -> None:
    (line,) = (block.text for block in blocks(ROOT / "docs" / "how-to" / "jest.md") if "Ignore" in block.text)
    assert line.startswith("transformIgnorePatterns")
    config = (suite.folder / "jest.config.js").read_text()
    config = config.replace("export default", "module.exports =").partition("  transform:")[0]
    config += "  transform: { '\\\\.js$': '<rootDir>/to-commonjs.cjs' },\n  " + line + "};\n"
    (suite.folder / "jest.config.js").write_text(config)
    (suite.folder / "to-commonjs.cjs").write_text(TO_COMMONJS)
    (suite.folder / "package.json").write_text("{}")
    done = suite.tests(runner, EMULATOR_URL=server.url, NODE_OPTIONS="")
    assert done.returncode == 0, done.stdout + done.stderr
    assert PASSED[runner] in done.stderr


def test_without_a_server_the_run_says_what_to_start(suite: Project, runner: str) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    done = suite.tests(runner, EMULATOR_URL=url, PORT=free_port())
    shown = done.stdout + done.stderr
    assert done.returncode != 0
    assert f"no emulator answers at {url}: the connection was refused" in shown
    assert "start one with `emulator serve`, or unset EMULATOR_URL" in shown


def test_without_the_global_set_up_a_test_says_what_to_add(suite: Project, runner: str) -> None:
    for config in suite.folder.glob("*.config.js"):
        config.write_text(re.sub(r"globalSetup(: '[^']+')?,|globalTeardown: '[^']+',", "", config.read_text()))
    if runner == "vitest":
        (suite.folder / "vitest.config.js").write_text("export default {};\n")
    (suite.folder / SUITES[runner]).write_text(passing(runner))
    done = suite.tests(runner, PORT=free_port())
    shown = done.stdout + done.stderr
    assert done.returncode == 1
    assert "no emulator runs for these tests: EMULATOR_URL is not set" in shown
    assert re.search(r"add globalSetup.* to have one started", shown)


def test_a_running_server_is_used_and_left_without_worlds(suite: Project, runner: str) -> None:
    (suite.folder / SUITES[runner]).write_text(passing(runner))
    with Emulator() as server:
        done = suite.tests(runner, EMULATOR_URL=server.url, EMULATOR_COMMAND="false", PORT=free_port())
        assert done.returncode == 0, done.stdout + done.stderr
        assert "1 passed" in done.stdout + done.stderr
        assert [world["name"] for world in server.client.get("/worlds")["worlds"]] == ["default"]
        assert len(server.requests()) == 0
