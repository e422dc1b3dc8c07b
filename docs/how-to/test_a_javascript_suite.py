"""Test a JavaScript suite: it runs under `emulator run`, and its world starts with a frozen clock.

`emulator.yaml` beside the suite sets the clock; `emulator run -- npm test` is all that a terminal or CI needs. With
[the npm package](../javascript.md), each test gets its own world.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = """\
clock: 2026-01-01T00:00:00Z, frozen
keys:
  axp_team_key: axp_test_free     # what the program sends, and the demo key that it is like
"""

# The program under test calls the real host; nothing in it knows of the emulator.
SUITE = """\
import assert from 'node:assert';
import { test } from 'node:test';

const ask = () => fetch('https://api.aiexport.io/v2/messages', {
  method: 'POST',
  headers: { 'X-API-Key': 'axp_team_key', 'Content-Type': 'application/json' },
  body: JSON.stringify({ model: 'apex-haiku-4-20250401', messages: [{ role: 'user', content: 'Hello!' }] }),
});

test('the minute of the limit ends when the clock says so', async () => {
  let answer = await ask();
  assert.equal(answer.headers.get('Date'), 'Thu, 01 Jan 2026 00:00:00 GMT');
  while (answer.status === 200) answer = await ask();
  assert.equal(answer.headers.get('Retry-After'), '60');

  const moved = { method: 'POST', body: '{"advance": "60s"}', headers: { 'Content-Type': 'application/json' } };
  await fetch(`${process.env.EMULATOR_URL}/_emulator/clock`, moved);
  answer = await ask();
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('Date'), 'Thu, 01 Jan 2026 00:01:00 GMT');
});
"""


def test_a_suite_starts_at_a_frozen_moment(tmp_path: Path) -> None:
    node = shutil.which("node") or pytest.skip("node is not installed")
    (tmp_path / "emulator.yaml").write_text(PROJECT)
    (tmp_path / "suite.test.mjs").write_text(SUITE)

    command = [sys.executable, "-m", "emulator", "run", "--expect-calls", "--", node, "--test", "suite.test.mjs"]
    environment = os.environ | {"XDG_DATA_HOME": str(tmp_path)}  # a certificate authority for this test alone
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "set up by emulator.yaml" in done.stderr
