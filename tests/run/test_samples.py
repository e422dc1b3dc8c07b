"""The API documents' own samples, as printed: quotes made straight, elisions filled in, nothing else but the key."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.run.conftest import Run

NODE = shutil.which("node")
STATISTICS = """
import requests
from datetime import date, timedelta

today = date.today()
start = today - timedelta(days=14) # startDay cannot be more than 31 days in the past

response = requests.post(
"https://platform-api.aixplain.com/sdk/models/stats",
headers={"x-api-key": "YOUR_API_KEY", "Content-Type": "application/json"},
json={
"startDay": str(start),
"endDay": str(today),
"modelId": "695fce4c27b4e3580e43d126",
},
timeout=120,
)

data = response.json()
if data:
    m = data[0]["aggregateMetrics"]
    print(f"Total: {m['totalRequests']} Success: {m['successfulRequests']} Failed: {m['failedRequests']}")
    for entry in data[0]["metricsByApiKey"]:
        print(f" {entry['apiKey']}: {entry['aggregateMetrics']['totalRequests']} requests")
else:
    print("No data for this model in the selected range")
"""
CURL = """
# Every request needs this header
curl https://api.aiexport.io/v2/messages \\
-H "X-API-Key: axp_live_0123456789ab" \\
-H "Content-Type: application/json"
"""
CREATE = """
const response = await fetch("https://api.aiexport.io/v2/messages", {
method: "POST",
headers: { "X-API-Key": process.env.API_KEY, "Content-Type": "application/json" },
body: JSON.stringify({
model: "apex-sonnet-4-20250501", max_tokens: 1024, messages: [{ role: "user", content: "Hello!" }]
})
});
"""
MODELS = """
const models = await fetch("https://api.aiexport.io/v2/models", {
headers: { "X-API-Key": process.env.API_KEY }
}).then(r => r.json());
"""
STREAM = """
const res = await fetch("https://api.aiexport.io/v2/messages/stream", {
method: "POST",
headers: { "X-API-Key": process.env.API_KEY },
body: JSON.stringify({ model: "apex-opus-3-20250401", stream: true, messages: [{ role: "user", content: "Hello!" }] })
});
const reader = res.body.getReader();
while (true) {
const { done, value } = await reader.read();
if (done) break;
// Decode and process SSE chunks
console.log(new TextDecoder().decode(value));
}
"""
BATCH = """
const batch = await fetch("https://api.aiexport.io/v2/batch", {
method: "POST",
headers: { "X-API-Key": process.env.API_KEY },
body: JSON.stringify({ requests: [
{ model: "apex-haiku-4-20250401", messages: [{ role: "user", content: "Hello!" }] },
{ model: "apex-haiku-4-20250401", messages: [{ role: "user", content: "Hello!" }] }
] })
});
"""
CANCEL = """
await fetch(`https://api.aiexport.io/v2/batch/${batchId}/cancel`, {
method: "DELETE", headers: { "X-API-Key": process.env.API_KEY }
});
"""
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


def test_the_python_example_prints_what_it_should(run: Run) -> None:
    ran = run("--", sys.executable, "-c", STATISTICS)
    assert ran.returncode == 0, ran.stderr
    assert "Total: " in ran.stdout
    assert "aixplain  models.stats  1 x 201" in ran.stderr


def test_the_curl_line_is_answered(run: Run) -> None:
    if shutil.which("curl") is None:
        pytest.skip("there is no curl here")
    ran = run("--", "sh", "-c", CURL)
    assert ran.returncode == 0, ran.stderr
    assert "aiexport  messages.list  1 x 200" in ran.stderr


@pytest.mark.skipif(NODE is None, reason="there is no node here")
@pytest.mark.parametrize("sample", SAMPLES)
def test_a_fetch_sample_is_answered(run: Run, tmp_path: Path, sample: str) -> None:
    code, printed, operation = SAMPLES[sample]
    (tmp_path / "sample.mjs").write_text(code)
    ran = run("--", "node", "sample.mjs")
    assert ran.returncode == 0, ran.stderr
    assert printed in ran.stdout
    assert f"  {operation} " in ran.stderr


CLIENTS = """
const https = require('node:https'), http = require('node:http');
const ask = (module, url, agent) => new Promise((done) => {
  const request = module.get(url, { agent, headers: { 'X-API-Key': 'any' } }, (answer) => {
    answer.resume();
    answer.on('end', () => done(answer.statusCode));
  });
  request.on('error', (error) => done(error.message));
});
const url = 'api.aiexport.io/v2/models';
const here = process.env.EMULATOR_URL + '/v2/models';
(async () => {
  const said = [];
  for (const [module, scheme] of [[https, 'https'], [http, 'http']])
    for (const agent of [undefined, false, new module.Agent({ keepAlive: true })])
      said.push(await ask(module, `${scheme}://${url}`, agent));
  said.push(await ask(http, here));
  for (const each of [`https://${url}`, `http://${url}`, here])
    said.push((await fetch(each, { headers: { 'X-API-Key': 'any' } })).status);
  console.log(said.join(' '));
  process.exit();
})();
"""


@pytest.mark.skipif(NODE is None, reason="there is no node here")
def test_whatever_node_asks_with_arrives(run: Run, tmp_path: Path) -> None:
    (tmp_path / "clients.cjs").write_text(CLIENTS)
    ran = run("--", "node", "clients.cjs")
    assert ran.stdout == f"{' '.join(['200'] * 10)}\n", ran.stderr


@pytest.mark.skipif(NODE is None, reason="there is no node here")
@pytest.mark.parametrize("call", ["fetch(url)", "require('node:https').get(url).on('error', () => {})"])
def test_a_call_of_node_to_another_host_fails_the_run(run: Run, tmp_path: Path, call: str) -> None:
    (tmp_path / "leave.cjs").write_text(f"const url = 'https://api.vendor.example/';\n{call};\n")
    ran = run("--", "node", "leave.cjs")
    assert ran.returncode == 3, ran.stderr
    assert "tried to leave for api.vendor.example:443" in ran.stderr
