"""A running emulator is steered from a terminal: each command does what its route does, and says so."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import Result
from msgspec.structs import replace

from tests.apis.aiexport_calls import PRO, asking, caller
from tests.emulate import emulate
from tests.receiver import receiving
from tests.running import Emulated, Running

Said = Callable[..., str]
Refused = Callable[..., str]


def steer(emulator: Emulated, *words: str) -> Result:
    return emulate(*words, "--url", emulator.origin)


@pytest.fixture
def said(emulator: Emulated) -> Said:
    """What a command prints."""

    def run(*words: str) -> str:
        done = steer(emulator, *words)
        assert (done.exit_code, done.stderr) == (0, ""), done.output
        return done.stdout

    return run


@pytest.fixture
def refused(emulator: Emulated) -> Refused:
    """What a command says that is refused."""

    def run(*words: str) -> str:
        done = steer(emulator, *words)
        assert (done.exit_code, done.stdout) == (2, ""), done.output
        return done.stderr

    return run


def test_a_fault_is_armed_listed_and_taken_back(emulator: Emulated, said: Said) -> None:
    assert "id      fault_1\n" in said("arm", "status=503", "--on", "messages.*", "--times", "1")
    client = caller(emulator, PRO)
    assert [client.post("/messages", json=asking()).status_code for _ in range(2)] == [503, 200]
    assert said("faults").splitlines()[1].split() == ["fault_1", "status", "503", "messages.*", "1", "1", "yes"]
    assert said("disarm", "fault_1") == "disarmed  fault_1\n"
    said("arm", "cut_after", "events=3", "--probability", "0.5", "--after", "61", "--for", "1m")
    said("arm", "latency", "lognormal={p50: 2s, sigma: 0.5}")
    (cut, late) = json.loads(said("faults", "--json"))["armed"]
    assert (cut["params"], cut["probability"], cut["after"], cut["for"]) == ({"events": "3"}, 0.5, "61s", "1m")
    assert late["params"] == {"lognormal": {"p50": "2s", "sigma": 0.5}}
    assert said("disarm") == "disarmed  fault_2, fault_3\n"
    assert said("faults") == "no fault is armed\n"
    assert "cut_after" in said("faults", "known")


def test_what_is_unknown_is_refused_with_the_nearest(refused: Refused) -> None:
    assert "did you mean 'cut_after'?" in refused("arm", "cutafter", "events=3")
    assert refused("arm", "status=503", "--on", "mesages.*").startswith("on: no operation is called 'mesages.*'; did")
    assert "did you mean 'freeze'?" in refused("clock", "freze")
    assert "did you mean 'batch'?" in refused("jobs", "--kind", "bacth")
    assert refused("clock", "advance") == "emulator clock advance: expected emulator clock advance TIME\n"
    assert refused("clock", "freeze", "now").startswith("emulator clock freeze now: expected emulator clock freeze")
    assert "it is for `emulator worlds new NAME`" in refused("worlds", "--seed", "4")
    assert refused("jobs", "complete") == "emulator jobs complete: expected emulator jobs complete ID\n"
    assert refused("records", "aixplain").startswith("emulator records aixplain: expected emulator records; emulator ")
    assert refused("arm", "cut_after", "3").startswith(
        "'3' is not PARAM=VALUE; a single value is written cut_after=VALUE"
    )
    assert refused("records", "aixplain", "agents", "--where", "name").count("is not a condition") == 1
    assert refused("use", "nowhere.yaml").count("no such file") == 1
    assert "no world 'nowhere'" in refused("clock", "--world", "nowhere")
    assert refused("records", "put", "aixplain", "agents", "a1", "[]").startswith("the record is '[]'; expected a JSON")
    assert refused("jobs", "start", "batch", "axp_test_pro", "--items", "[").startswith(
        "--items is neither JSON nor YAML: "
    )


def test_a_refusal_names_what_is_typed_in_a_terminal(refused: Refused) -> None:
    assert refused("clock", "--world", "mine").endswith("hint: `emulator worlds new NAME` makes a world\n")
    assert refused("worlds", "delete", "default").endswith("hint: `emulator worlds reset` lets it begin again\n")
    assert refused("limits", "new", "axp_mine_1") == "--like KEY is missing\n"
    assert refused("jobs", "start", "execution", "aix_test_demo").startswith("--result JSON is missing; it is what a")
    assert "the clock only advances; `emulator clock set TIME` sets it back" in refused("clock", "advance", "-5s")
    assert "No such option" in refused("clock", "advance", "5s", "--fast")
    assert refused("clock", "speed", "fast") == "speed: expected a number such as 100; found 'fast'\n"
    assert refused("clock", "advance", "nan").startswith("advance: ")


def test_an_expectation_that_is_wrong_is_named_by_its_key(refused: Refused) -> None:
    said = refused("expect", "add", '{"on": "models.list", "times": "nevr"}')
    assert said.startswith("times: expected a whole number, 'never' or a mapping")
    assert refused("expect", "add", '{"onn": "models.list"}').startswith("unknown key 'onn'; expected one of: on")


def test_a_key_of_another_world_is_led_to_it(said: Said, refused: Refused) -> None:
    said("worlds", "new", "mine")
    said("limits", "new", "mine-key-1", "--like", "axp_test_pro", "--world", "mine")
    lost = refused("limits", "mine-key-1")
    assert "leads to the world 'mine'" in lost
    assert "--world mine" in lost
    assert said("limits", "mine-key-1", "--world", "mine").startswith("name ")
    unknown = refused("limits", "axp_of_nobody")
    assert "is known to no API, and several accept unknown keys; expected one of: aixplain, aiexport" in unknown


def test_yaml_may_be_typed_where_json_may(said: Said, refused: Refused) -> None:
    assert "on     models.list\n" in said("expect", "add", "{on: models.list, times: never}")
    assert '"name": "Mine"' in said("records", "put", "aixplain", "agents", "a1", "{name: Mine}")
    assert "neither JSON nor YAML" in refused("expect", "add", "{on: [}")
    assert "that JSON can't hold" in refused("records", "put", "aixplain", "agents", "a1", "{size: .nan}")


def test_nothing_done_is_said(said: Said) -> None:
    assert said("disarm") == "nothing was armed\n"
    assert said("limits", "axp_test_free", "--tier", "enterprise") == "tier: enterprise; no limits\n"


def test_a_frozen_world_needs_no_time(emulator: Emulated) -> None:
    assert emulate("worlds", "new", "mine", "--frozen", "--url", emulator.origin).exit_code == 0
    assert "frozen   yes\n" in steer(emulator, "clock", "--world", "mine").stdout


def test_the_clock_is_moved(said: Said) -> None:
    said("clock", "freeze")
    assert "iso      2026-01-01T00:00:00.000Z\n" in said("clock", "set", "2026-01-01T00:00:00Z")
    assert "iso      2026-01-01T00:01:01.000Z\n" in said("clock", "advance", "61s")
    assert "iso      2026-01-01T00:01:02.000Z\n" in said("clock", "advance", "1")
    assert json.loads(said("clock", "auto", "--json"))["auto"] is True
    assert json.loads(said("clock", "auto", "off", "--json"))["auto"] is False
    assert json.loads(said("clock", "speed", "60", "--json"))["speed"] == 60
    said("clock", "run")
    said("clock", "due", "--count", "1")


def test_jobs_begin_and_end(said: Said) -> None:
    said("clock", "freeze")
    job = json.loads(said("jobs", "start", "batch", "axp_test_pro", "--items", "4", "--finished", "2", "--json"))["id"]
    assert said("jobs", "--state", "in_progress").splitlines()[1].startswith(job)
    assert "state       completed\n" in said("jobs", "complete", job)
    assert "done        yes\n" in said("jobs", job)
    other = json.loads(said("jobs", "start", "batch", "axp_test_pro", "--items", "3", "--age", "0", "--json"))["id"]
    assert "state       in_progress\n" in said("jobs", "set", other, "in_progress")
    assert "state       cancelling\n" in said("jobs", "cancel", other)
    assert "state       failed\n" in said("jobs", "fail", other)


def test_limits_are_shown_and_a_tier_is_given(said: Said) -> None:
    assert said("limits", "axp_test_free").splitlines()[1].split()[:4] == ["requests", "0", "60", "60"]
    assert said("limits", "axp_test_free", "--tier", "pro").splitlines()[1].split()[3] == "600"
    money = said("limits", "axp_test_free", "--budget", '{"USD": 0.5}').splitlines()
    assert ["USD", "0", "0.5", "0.5", "-"] in [line.split() for line in money]
    assert "axp_test_free " in said("limits")
    assert "workspace  demo-pro\n" in said("limits", "new", "axp_mine_1", "--like", "axp_test_pro")


def test_worlds_come_and_go(said: Said, refused: Refused) -> None:
    made = said("worlds", "new", "mine", "--scenario", "free-tier", "--seed", "7", "--frozen", "2026-01-01T00:00:00Z")
    assert made.splitlines()[:3] == ["name       mine", "scenarios  free-tier", "seed       7"]
    assert "iso      2026-01-01T00:00:00.000Z\n" in said("clock", "--world", "mine")
    said("arm", "status=503", "--world", "mine")
    assert said("worlds").splitlines()[2].split()[-1] == "1"
    said("worlds", "reset", "mine")
    assert "faults     0\n" in said("worlds", "mine")
    said("worlds", "reset")
    assert said("worlds", "delete", "mine") == "deleted  mine\n"
    assert "no world" in refused("worlds", "mine")


def test_a_snapshot_is_saved_and_loaded(said: Said, refused: Refused, tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    said("records", "put", "aixplain", "agents", "a1", '{"name": "Mine"}')
    assert said("snapshot", "save", str(file)) == f"default: saved to {file}\n"
    said("records", "clear", "aixplain", "agents")
    assert json.loads(said("snapshot", "load", str(file), "--json")) == {"loaded": str(file)}
    assert said("records", "aixplain", "agents", "--where", "name: Mine").splitlines()[1].startswith("a1  yes")
    assert json.loads(said("snapshot", "save", "-"))["world"] == "default"
    assert list(tmp_path.iterdir()) == [file]
    assert refused("snapshot", "load", str(tmp_path / "none.json")).endswith("none.json: No such file or directory\n")
    file.write_text("{")
    assert refused("snapshot", "load", str(file)).startswith(f"{file} is not JSON")
    assert refused("snapshot", "save", str(tmp_path / "no" / "folder.json")).endswith("No such file or directory\n")


def test_a_saved_snapshot_is_private_or_keeps_its_mode_and_no_draft_is_left(
    said: Said, refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said("snapshot", "save", "new.json")
    assert Path("new.json").stat().st_mode & 0o777 == 0o600
    Path("new.json").chmod(0o640)
    said("snapshot", "save", "new.json")
    assert Path("new.json").stat().st_mode & 0o777 == 0o640
    Path("folder").mkdir()
    assert refused("snapshot", "save", "folder") == "folder: Is a directory\n"
    assert sorted(os.listdir()) == ["folder", "new.json"]


def test_records_answers_and_webhooks_are_reached_too(said: Said) -> None:
    assert said("records").splitlines()[0].split() == ["api", "name", "count"]
    said("records", "put", "aixplain", "agents", "a1", '{"name": "Mine"}')
    assert '"name": "Yours"' in said("records", "change", "aixplain", "agents", "a1", '{"name": "Yours"}')
    assert said("records", "aixplain", "agents", "a1").startswith("id      a1\n")
    assert said("records", "remove", "aixplain", "agents", "a1") == "removed  a1\n"
    assert "contains  refund, money back" in said(
        "answers", "add", "Soon.", "--contains", "refund", "--contains", "money back"
    )
    assert said("answers").splitlines()[1].startswith("answer_1")
    said("answers", "remove", "answer_1")
    said("answers", "clear")
    assert said("webhooks") == "no webhooks\n"
    said("webhooks", "clear")


def test_scenarios_are_used_by_name_and_by_path(said: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text("scenario: mine\nabout: Mine.\nextends: default\n")
    assert said("use", "mine.yaml", "outage") == f"using  {tmp_path / 'mine.yaml'}, outage\n"
    assert said("use").startswith("using      ")
    assert said("use", "default") == "using  default\n"


def test_a_verdict_with_findings_is_exit_status_4(emulator: Emulated, said: Said) -> None:
    assert said("verdict") == "Verdict on the client: no findings in 0 exchanges.\n"
    caller(emulator, PRO).get("/nothing")
    caller(emulator, PRO).get("/nothing")
    done = steer(emulator, "verdict")
    assert (done.exit_code, "called_what_no_api_has" in done.stdout) == (4, True)
    assert steer(emulator, "verdict", "--ignore", "called_what_no_api_has").exit_code == 0


def test_what_is_expected_and_not_met_is_exit_status_5(emulator: Emulated, said: Said, refused: Refused) -> None:
    assert "id     expectation_1\n" in said("expect", "add", '{"on": "models.list", "times": 1}')
    unmet = steer(emulator, "expect")
    assert (unmet.exit_code, "1 of 1 not met" in unmet.stdout) == (5, True)
    caller(emulator, PRO).get("/models").raise_for_status()
    said("expect")
    assert "did you mean 'models.list'?" in refused("expect", "add", '{"on": "modles.list"}')
    said("expect", "remove", "expectation_1")


def test_rules_are_listed_with_how_often_each_has_answered(emulator: Emulated, said: Said) -> None:
    assert said("rules") == "no rules of scenarios\n"
    assert "aiexport.yaml" in said("rules", "--operation", "messages.create")


def test_variables_say_where_it_is(emulator: Emulated, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMULATOR_URL", emulator.origin)
    monkeypatch.setenv("EMULATOR_WORLD", "mine")
    assert emulate("worlds", "new", "mine").exit_code == 0
    assert emulate("arm", "status=503").exit_code == 0
    assert "fault_1" in emulate("faults").stdout
    assert "no fault" in emulate("faults", "--world", "default").stdout


def test_a_token_is_shown_or_asked_for(running: Running) -> None:
    emulator = Emulated(running, ("default",), settings=replace(running.settings, control_token="a-token-for-tests"))
    done = steer(emulator, "clock")
    assert (done.exit_code, done.stderr.splitlines()[1][:24]) == (2, "hint: give it with --tok")
    assert steer(emulator, "clock", "--token", "a-token-for-tests").exit_code == 0
    assert steer(emulator, "wait").stdout == f"{emulator.origin} is ready\n"
    emulator.close()


def test_what_is_no_emulator_is_called_so(tmp_path: Path) -> None:
    with receiving() as receiver:
        origin = receiver.url.rpartition("/")[0]
        done = emulate("clock", "--url", origin)
        assert (done.exit_code, done.stdout) == (2, "")
        assert done.stderr.startswith(f"what answers at {origin} is no emulator of this version")
        assert emulate("wait", "--url", origin, "--timeout", "10ms").exit_code == 1


def test_where_no_emulator_is_one_sentence_says_what_to_start() -> None:
    done = emulate("clock", "--url", "http://127.0.0.1:9")
    assert done.exit_code == 2
    assert done.stderr.startswith("no emulator answers at http://127.0.0.1:9: ")
    assert done.stderr.endswith("; start one with `emulator serve`, or say where it is with --url\n")
    assert emulate("clock", "--url", "ftp://x").stderr.startswith("--url is 'ftp://x'; expected ")
    waited = emulate("wait", "--url", "http://127.0.0.1:9", "--timeout", "10ms")
    assert (waited.exit_code, waited.stderr[:16]) == (1, "waited 10ms: no ")
    assert emulate("wait", "--timeout", "soon").exit_code == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 100_000, "is nested too deeply"),
        ('{"a": NaN}', "is not JSON: NaN is no number of JSON"),
        ('{"a": -Infinity}', "is not JSON: -Infinity is no number of JSON"),
        ('{"a": 1e999}', "is not JSON: 1e999 is too large"),
    ],
)
def test_json_that_can_not_be_sent_is_refused(refused: Refused, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "file.json").write_text(text)
    assert said in refused("records", "put", "aixplain", "agents", "a1", text)
    assert said in refused("snapshot", "load", str(tmp_path / "file.json"))


def test_json_that_can_be_read_but_not_written_is_refused_too(refused: Refused) -> None:
    for depth in range(910, 1_000, 5):  # near the recursion limit, less what the stack holds already
        nested = '{"a": ' * depth + "1" + "}" * depth
        assert "nested" in refused("records", "put", "aixplain", "agents", "a1", nested)


def test_wait_ends_in_time_though_nothing_answers_what_is_accepted() -> None:
    left = threading.Event()

    def hold(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.settimeout(20)  # less than a client waits for an answer by default
            while connection.recv(4096):
                pass
            left.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=hold, args=(listener,))
        thread.start()
        done = emulate("wait", "--url", f"http://127.0.0.1:{listener.getsockname()[1]}", "--timeout", "50ms")
        thread.join()
    assert (done.exit_code, left.is_set()) == (1, True), done.output
    assert done.stderr.startswith("waited 50ms: no emulator answers at http://127.0.0.1:")
