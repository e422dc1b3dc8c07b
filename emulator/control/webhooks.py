"""Webhooks: every attempt of this world to tell somebody something; waiting for some, and sending again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta, Struct

from emulator.control.exchanges import Cleared, time_limit
from emulator.control.mcp.tool import NoTool, Tool
from emulator.control.parsing import ControlFailure
from emulator.control.route import ControlRequest, ControlRoute
from emulator.webhooks.message import DeliveryAttempt
from emulator.webhooks.sender import UnknownWebhook
from emulator.webhooks.views import WebhookView, webhook_view


class WebhooksView(Struct, frozen=True):
    """The attempts, the oldest first; `dropped` is how many older ones are not kept any more."""

    webhooks: list[WebhookView]
    dropped: int


class WebhooksWait(Struct, frozen=True, forbid_unknown_fields=True):
    """How many attempts to wait for, and how long, in real time; those made already count. `delivered`: only those to
    which the receiver said yes."""

    count: Annotated[int, Meta(ge=1, le=1_000)] = 1
    timeout: Annotated[str | float, Meta(description="a duration such as 5s, or seconds")] = "5s"
    delivered: bool = False


class Redelivery(Struct, frozen=True):
    """The message that is sent again."""

    redelivered: str


def webhooks(request: ControlRequest) -> WebhooksView:
    """The webhook attempts in this world."""
    return _view(request.state.sender.attempts(), request.state.sender.dropped)


async def wait(request: ControlRequest, body: WebhooksWait) -> WebhooksView:
    """Wait until there are `count` attempts; 408 if that takes longer than `timeout`."""
    limit, sender = time_limit(body.timeout), request.state.sender
    try:
        return _view(await sender.wait(body.count, limit, delivered=body.delivered), sender.dropped)
    except TimeoutError:
        made = len([each for each in sender.attempts() if each.delivered or not body.delivered])
        raise ControlFailure(
            408,
            f"waited {limit:g} s for {body.count} webhook attempts; there were {made}",
            "later attempts wait for the world's clock: POST /_emulator/clock moves it",
        ) from None


def redeliver(request: ControlRequest) -> Redelivery:
    """Send a webhook again at once, with the same id and without faults."""
    try:
        request.state.sender.redeliver(request.path["id"])
    except UnknownWebhook as error:
        raise ControlFailure(404, str(error)) from None
    return Redelivery(request.path["id"])


def clear(request: ControlRequest) -> Cleared:
    """Clear the attempts of this world, and give up those under way."""
    count = len(request.state.sender.attempts())
    request.state.sender.clear()
    return Cleared(count)


def _view(attempts: Iterable[DeliveryAttempt], dropped: int) -> WebhooksView:
    return WebhooksView([webhook_view(attempt) for attempt in attempts], dropped)


AT = {"id": "msg_1"}
ROUTES = (
    ControlRoute(
        "GET",
        "/webhooks",
        webhooks,
        tool=Tool(
            "list_webhooks",
            "List every attempt to deliver a webhook: URL, status or error, when the next attempt is due.",
            rest="wait_for_webhooks and the inspector show the others.",
            newest=True,
        ),
    ),
    ControlRoute(
        "POST",
        "/webhooks/wait",
        wait,
        example={"count": 1, "timeout": "5s"},
        refusals=(408, 409),
        body_optional=True,
        waits=True,
        tool=Tool(
            "wait_for_webhooks",
            "Wait, in real time, until so many webhooks have been attempted, earlier ones included.",
            words={"count": "how many attempts", "delivered": "count only those that the receiver accepted"},
            newest=True,
        ),
    ),
    ControlRoute(
        "POST",
        "/webhooks/{id}/redeliver",
        redeliver,
        at=AT,
        refusals=(404,),
        writes=True,
        tool=Tool(
            "redeliver_webhook",
            "Send a webhook again at once, with the same id and without faults, to see whether the receiver notices.",
            effect="adds",
            words={"id": "the id of the webhook, as list_webhooks gives it"},
        ),
    ),
    ControlRoute("DELETE", "/webhooks", clear, writes=True, tool=NoTool("reset_world does it")),
)
