"""Clients that know nothing of the emulator: third-party readers of streams, OAuth, webhooks, HTTP clients."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.clients.conftest import OTHERS, Asker, tool

pytestmark = pytest.mark.slow

FOUR = "2 + 2 = 4."
PARSERS = ("httpx-sse", "httpx-sse, own route", "sseclient-py", "anthropic")
EVENTS = [
    "message_start",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
]


def cut_counting(asker: Asker) -> None:
    """Let the streams of those who want to hear numbers be cut after four events."""
    about = {"scenario": "cut", "about": "Cuts a stream.", "extends": "default"}
    counting = "{{ body.messages[-1].content == 'Count to 20' }}"
    rule = {"on": "aiexport/messages.create", "when": counting, "fault": {"cut_after": {"events": 4}}}
    asker.world.put_scenario("cut", {**about, "rules": [rule]})
    asker.world.use("cut")


@pytest.mark.claim("AE-MSG-STREAM", "AE-STREAM-ROUTE", "AE-STREAM-EVENTS", "AE-ERROR-SHAPE")
def test_third_party_readers_of_streams_in_python_see_the_whole_message(generic: Asker) -> None:
    cut_counting(generic)
    told = generic.told("generic_streams.py")
    for reader in PARSERS:
        assert told[reader]["events"] == EVENTS, reader
        assert told[reader]["text"] == told["whole"], reader
        assert told[reader]["stop"] == "end_turn", reader
    assert len({told[reader]["output_tokens"] for reader in PARSERS}) == 1
    # A stream that is cut reaches each reader as far as it went.
    assert told["httpx-sse, counting"] == {"events": 4, "raised": "RemoteProtocolError"}
    assert told["sseclient-py, counting"] == {"events": 4, "raised": "ChunkedEncodingError"}
    assert told["anthropic, counting"] == {"events": 4, "raised": "RemoteProtocolError"}
    # What it raises, and what it is told when it sends a key as a token.
    assert (told["anthropic, refused"]["raised"], told["anthropic, refused"]["status_code"]) == ("BadRequestError", 400)
    hint = "no such token was issued; an API key goes into the header X-API-Key"
    assert told["anthropic, key as a token"] == {"status_code": 401, "hint": hint}


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


@pytest.mark.claim("AE-OAUTH", "AE-OAUTH-3600", "AE-OAUTH-ROUTE")
def test_oauth_client_credentials_work_by_openid_client_and_oauth4webapi(node: Asker) -> None:
    fine = {"type": "bearer", "expires_in": 3600, "models": 14}
    ways = [f"{client}, {way}" for client in ("openid-client", "oauth4webapi") for way in ("basic", "post")]
    assert node.told("oauth.mjs") == dict.fromkeys(ways, fine)


@pytest.mark.claim("AE-MSG-ROUTE", "AE-ERROR-SHAPE", "AE-STREAM-ROUTE")
@pytest.mark.parametrize("client", OTHERS)
def test_clients_of_other_languages_get_the_same(node: Asker, client: str) -> None:
    told = replace(node, clients=client).told(OTHERS[client])
    assert told == {"whole": [200, FOUR], "refused": [400, "messages"], "streamed": [200, FOUR]}


@pytest.mark.claim("AE-MSG-ROUTE", "AE-ERROR-SHAPE")
def test_the_http_clients_of_python_get_the_same(generic: Asker) -> None:
    told = generic.told("generic_requests.py")
    assert len(told) == 14
    said = told["requests"][3]
    for name, found in told.items():
        kind = [400, "messages"] if name.endswith("refused") else [200, said]
        assert found == [kind[0], "application/json", "2.4.1", kind[1]], name


@pytest.mark.claim("AE-MSG-ROUTE")
def test_curl_gets_a_message(generic: Asker) -> None:
    tool("curl")
    assert generic.told("generic_curl.sh")["content"][0]["text"] == FOUR


@pytest.mark.claim("AE-MSG-STREAM", "AE-STREAM-ROUTE", "AE-STREAM-EVENTS")
def test_node_reads_a_message_by_fetch_and_a_stream_by_eventsource_parser(node: Asker) -> None:
    told = node.told("node.cjs")
    assert told["refused"] == [400, "messages"]
    for streamed in ("streamed", "own route"):
        assert told[streamed] == {"events": EVENTS, "text": told["fetch"]}
