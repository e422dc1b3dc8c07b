"""docs/run.md is true: its options, its exit statuses, its variables, its clients, its commands and their output."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from emulator.cli.run import run as command
from emulator.environment.variables import QUIET
from tests.clients.conftest import OTHERS, made, tool
from tests.clients.conftest import command as client
from tests.pages import ROOT, Table, blocks, tables
from tests.process import Serving
from tests.run.conftest import Run, keeping

pytestmark = pytest.mark.slow

PAGE = ROOT / "docs" / "run.md"
TABLES = {(table.heading, table.first): table for table in tables(PAGE)}
BLOCKS = blocks(PAGE)
PROGRAM = next(block.text for block in BLOCKS if block.language == "python")
SUMMARY = next(block.text for block in BLOCKS if block.language == "text")
COMMANDS = [block.text for block in BLOCKS if block.language == "sh"]


def told(heading: str, first: str) -> Table:
    return TABLES[heading, first]


@pytest.fixture
def shell(tmp_path: Path, data: Path) -> dict[str, str]:
    """The environment of a reader who has installed the emulator, and has the page's program."""
    (tmp_path / "my_program.py").write_text(PROGRAM)
    (tmp_path / "package.json").write_text('{"scripts": {"test": "node test.mjs"}}')
    (tmp_path / "test.mjs").write_text(f"await fetch('{EMULATED}', {{ headers: {{ 'X-API-Key': 'any' }} }});")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return keeping(data, PATH=path, NO_PROXY="", HOME=str(tmp_path))  # where npm has not yet asked for a newer one


def test_the_commands_at_its_head_run_and_the_program_is_reported_as_shown(
    tmp_path: Path, shell: dict[str, str]
) -> None:
    shutil.which("npm") or pytest.skip("npm is not installed")
    program, test = COMMANDS[0].splitlines()
    said = subprocess.run(["sh", "-c", program], cwd=tmp_path, env=shell, capture_output=True, text=True, check=True)
    assert said.stderr == SUMMARY
    said = subprocess.run(["sh", "-c", test], cwd=tmp_path, env=shell, capture_output=True, text=True, check=True)
    assert "emulator: 1 call\n  aiexport  models.list  1 x 200\n" in said.stderr


def test_a_shell_that_evaluates_what_env_prints_is_redirected_to_the_server(
    tmp_path: Path, shell: dict[str, str]
) -> None:
    with Serving(tmp_path, XDG_DATA_HOME=shell["XDG_DATA_HOME"]) as serving:
        script = COMMANDS[1].replace("http://127.0.0.1:8484", serving.origin) + "python my_program.py"
        subprocess.run(["sh", "-c", script], cwd=tmp_path, env=shell, check=True)
        called = serving.client.get("/_emulator/summary").json()["called"]
    assert [each["operation"] for each in called] == ["assets.execute", "messages.create"]


def test_every_option_is_documented() -> None:
    shown = told("Real programs, unchanged", "option").keys
    metavars = {each.opts[0]: each.metavar for each in command.params if each.opts[0].startswith("--")}
    assert [each.replace("\\|", "|") for each in shown] == [
        f"{name} {metavar}" if metavar else name for name, metavar in metavars.items()
    ]


LEAVE = "curl -sS -o /dev/null http://api.vendor.example/"
FORGET = "curl -sS -o /dev/null -X DELETE $EMULATOR_URL/_emulator/worlds/mine"
HAMMER = (
    "curl -sS -H 'X-API-Key: axp_test_revoked' $(for n in $(seq 30); do echo $EMULATOR_URL/v2/models; done) >nothing"
)
# By the first column of a row, arguments that end so, and the status.
STATUSES: dict[str, list[tuple[list[str], int]]] = {
    "that of the command": [(["--", "sh", "-c", "exit 7"], 7), (["--", "sh", "-c", "kill -KILL $$"], 128 + 9)],
    "3": [(["--", "sh", "-c", LEAVE], 3), (["--", "sh", "-c", f"{LEAVE}; exit 7"], 3)],
    "4": [(["--verdict", "--", "sh", "-c", HAMMER], 4), (["--verdict", "--", "sh", "-c", f"{HAMMER}; exit 7"], 7)],
    "5": [
        (["--expect-calls", "--", "true"], 5),
        (["--expect-calls", "--", "sh", "-c", "exit 7"], 7),
        (["--expect-calls", "--", "sh", "-c", LEAVE], 3),
    ],
    "6": [
        (["--coverage-fail", "*:429", "--", "true"], 6),
        (["--coverage-fail", "*:429", "--", "sh", "-c", "exit 7"], 7),
        (["--coverage-fail", "*:429", "--expect-calls", "--", "true"], 5),
    ],
    "126, 127": [(["--", "."], 126), (["--", "no-such-command"], 127)],
    "125": [(["--world", "mine", "--", "sh", "-c", FORGET], 125)],
    "2": [(["--no-such-option", "--", "true"], 2), (["--scenario", "none", "--", "true"], 2), ([], 2)],
}


def test_every_exit_status_is_documented() -> None:
    assert told("Exit status", "status").keys == list(STATUSES)


@pytest.mark.parametrize(("arguments", "status"), [each for examples in STATUSES.values() for each in examples])
def test_a_run_exits_as_it_says(exits: Callable[..., int], arguments: list[str], status: int) -> None:
    assert exits(*arguments) == status


def test_every_variable_is_documented_and_no_other(run: Run, data: Path) -> None:
    code = "import json, os; print(json.dumps(dict(os.environ)))"
    free = dict.fromkeys(("NO_PROXY", "no_proxy", *QUIET), "")
    found = json.loads(run("--", sys.executable, "-c", code, EMULATOR_CONTROL_TOKEN="a-secret", **free).stdout)
    before = keeping(data, **free)
    changed = {name for name, value in found.items() if before.get(name) != value} - {
        name for name in found if name.startswith(("COV_", "COVERAGE"))
    }
    rows = told("What is set", "variable").rows[1:]
    shown = {name for row in rows for name in re.findall(r"`(\w+)`", row[0])}
    assert shown <= changed
    own = changed - shown
    with Serving(Path(found["XDG_DATA_HOME"])) as serving:
        apis = serving.client.get("/_emulator/apis").json()["apis"]
    assert own <= {name for api in apis for name in api["environment"]}, "the rest are the APIs' own"


BY_PYTHON = """
import asyncio, json, socket, ssl, sys, urllib.parse, urllib.request
import aiohttp, httpx, httpx2, pycurl, requests, urllib3
KEY = {"X-API-Key": "any"}

def by_requests(url, trust=True):
    with requests.Session() as session:
        session.trust_env = trust
        return session.get(url, headers=KEY).status_code

def by_httpx(url, trust=True):
    return httpx.get(url, headers=KEY, trust_env=trust).status_code

def by_httpx2(url):
    return httpx2.get(url, headers=KEY).status_code

def by_urllib3(url):
    return urllib3.request("GET", url, headers=KEY, retries=False).status

def by_pycurl(url):
    client = pycurl.Curl()
    client.setopt(client.URL, url)
    client.setopt(client.HTTPHEADER, [f"{name}: {value}" for name, value in KEY.items()])
    client.setopt(client.WRITEFUNCTION, len)
    client.perform()
    return client.getinfo(client.RESPONSE_CODE)

def by_urllib(url):
    return urllib.request.urlopen(urllib.request.Request(url, headers=KEY)).status

def by_aiohttp(url, **more):
    async def ask():
        async with aiohttp.ClientSession(**more) as session, session.get(url, headers=KEY) as answer:
            return answer.status
    return asyncio.run(ask())

def by_socket(url):
    host = urllib.parse.urlsplit(url).hostname
    with socket.create_connection((host, 443), 5) as plain:
        with ssl.create_default_context().wrap_socket(plain, server_hostname=host) as wire:
            wire.sendall(f"GET /v2/models HTTP/1.1\\r\\nHost: {host}\\r\\nX-API-Key: any\\r\\n\\r\\n".encode())
            return int(wire.recv(12).split()[1])

for call, *urls in json.loads(sys.argv[1]):
    for url in urls:
        try:
            print(url, eval(call))
        except Exception as error:
            print(url, type(error).__name__)
"""
BY_NODE = """
const axios = require('axios'), https = require('https'), tls = require('tls'), undici = require('undici');
const headers = { 'X-API-Key': 'any' };
const by = (url, agent) => new Promise((done, fail) => {
  https.get(url, { agent, headers }, (answer) => { answer.resume(); done(answer.statusCode); }).on('error', fail);
});
(async () => {
  for (const [call, ...urls] of JSON.parse(process.argv[1]))
    for (const url of urls)
      try { console.log(url, await eval(call)); } catch (error) { console.log(url, error.name); }
  process.exit();
})();
"""
BY_CURL = """
import json, subprocess, sys
for command, *urls in json.loads(sys.argv[1]):
    for url in urls:
        say = ["-s", "-o", "nothing", "-w", url + " %{http_code}\\n", "-H"]
        if command == "wget":
            say = ["-q", "-O", "nothing", "--header"]
        done = subprocess.run([command, *say, "X-API-Key: any", url])
        if command == "wget":
            print(url, "failed" if done.returncode else 200, flush=True)
"""
# By the first column of a row: the program that asks, and its calls.
CALLS: dict[str, tuple[str, list[str]]] = {
    "`curl`, `wget`": ("curl", ["curl", "wget"]),
    "Python: `requests`, `httpx`, `httpx2`, `urllib`": (
        "python",
        ["by_requests(url)", "by_httpx(url)", "by_httpx2(url)", "by_urllib(url)"],
    ),
    "Python: `urllib3`, `aiohttp`, `pycurl`": (
        "python",
        ["by_urllib3(url)", "by_aiohttp(url)", "by_aiohttp(url, trust_env=False)", "by_pycurl(url)"],
    ),
    "Python: `requests` and `httpx` with `trust_env=False`": ("python", ["by_requests(url, 0)", "by_httpx(url, 0)"]),
    "Python: a socket of its own": ("python", ["by_socket(url)"]),
    "Node: `fetch`, `http`, `https`, with agents of their own too": (
        "node",
        [
            "fetch(url, { headers }).then((answer) => answer.status)",
            "by(url)",
            "by(url, new https.Agent({ keepAlive: true }))",
        ],
    ),
    "Node: `axios`": ("node", ["axios.get(url, { headers }).then((answer) => answer.status)"]),
    "Node: `undici`": (
        "node",
        [
            "undici.fetch(url, { headers }).then((answer) => answer.status)",
            "undici.request(url, { headers }).then((answer) => answer.statusCode)",
        ],
    ),
    "Node: `undici` with a dispatcher of its own": (
        "node",
        ["undici.request(url, { headers, dispatcher: new undici.Agent() })"],
    ),
    "Node: `net` and `tls`": (
        "node",
        [
            "new Promise((done, fail) => tls.connect(443, new URL(url).hostname, done).on('error', fail))",
        ],
    ),
    "Deno: `fetch`, with `--allow-net` alone": ("deno", ["fetch"]),
    "Bun: `fetch`": ("bun", ["fetch"]),
    "Java: `HttpClient`": ("java", ["HttpClient"]),
    "Go: `net/http`": ("go", ["net/http"]),
    "PHP: `curl`": ("php", ["curl"]),
    "PHP: `file_get_contents`": ("php streams", ["file_get_contents"]),
    "Ruby: `Net::HTTP`": ("ruby", ["Net::HTTP"]),
}
BY_PHP = 'foreach (array_slice($argv, 1) as $url) { @file_get_contents($url); echo "$url tried\n"; }'
ARRIVES = {row[0]: row[1] == "Yes." for row in told("Nothing leaves", "client").rows[1:]}
EMULATED = "https://api.aiexport.io/v2/models"


def calls(program: str, by: str = "") -> list[tuple[str, str, bool]]:
    """The calls of a program, each with a host of its own that is not emulated, and whether it arrives."""
    made_by = [(call, ARRIVES[row]) for row, (own, them) in CALLS.items() if own == program for call in them]
    return [
        (call, f"https://{by}{program.replace(' ', '-')}-{at}.invalid/", arrives)
        for at, (call, arrives) in enumerate(made_by)
    ]


def asking(program: str) -> dict[str, list[str]]:
    """By name, the commands that make the calls that stand behind them."""
    match program:
        case "curl":
            return {"": [sys.executable, "-c", BY_CURL]}
        case "python":
            return {"": [str(made("generic") / "bin" / "python"), "-c", BY_PYTHON]}
    machine = shutil.which("node") or pytest.skip("node is not installed")
    current = str(made("node") / "node_modules/.bin/node")
    return {"machine-": [machine, "-e", BY_NODE, "--"], "current-": [current, "-e", BY_NODE, "--"]}


def test_every_client_of_the_table_is_measured() -> None:
    assert list(ARRIVES) == list(CALLS)


def of_the_other(program: str) -> list[str]:
    """The command of a client of another language; what follows it are the URLs that it asks for."""
    if program == "php streams":
        return [tool("php"), "-r", BY_PHP, "--"]
    words = client(program, OTHERS[program])
    return [word for word in words if word != "--allow-env"]


@pytest.mark.finding("H1", "H2")
@pytest.mark.parametrize("program", [*OTHERS, "php streams"])
def test_clients_of_other_languages_arrive_as_the_table_says(run: Run, program: str) -> None:
    ((_, foreign, arrives),) = calls(program)
    ran = run("--", *of_the_other(program), *[EMULATED] * arrives, foreign)
    assert ran.returncode == (3 if arrives else 0), ran.stderr
    assert (f"1 call to {foreign[8:-1]}:443" in ran.stderr) == arrives, ran.stderr
    assert "dl.deno.land" not in ran.stderr
    assert f"{foreign} " in ran.stdout, "it was made"
    assert ran.stdout.count(f"{EMULATED} 200\n") == arrives, ran.stdout


@pytest.mark.finding("H1")
@pytest.mark.parametrize("program", ["curl", "python", "node"])
def test_clients_arrive_as_the_table_says(run: Run, program: str) -> None:
    for by, asks in asking(program).items():
        asked = [[call, *[EMULATED] * arrives, foreign] for call, foreign, arrives in calls(program, by)]
        ran = run("--", *asks, json.dumps(asked), NODE_PATH=str(made("node") / "node_modules"))
        assert ran.returncode == 3, ran.stderr
        for call, foreign, arrives in calls(program, by):
            left = f"1 call to {foreign[8:-1]}:443" in ran.stderr
            assert left == arrives, f"{call}: {ran.stderr}"
            assert f"{foreign} " in ran.stdout, "it was made"
        assert ran.stdout.count(f"{EMULATED} 200\n") == sum(arrives for *_, arrives in calls(program)), ran.stdout
