"""What a person sees when the server is ready."""

from __future__ import annotations

import json
import logging
import shlex
from pathlib import Path

import pytest

from emulator.cli.output import banner, ready_line, request_log, started
from emulator.clock.world_clock import Clock
from emulator.settings.clock_start import ClockStart
from emulator.settings.options import Settings
from tests.library import STORY, Library, api
from tests.running import Emulated, loaded

KEYS = """\
tiers: {free: {}, pro: {}}
keys:
  short: {workspace: w, tier: free}
  second-of-free: {workspace: w, tier: free}
  a-longer-key: {workspace: w, tier: pro}
  revoked: {workspace: w, tier: pro, status: revoked}
"""


def words(text: str) -> list[str]:
    """The command that is offered, as a shell reads it."""
    return shlex.split(text.partition("try")[2].partition("\n\n")[0].replace("\\\n", " "))


def test_it_names_the_scenario_each_api_its_base_and_its_keys(library: Library) -> None:
    text = banner(library.load(api=api(KEYS + "base: /v1\n")), "127.0.0.1", 8484)
    assert text.splitlines() == [
        "Ready on http://127.0.0.1:8484, scenario story",
        "",
        "Demo 1",
        "  base URL   http://127.0.0.1:8484/v1",
        "  demo keys  short (free), a-longer-key (pro), second-of-free (free)",
        "",
        "Inspector    http://127.0.0.1:8484/_emulator/ui",
        "Ctrl-C stops it.",
    ]


def test_it_says_what_is_unusual_about_the_start(library: Library) -> None:
    playbook, clock = library.load(api=api()), Clock(0.0, 0.0, auto=True)
    assert started(Settings(), "", clock) == {}
    start = started(Settings(state="state.json", keep=True), "emulator.yaml", clock)
    assert banner(playbook, "127.0.0.1", 1, start=start).splitlines()[1:4] == [
        "  project    emulator.yaml",
        "  clock      1970-01-01T00:00:00Z, frozen, auto",
        "  state      state.json, which is kept",
    ]
    ready = json.loads(ready_line(playbook, "127.0.0.1", 1, start=start))
    assert (ready["project"], ready["state"]) == ("emulator.yaml", "state.json, which is kept")
    running = started(Settings(clock=ClockStart(at=5.0)), "", Clock(5.0))
    assert running["clock"].startswith("1970-01-01T00:00:0")
    assert "x1" not in running["clock"]


def test_it_names_every_scenario_that_is_played(library: Library) -> None:
    library.write("apis/demo.yaml", api())
    library.write("story.yaml", STORY)
    library.write("top.yaml", "scenario: top\nabout: x\nextends: story\n")
    assert ", scenario top + story\n" in banner(library.load("top"), "127.0.0.1", 1)


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),
        ("::", "[::1]"),
        ("::1", "[::1]"),
        ("192.168.0.7", "192.168.0.7"),
    ],
)
def test_the_address_is_one_that_can_be_called(library: Library, host: str, shown: str) -> None:
    assert f"Ready on http://{shown}:80," in banner(library.load(api=api()), host, 80)


def test_the_example_is_a_command_for_a_shell(library: Library) -> None:
    text = api("example: {operation: go, headers: {k: '`id` $HOME'}}\n", "go: {route: PUT /a, rules: []}\n")
    command = words(banner(library.load(api=text), "h", 1))
    assert command == ["curl", "-X", "PUT", "http://h:1/a", "-H", "k: `id` $HOME"]
    assert words(banner(library.load(api=api()), "h", 1)) == []


def test_the_banner_of_what_comes_along_fits_on_a_screen() -> None:
    lines = banner(loaded("default"), "127.0.0.1", 8484).splitlines()
    assert sum(-(-len(line) // 80) or 1 for line in lines) <= 24
    assert len(banner(loaded("default"), "0.0.0.0", 8484, "a-token", 8443).splitlines()) <= 24
    assert max(map(len, lines)) <= 120


def test_it_names_three_active_keys_at_most_that_of_examples_first() -> None:
    lines = banner(loaded("default"), "127.0.0.1", 8484).splitlines()
    keys = [line.partition("demo keys  ")[2].split(", ") for line in lines if "demo keys" in line]
    assert [len(each) for each in keys] == [3, 3]
    assert [each[0] for each in keys] == ["aix_test_demo (standard)", "axp_test_pro (pro)"]


def test_as_json_it_is_one_line_with_everything() -> None:
    line = ready_line(loaded("default"), "0.0.0.0", 8484, "a-token", 8443)
    assert "\n" not in line
    ready = json.loads(line)
    assert (ready["ready"], ready["scenarios"]) == ("http://127.0.0.1:8484", ["default"])
    assert ready["apis"]["aiexport"]["base_url"] == "http://127.0.0.1:8484/v2"
    assert ready["apis"]["aiexport"]["keys"]["axp_test_pro"] == "pro"
    assert (ready["control_token"], ready["tls_port"]) == ("a-token", 8443)


def test_it_reports_the_token_of_the_control_api_if_there_is_one() -> None:
    lines = banner(loaded("default"), "0.0.0.0", 8484, "a-token").splitlines()
    assert "Inspector    http://127.0.0.1:8484/_emulator/ui" in lines
    assert "  send       Authorization: Bearer a-token" in lines


def test_the_request_log_leaves_the_warnings_as_they_were_when_it_ends(emulator: Emulated, tmp_path: Path) -> None:
    warnings = logging.getLogger("emulator.requests")
    with (tmp_path / "out").open("w") as out, request_log(emulator.app, {}, out.fileno()):
        assert not warnings.isEnabledFor(logging.WARNING)
    assert warnings.isEnabledFor(logging.WARNING)
