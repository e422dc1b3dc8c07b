"""Makes one signed call to a webhook's receiver, at an address that was checked."""

from __future__ import annotations

import ssl
from collections.abc import Collection, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

from msgspec import Struct, field

from emulator.errors import EmulatorError
from emulator.webhooks.address import Lookup, Network, Target, parse, resolve

if TYPE_CHECKING:
    import httpx

KEEP_ANSWER = 4_096
KEEP_HEADERS = 8_192


class SecretError(EmulatorError):
    """A webhook's secret can't sign anything."""


class CallOutcome(Struct):
    """A call, and what came of it; filled in as it goes on, so that what is known when it breaks off is kept.

    `headers` and `body` are sent. `final`: another try would not change it. `took` is in real seconds.
    """

    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    status: int | None = None
    reply_headers: dict[str, str] = field(default_factory=dict)
    reply_body: bytes = b""
    error: str | None = None
    final: bool = False
    took: float = 0.0


def sign(id: str, at: float, secret: str, body: bytes) -> dict[str, str]:
    """The headers webhook-id, webhook-timestamp and webhook-signature of Standard Webhooks.

    `at` is in seconds since the epoch, `secret` base64, perhaps after `whsec_`.

    Raises SecretError when the secret is something else or empty.
    """
    # Imported when first needed, like httpx below: most runs never send a webhook.
    from standardwebhooks import Webhook
    from standardwebhooks.webhooks import EmptyWebhookSecretError

    try:
        signature = Webhook(secret).sign(id, datetime.fromtimestamp(at, UTC), body.decode())
    except (EmptyWebhookSecretError, ValueError) as error:
        raise SecretError(f"the secret is not base64 text, or the body not UTF-8: {error}") from None
    return {"webhook-id": id, "webhook-timestamp": str(int(at)), "webhook-signature": signature}


def _beginning(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The first headers, as far as they are kept."""
    kept, left = {}, KEEP_HEADERS
    for name, value in headers:
        left -= len(name) + len(value)
        if left < 0:
            break
        kept[name] = value
    return kept


@cache
def _system_trust() -> ssl.SSLContext:
    """Trusts the system's CAs. Loading them takes longer than most calls, so all worlds share it."""
    return ssl.create_default_context()


class WebhookClient:
    """Calls receivers on this machine, on private networks and in `allowed` ones."""

    def __init__(self, allowed: Collection[Network], lookup: Lookup) -> None:
        self._allowed = allowed
        self._lookup = lookup
        self._clients: dict[str, httpx.AsyncClient] = {}

    async def call(self, url: str, outcome: CallOutcome) -> None:
        """Posts the body and the headers of `outcome`, with the usual ones, and writes the response to `outcome`.

        Redirects are not followed. Raises AddressError when nothing may be sent there, OSError or httpx.HTTPError when
        the call fails.
        """
        import httpx

        target = parse(url)
        addresses = await resolve(target, self._allowed, self._lookup)
        outcome.headers |= {
            "host": target.authority,
            "content-type": "application/json",
            "accept-encoding": "identity",
            "user-agent": "emulator-webhooks",
        }
        *others, last = addresses
        for address in others:
            # `localhost` leads to ::1 and 127.0.0.1, and most receivers listen on one of them.
            with suppress(httpx.ConnectError):
                return await self._post(httpx.URL(url), target, address, outcome)
        return await self._post(httpx.URL(url), target, last, outcome)

    async def close(self) -> None:
        """Closes the connections."""
        for client in self._clients.values():
            await client.aclose()
        self._clients.clear()

    async def _post(self, url: httpx.URL, target: Target, address: str, outcome: CallOutcome) -> None:
        # The call goes to the address that was checked; the name is only said, in Host and in the TLS handshake.
        request = self._client(target.scheme).stream(
            "POST",
            url.copy_with(host=address, port=target.port, fragment=None),
            content=outcome.body,
            headers=outcome.headers,
            extensions={"sni_hostname": target.host},
        )
        async with request as answer:
            outcome.status = answer.status_code
            outcome.reply_headers = _beginning(answer.headers.items())
            async for part in answer.aiter_raw():
                outcome.reply_body = (outcome.reply_body + part)[:KEEP_ANSWER]
                if len(outcome.reply_body) == KEEP_ANSWER:
                    break

    def _client(self, scheme: str) -> httpx.AsyncClient:
        import httpx

        if scheme not in self._clients:
            self._clients[scheme] = httpx.AsyncClient(
                verify=_system_trust() if scheme == "https" else False,
                trust_env=False,
                follow_redirects=False,
                timeout=None,
                limits=httpx.Limits(max_keepalive_connections=0),
            )
        return self._clients[scheme]
