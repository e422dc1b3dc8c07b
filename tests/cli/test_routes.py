"""Commands that describe what `serve` would serve read the same project file, and keep no state."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.emulate import emulate


@pytest.mark.parametrize("project", ["scenario: story.yaml\n", "scenario: story.yaml\nstate: state.json\n"])
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("routes",), "POST  /echo  echo.create"),
        (("coverage",), "0 of 0 claims served"),
        (("openapi", "demo"), '"operationId": "echo.create"'),
        (("explain", "--", "curl", "http://h/echo", "-d", "a=1"), "echo.create"),
    ],
)
def test_what_is_described_is_that_of_the_project_and_keep_is_for_serve(
    story: Path, monkeypatch: pytest.MonkeyPatch, project: str, words: tuple[str, ...], said: str
) -> None:
    (story.parent / "emulator.yaml").write_text(project)
    monkeypatch.setenv("EMULATOR_KEEP", "1")
    done = emulate(*words)
    assert (done.exit_code, done.stderr) == (0, ""), done.output
    assert said in done.stdout
    assert not (story.parent / "state.json").exists()


def test_keep_is_no_concern_of_certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMULATOR_KEEP", "1")
    done = emulate("certs", "--authority", str(tmp_path / "ca"))
    assert (done.exit_code, done.stderr) == (0, ""), done.output
