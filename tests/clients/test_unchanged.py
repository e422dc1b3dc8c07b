"""Programs that call the real https:// hosts run as they are, through `emulator run`."""

from __future__ import annotations

import pytest

from tests.clients.conftest import HURRY, TOLD, WEBHOOK_SECRET, Unchanged, command, node_path, tool

pytestmark = pytest.mark.slow

FOUR = "2 + 2 = 4."
BASE = {"AIEXPORT_BASE_URL": "https://api.aiexport.io/v2", "AIEXPORT_API_KEY": "axp_test_enterprise"}


@pytest.mark.claim("AX-HOST-MODELS", "AX-HOST-PLATFORM", "AX-V1-ALIAS")
def test_both_surfaces_of_the_sdk_run_as_they_are_and_without_being_told_where(unchanged: Unchanged, sdk: str) -> None:
    program = command(sdk, "both_surfaces.py")
    untold = ["env", *(word for name in TOLD for word in ("-u", name)), *program]
    told, summary = unchanged({"told": program, "untold": untold}, speed=HURRY)
    for each in told.values():
        tools = {name: each.pop(name) for name in ("v2 tool", "v1 tool")}
        assert set(tools.values()) == {"# Example Domain"}
        assert each == dict.fromkeys(each, FOUR)
        assert len(each) == 7
    assert "aixplain  agents.run  " in summary
    assert "whereabouts.get  " in summary


@pytest.mark.claim("AE-MSG-ROUTE", "AE-OAUTH-ROUTE", "AE-BATCH-WEBHOOK")
def test_generic_clients_run_as_they_are_against_the_real_host(unchanged: Unchanged) -> None:
    tool("curl")
    names = ("requests", "streams", "oauth", "webhook")
    programs = {name: command("generic", f"generic_{name}.py") for name in names}
    programs["curl"] = command("generic", "generic_curl.sh")
    programs["node"] = command("node", "node.cjs")
    more = {"AIEXPORT_WEBHOOK_SECRET": WEBHOOK_SECRET, "NODE_PATH": node_path()}
    told, summary = unchanged(programs, variables=BASE | more)
    assert {found[0] for name, found in told["requests"].items() if "refused" not in name} == {200}
    for reader in ("httpx-sse", "sseclient-py", "anthropic"):
        assert told["streams"][reader]["text"] == told["streams"]["whole"], reader
    assert {told["oauth"][name]["models"] for name in told["oauth"] if name.endswith(("basic", "post"))} == {14}
    assert told["webhook"]["verified"]["type"] == "batch.completed"
    assert told["curl"]["content"][0]["text"] == FOUR
    assert told["node"]["streamed"]["text"] == told["node"]["fetch"]
    assert "aiexport  messages.create  " in summary
