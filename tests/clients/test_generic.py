"""Clients that know nothing of the emulator: third-party readers of streams, OAuth, webhooks, HTTP clients."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from tests.clients.conftest import PATIENCE, Asker

EVENTS = [
    "message_start",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
]


@pytest.mark.claim("AE-MSG-STREAM", "AE-STREAM-ROUTE", "AE-STREAM-EVENTS", "AE-ERROR-SHAPE")
def test_third_party_readers_of_streams_in_python_see_the_whole_message(generic: Asker) -> None:
    told = generic.told("generic_streams.py")
    for reader in ("httpx-sse", "httpx-sse, own route", "sseclient-py", "anthropic"):
        assert told[reader]["events"] == EVENTS, reader
        assert told[reader]["text"] == told["whole"], reader
    assert told["anthropic"]["stop"] == "end_turn"
    assert told["anthropic"]["output_tokens"] > 0
    assert told["anthropic, refused"]["raised"] == "BadRequestError"
    assert told["anthropic, refused"]["status_code"] == 400


def test_a_stream_that_is_cut_reaches_each_reader_as_far_as_it_went(generic: Asker) -> None:
    generic.world.cut_stream("messages.create", after=4)
    told = generic.told("generic_cut.py")
    assert {name: found["events"] for name, found in told.items()} == dict.fromkeys(told, 4)
    assert told["httpx-sse"]["raised"] == "RemoteProtocolError"
    assert told["sseclient-py"]["raised"] == "ChunkedEncodingError"
    assert told["anthropic"]["raised"]


@pytest.mark.claim("AE-OAUTH", "AE-OAUTH-3600", "AE-OAUTH-ROUTE")
def test_oauth_client_credentials_work_by_authlib_and_requests_oauthlib(generic: Asker) -> None:
    told = generic.told("generic_oauth.py")
    fine = {"type": "Bearer", "expires_in": 3600, "models": 14}
    for name in ("authlib, basic", "authlib, post", "requests-oauthlib, basic", "requests-oauthlib, post"):
        assert told[name] == fine, name
    assert told["authlib, outdated"] == {"status": 200, "another": True}
    assert [told["authlib, wrong"][each] for each in ("raised", "error")] == ["OAuthError", "invalid_client"]
    assert told["requests-oauthlib, wrong"]["raised"] == "InvalidClientError"


@pytest.mark.claim("AE-BATCH-WEBHOOK", "AE-WEBHOOK-SIGNED")
def test_a_webhook_is_verified_by_the_standardwebhooks_package(generic: Asker) -> None:
    told = generic.told("generic_webhook.py")
    assert told["verified"]["type"] == "batch.completed"
    assert told["verified"]["same"] is True
    assert told["verified"]["counts"]["succeeded"] == 1
    for wrong in ("another secret", "another body"):
        assert told[wrong]["raised"] == "WebhookVerificationError"


@pytest.mark.claim("AE-MSG-ROUTE", "AE-ERROR-SHAPE")
def test_requests_httpx_aiohttp_and_urllib_get_the_same(generic: Asker) -> None:
    told = generic.told("generic_requests.py")
    assert len(told) == 8
    said = told["requests"][3]
    for name, found in told.items():
        kind = [400, "messages"] if name.endswith("refused") else [200, said]
        assert found == [kind[0], "application/json", "2.4.1", kind[1]], name


@pytest.mark.claim("AE-MSG-ROUTE")
def test_curl_gets_a_message(generic: Asker) -> None:
    curl = shutil.which("curl") or pytest.skip("curl is not installed")
    body = {"model": "apex-haiku-4-20250401", "messages": [{"role": "user", "content": "What is 2 + 2?"}]}
    key = generic.variables["AIEXPORT_API_KEY"]
    url = f"{generic.variables['AIEXPORT_BASE_URL']}/messages"
    command = [curl, "-sS", "--noproxy", "*", "--json", json.dumps(body), "-H", f"X-API-Key: {key}", url]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert json.loads(done.stdout)["content"][0]["text"] == "2 + 2 = 4."


@pytest.mark.claim("AE-MSG-STREAM", "AE-STREAM-ROUTE", "AE-STREAM-EVENTS")
def test_node_reads_a_message_by_fetch_and_a_stream_by_eventsource_parser(node: Asker) -> None:
    told = node.told("node.cjs")
    assert told["refused"] == [400, "messages"]
    for streamed in ("streamed", "own route"):
        assert told[streamed] == {"events": EVENTS, "text": told["fetch"]}
