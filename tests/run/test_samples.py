"""The API documents' own samples, from their text: what its layout lost is put back, and nothing else is changed."""

from __future__ import annotations

import hashlib
import shutil
import sys
from pathlib import Path

import pytest

from tests.clients.conftest import made
from tests.run.conftest import Run

pytestmark = pytest.mark.slow

Answered = tuple[dict[str, str], str]
DOCUMENTS = Path(__file__).with_name("documents")
AI_EXPORT, AIXPLAIN = "aiexport-api-layer.txt", "aixplain-api-requests.txt"
AS_PUBLISHED = {
    AI_EXPORT: "2276dc61131052ef621b00904b2c5fc4a6a51a46b48f7681b59a38963c7ac236",
    AIXPLAIN: "65287d032cb4af3a07174df7067a59dd26c2751a90543ff94fe5920c6842a8ab",
}
STRAIGHT = str.maketrans("“”", '""')
HELLO = 'messages: [{ role: "user", content: "Hello!" }]'
# How each line of the Python example that has lost its indentation begins, and how far it stands in.
STANDS_IN = {"m = ": 4, 'print(f"Total': 4, "for entry": 4, 'print(f" {entry': 8, 'print("No data': 4}


def line(beginning: str, *changes: tuple[str, str]) -> str:
    """The line of AI Export's document that begins so, with its quotes made straight, and changed as is said."""
    lines = (DOCUMENTS / AI_EXPORT).read_text().splitlines()
    (found,) = (each.translate(STRAIGHT) for each in lines if each.startswith(beginning))
    for old, new in changes:
        assert old in found
        found = found.replace(old, new)
    return found


def example(first: str, last: str) -> str:
    """The lines of aiXplain's document from one to another, indented again."""
    text = (DOCUMENTS / AIXPLAIN).read_text()
    begin = text.index(first)
    lines = text[begin : text.index(last, begin) + len(last)].splitlines()
    return "\n".join(" " * next((n for each, n in STANDS_IN.items() if one.startswith(each)), 0) + one for one in lines)


STATISTICS = example("import requests\n", 'in the selected range")')
CURL = line("# Every request", ("header curl", "header\ncurl"), ("\\ -H", "\\\n-H"), ("••••••••••••", "0123456789ab"))
CREATE = line("const response = ")
MODELS = line("const models = ")
STREAM = line("const res = ", ("…", HELLO), ("SSE chunks console", "SSE chunks\nconsole"))
BATCH = line("const batch = ", ("messages: […]", HELLO))
CANCEL = line("await fetch(`")
# Each with what is printed of its result, and what the run says was called.
SAMPLES = {
    "create": (
        CREATE + "console.log(response.status, (await response.json()).type);",
        "200 message",
        "messages.create",
    ),
    "models": (MODELS + "console.log(models.data.length);", "11", "models.list"),
    "stream": (STREAM, "event: message_stop", "messages.stream"),
    "batch": (BATCH + "console.log(batch.status, (await batch.json()).object);", "202 batch", "batch.create"),
    "cancel": (BATCH + "const batchId = (await batch.json()).id;" + CANCEL, "", "batch.cancel"),
}


@pytest.mark.parametrize("name", AS_PUBLISHED)
def test_the_documents_are_as_they_were_published(name: str) -> None:
    assert hashlib.sha256((DOCUMENTS / name).read_bytes()).hexdigest() == AS_PUBLISHED[name]


def test_the_python_example_prints_what_it_should(run: Run) -> None:
    ran = run("--", sys.executable, "-c", STATISTICS)
    assert ran.returncode == 0, ran.stderr
    assert "Total: " in ran.stdout
    assert "aixplain  models.stats  1 x 201" in ran.stderr


def test_the_curl_line_is_answered(run: Run) -> None:
    ran = run("--", "sh", "-c", CURL)
    assert ran.returncode == 0, ran.stderr
    assert "aiexport  messages.list  1 x 200" in ran.stderr


def nodes() -> dict[str, str]:
    """That of the machine, which may be too old to heed proxy variables, and one that does."""
    machine = shutil.which("node") or pytest.skip("node is not installed")
    return {"machine": machine, "current": str(made("node") / "node_modules" / ".bin" / "node")}


def in_each(file: Path) -> list[str]:
    """A command that runs a file in one Node after the other, each of which is told its name."""
    return ["sh", "-c", "; ".join(f"'{path}' {file} {name}" for name, path in nodes().items())]


@pytest.fixture(scope="module", params=["machine", "current"])
def answered(request: pytest.FixtureRequest, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Answered:
    """What the samples print by name, one after the other in one Node, and the run's summary."""
    folder = tmp_path_factory.mktemp("samples")
    for name, (code, *_) in SAMPLES.items():
        (folder / f"{name}.mjs").write_text(code)
    steps = "".join(f"console.log('# {name}');\nawait import('./{name}.mjs');\n" for name in SAMPLES)
    (folder / "all.mjs").write_text(steps)
    ran = run("--", nodes()[request.param], str(folder / "all.mjs"))
    assert ran.returncode == 0, ran.stderr
    printed = dict(each.split("\n", 1) for each in f"\n{ran.stdout}".split("\n# ")[1:])
    return printed, ran.stderr


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_fetch_sample_is_answered(answered: Answered, sample: str) -> None:
    _, shown, operation = SAMPLES[sample]
    printed, summary = answered
    assert shown in printed[sample]
    assert f"  {operation} " in summary


CLIENTS = """
const https = require('node:https'), http = require('node:http');
const { execFileSync } = require('node:child_process');
const { Worker } = require('node:worker_threads');
const headers = { 'X-API-Key': 'any' };
const ask = (module, url, agent) => new Promise((done) => {
  const request = module.get(url, { agent, headers }, (answer) => {
    answer.resume();
    answer.on('end', () => done(answer.statusCode));
  });
  request.on('error', (error) => done(error.message));
});
const url = 'api.aiexport.io/v2/models';
const here = process.env.EMULATOR_URL + '/v2/models';
const fetched = `fetch('https://${url}', { headers: { 'X-API-Key': 'any' } }).then((answer) => answer.status)`;
(async () => {
  const said = [];
  for (const [module, scheme] of [[https, 'https'], [http, 'http']])
    for (const agent of [undefined, false, new module.Agent({ keepAlive: true })])
      said.push(await ask(module, `${scheme}://${url}`, agent));
  said.push(await ask(http, here));
  for (const each of [`https://${url}`, `http://${url}`, here])
    said.push((await fetch(each, { headers })).status);
  said.push(execFileSync(process.execPath, ['-e', `${fetched}.then(console.log)`], { encoding: 'utf8' }).trim());
  said.push(await new Promise((done) => {
    const code = `${fetched}.then((status) => require('node:worker_threads').parentPort.postMessage(status))`;
    new Worker(code, { eval: true }).on('message', done);
  }));
  console.log(said.join(' '));
  process.exit();
})();
"""


@pytest.mark.parametrize("address", ["127.0.0.1:0", "[::1]:0"])
def test_whatever_node_asks_with_arrives(run: Run, tmp_path: Path, address: str) -> None:
    (tmp_path / "clients.cjs").write_text(CLIENTS)
    ran = run("--listen", address, "--", *in_each(tmp_path / "clients.cjs"))
    assert ran.stdout == f"{' '.join(['200'] * 12)}\n" * 2, ran.stderr


LEAVE = """
const [name] = process.argv.slice(2);
fetch(`https://${name}-fetch.vendor.example/`).catch(() => {});
require('node:https').get(`https://${name}-https.vendor.example/`).on('error', () => {});
"""


def test_a_call_of_node_to_another_host_fails_the_run(run: Run, tmp_path: Path) -> None:
    (tmp_path / "leave.cjs").write_text(LEAVE)
    ran = run("--", *in_each(tmp_path / "leave.cjs"))
    assert ran.returncode == 3, ran.stderr
    for name in nodes():
        for way in ("fetch", "https"):
            assert f"to {name}-{way}.vendor.example:443" in ran.stderr
