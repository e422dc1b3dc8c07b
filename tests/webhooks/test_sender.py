"""Webhooks: what a receiver on this machine gets, and what is tried when it does not say yes."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest
from standardwebhooks import Webhook

from emulator.app import Application
from emulator.clock.world_clock import Clock, manual
from emulator.engine.state import STORED_TYPES
from emulator.faults.webhooks import Reorder
from emulator.jobs.job import Job
from emulator.jobs.lifecycle import Jobs
from emulator.language.document.durations import Duration
from emulator.playbook.model import JobPlan
from emulator.playbook.timeline import CANCELLED_AT_ONCE, Timeline
from emulator.settings.options import Settings
from emulator.settings.parsers import parse_networks
from emulator.store.memory import MemoryBackend
from emulator.webhooks import client as post
from emulator.webhooks.address import AddressError, Lookup, Network, Target
from emulator.webhooks.client import SecretError, sign
from emulator.webhooks.message import DeliveryAttempt
from emulator.webhooks.sender import Sender, UnknownWebhook
from emulator.webhooks.views import webhook_view
from tests.backends import backend
from tests.loopback import count_bundles
from tests.running import loaded
from tests.waiting import PATIENCE

SECRET = "whsec_" + base64.b64encode(b"a secret of twenty-four bytes").decode()
BODY = b'{"type":"batch.completed","name":"Zo\xc3\xab"}'
BACKOFF = (5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0, 50_400.0)
HANG = b""


@dataclass
class Receiver:
    """A server that keeps what it got and gives the answers it was told to give, the last one again and again."""

    answers: list[bytes]
    url: str = ""
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    called: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        self.got.append((line, headers, await reader.readexactly(int(headers["content-length"]))))
        self.called.set()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        writer.write(answer)
        if answer in (HANG, DRIPS):
            await reader.read()
        writer.close()


def answer(status: str, body: bytes = b"", *headers: bytes) -> bytes:
    lines = [b"HTTP/1.1 " + status.encode(), b"content-length: %d" % len(body), b"connection: close", *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


YES = answer("200 OK", b"thanks")
NO = answer("500 Internal Server Error", b"not today")
DRIPS = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nnever"


class Loop(asyncio.SelectorEventLoop):
    """A loop whose real seconds can be made to pass: what waits for a time limit need not."""

    passed = 0.0

    def time(self) -> float:
        return super().time() + self.passed


def pass_seconds(seconds: float) -> None:
    """Let real seconds pass at once, for what is timed by the running loop."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, Loop)
    loop.passed += seconds


@asynccontextmanager
async def receiving(*answers: bytes, host: str = "127.0.0.1") -> AsyncIterator[Receiver]:
    receiver = Receiver(list(answers))
    server = await asyncio.start_server(receiver.serve, host, 0)
    name = f"[{host}]" if ":" in host else host
    receiver.url = f"http://{name}:{server.sockets[0].getsockname()[1]}/hook?job=1"
    async with server:
        yield receiver


def play(
    story: Callable[[Clock, Sender], Awaitable[None]], clock: Clock | None = None, **settings: Any
) -> list[DeliveryAttempt]:
    """Run a story with a sender, and give its attempts."""
    clock = clock or manual()
    store = backend(clock)
    sender = Sender(store, **settings)

    async def run() -> list[DeliveryAttempt]:
        await story(clock, sender)
        await clock.advance(0)
        attempts = sender.attempts()
        await store.schedule.close()
        await sender.close()
        await store.close()
        return attempts

    with asyncio.Runner(loop_factory=Loop) as runner:
        return runner.run(run())


def send_to(url: str, **settings: Any) -> list[DeliveryAttempt]:
    """What comes of one delivery without retries to a URL."""

    async def story(clock: Clock, sender: Sender) -> None:
        sender.deliver("msg_1", url, SECRET, BODY)

    return play(story, **settings)


def test_a_receiver_can_verify_what_it_gets() -> None:
    got: list[tuple[str, dict[str, str], bytes]] = []

    async def story(clock: Clock, sender: Sender) -> None:
        async with receiving(YES) as receiver:
            sender.deliver("msg_1", receiver.url, SECRET, BODY)
            await clock.advance(0)
            got.extend(receiver.got)

    [attempt] = play(story, manual(Clock().now()))
    [(line, headers, body)] = got
    assert line == "POST /hook?job=1 HTTP/1.1"
    assert Webhook(SECRET).verify(body, headers) == {"type": "batch.completed", "name": "Zoë"}
    assert headers["content-type"] == "application/json"
    assert headers["webhook-id"] == "msg_1"
    assert attempt.delivered
    assert (attempt.status, attempt.reply_body, attempt.error, attempt.body) == (200, b"thanks", None, BODY)
    assert attempt.headers["webhook-signature"] == headers["webhook-signature"]
    assert SECRET not in str(attempt)
    assert attempt.took >= 0


def test_a_day_of_retries_passes_on_the_clock_with_one_id_and_a_signature_for_each_time() -> None:
    got: list[tuple[str, dict[str, str], bytes]] = []

    async def story(clock: Clock, sender: Sender) -> None:
        async with receiving(*[NO] * 7, YES) as receiver:
            sender.deliver("msg_1", receiver.url, SECRET, BODY, BACKOFF)
            await clock.advance(2 * 86_400)
            got.extend(receiver.got)

    attempts = play(story)
    due = [1_767_225_600.0 + sum(BACKOFF[:count]) for count in range(8)]
    assert [attempt.at for attempt in attempts] == due
    assert [attempt.number for attempt in attempts] == list(range(1, 9))
    assert [attempt.status for attempt in attempts] == [500] * 7 + [200]
    assert len(got) == 8
    for (_, headers, body), at in zip(got, due, strict=True):
        assert headers["webhook-id"] == "msg_1"
        assert headers["webhook-timestamp"] == str(int(at))
        expected = Webhook(SECRET).sign("msg_1", datetime.fromtimestamp(at, UTC), body.decode())
        assert headers["webhook-signature"] == expected


def test_the_end_of_a_job_is_told_when_it_comes() -> None:
    async def story(clock: Clock, sender: Sender) -> None:
        def tell(job: Job) -> None:
            sender.deliver(f"msg_{job.id}", receiver.url, SECRET, job.status(clock.now()).encode(), BACKOFF)

        working = Timeline(("working", "completed"), (Duration(0.0), Duration(90.0)))
        jobs = Jobs(MemoryBackend(clock), {"batch": JobPlan("batch", working, CANCELLED_AT_ONCE, most=10)}, tell)
        async with receiving(NO, YES) as receiver:
            jobs.start("batch", "batch_1", "one", watched=True)
            await clock.advance(3_600)
            assert [body for _, _, body in receiver.got] == [b"completed", b"completed"]

    attempts = play(story)
    assert [(attempt.id, attempt.at, attempt.status) for attempt in attempts] == [
        ("msg_batch_1", 1_767_225_690.0, 500),
        ("msg_batch_1", 1_767_225_695.0, 200),
    ]


@pytest.mark.parametrize(("last", "tries"), [(YES, 2), (answer("204 No Content"), 2), (answer("410 Gone"), 2), (NO, 4)])
def test_a_yes_or_a_gone_ends_it_and_so_does_the_last_retry(last: bytes, tries: int) -> None:
    async def story(clock: Clock, sender: Sender) -> None:
        async with receiving(NO, last) as receiver:
            sender.deliver("msg_1", receiver.url, SECRET, BODY, (1, 2, 3))
            await clock.advance(3_600)
            assert clock.pending() == []

    assert len(play(story)) == tries


def test_a_redirect_is_a_failure_and_is_not_followed() -> None:
    async def story(clock: Clock, sender: Sender) -> None:
        async with receiving(YES) as elsewhere:
            moved = answer("307 Temporary Redirect", b"", b"location: " + elsewhere.url.encode())
            async with receiving(moved) as receiver:
                sender.deliver("msg_1", receiver.url, SECRET, BODY, (60,))
                await clock.advance(60)
            assert elsewhere.got == []

    attempts = play(story)
    assert [(attempt.status, attempt.delivered) for attempt in attempts] == [(307, False), (307, False)]


def test_a_receiver_that_is_down_is_tried_again_and_found_when_it_is_back() -> None:
    async def story(clock: Clock, sender: Sender) -> None:
        async with receiving(YES) as receiver:
            url = receiver.url
        sender.deliver("msg_1", url, SECRET, BODY, (60,))
        await clock.advance(30)
        again = Receiver([YES])
        async with await asyncio.start_server(again.serve, "127.0.0.1", int(url.split(":")[2].split("/")[0])):
            await clock.advance(30)

    down, back = play(story)
    assert down.status is None
    assert "ConnectError" in (down.error or "")
    assert down.headers["webhook-signature"]
    assert back.delivered


def test_a_receiver_that_hangs_is_left_when_the_time_is_up() -> None:
    async def story(clock: Clock, sender: Sender) -> None:
        async with receiving(HANG, YES) as receiver:
            sender.deliver("msg_1", receiver.url, SECRET, BODY, (60,), timeout=600.5)
            await receiver.called.wait()
            pass_seconds(600.5)
            await clock.advance(60)

    hung, answered = play(story)
    assert (hung.status, hung.error) == (None, "no answer within 600.5 s")
    assert hung.took >= 600.5
    assert answered.delivered


def test_a_yes_counts_even_when_its_body_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    send = httpx.AsyncClient.send

    async def wait_for_the_rest(client: httpx.AsyncClient, *arguments: Any, **options: Any) -> httpx.Response:
        answer = await send(client, *arguments, **options)
        pass_seconds(600)
        return answer

    monkeypatch.setattr(httpx.AsyncClient, "send", wait_for_the_rest)

    async def story(clock: Clock, sender: Sender) -> None:
        async with receiving(DRIPS) as receiver:
            sender.deliver("msg_1", receiver.url, SECRET, BODY, (60,), timeout=600)
            await clock.advance(60)

    [attempt] = play(story)
    assert attempt.delivered
    assert attempt.reply_body == b"never"


def test_an_answer_that_is_not_http_is_a_failed_try() -> None:
    async def story(clock: Clock, sender: Sender) -> None:
        async with receiving(b"SSH-2.0-OpenSSH_9.6\r\n") as receiver:
            sender.deliver("msg_1", receiver.url, SECRET, BODY)
            await clock.advance(0)

    [attempt] = play(story)
    assert attempt.status is None
    assert "ProtocolError" in (attempt.error or "")


@pytest.mark.bound("response to a webhook")
def test_only_the_beginning_of_a_long_answer_is_kept() -> None:
    async def story(clock: Clock, sender: Sender) -> None:
        async with receiving(answer("200 OK", b"x" * 1_000_000)) as receiver:
            sender.deliver("msg_1", receiver.url, SECRET, BODY)
            await clock.advance(0)

    [attempt] = play(story)
    assert attempt.reply_body == b"x" * 4_096


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback")
def test_a_receiver_may_listen_on_ipv6() -> None:
    async def story(clock: Clock, sender: Sender) -> None:
        async with receiving(YES, host="::1") as receiver:
            sender.deliver("msg_1", receiver.url, SECRET, BODY)
            await clock.advance(0)
            [(_, headers, _)] = receiver.got
            assert headers["host"].startswith("[::1]:")

    assert play(story)[0].delivered


def test_each_address_of_a_name_is_tried_and_the_name_is_kept_in_host() -> None:
    asked: list[str] = []

    async def lookup(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["::1", "127.0.0.1"]

    async def story(clock: Clock, sender: Sender) -> None:
        async with receiving(YES) as receiver:
            url = receiver.url.replace("127.0.0.1", "hooks.example")
            sender.deliver("msg_1", url, SECRET, BODY)
            await clock.advance(0)
            [(_, headers, _)] = receiver.got
            assert headers["host"] == url.split("/")[2]

    assert play(story, lookup=lookup)[0].delivered
    assert asked == ["hooks.example"]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://169.254.169.254/latest/meta-data", "metadata"),
        ("http://2852039166/", "metadata"),
        ("http://[::ffff:169.254.169.254]/", "metadata"),
        ("http://[fe80::1]/", "--webhook-allow fe80::1 lets them go there"),
        ("http://169.254.1.2/", "--webhook-allow 169.254.1.2 lets them go there"),
        ("http://0.0.0.0:8080/", "unspecified"),
        ("http://8.8.8.8/", "public"),
        ("http://user:pass@127.0.0.1/", "user name"),
        ("ftp://127.0.0.1/", "expected http or https"),
    ],
)
def test_where_webhooks_must_not_go_nothing_is_sent_nor_tried_again(url: str, reason: str) -> None:
    async def story(clock: Clock, sender: Sender) -> None:
        sender.deliver("msg_1", url, SECRET, BODY, (1, 1))
        await clock.advance(10)

    [attempt] = play(story)
    assert reason in (attempt.error or "")
    assert (attempt.status, attempt.headers) == (None, {})


def test_a_name_that_leads_to_metadata_is_refused_even_when_every_address_is_allowed() -> None:
    async def lookup(host: str, port: int) -> list[str]:
        return ["169.254.169.254"]

    [attempt] = send_to("https://hooks.example/", allowed=parse_networks("0.0.0.0/0"), lookup=lookup)
    assert attempt.error == "hooks.example leads to 169.254.169.254, a metadata address; webhooks never go there"


@pytest.mark.finding("H4")
def test_the_networks_of_the_settings_are_those_of_every_world(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Collection[Network]] = []

    async def resolve(target: Target, allowed: Collection[Network], lookup: Lookup) -> list[str]:
        asked.append(allowed)
        raise AddressError("seen")

    async def story() -> None:
        settings = Settings(webhook_allow=parse_networks("169.254.1.2"))
        worlds = Application(settings, manual(), loaded("default")).worlds
        for world in (worlds.default, worlds.create("other")):
            world.state.sender.deliver("msg_1", "http://169.254.1.2/", SECRET, BODY)
            await world.state.sender.wait()
        await worlds.close()

    monkeypatch.setattr(post, "resolve", resolve)
    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(story())
    assert asked == [parse_networks("169.254.1.2")] * 2


def test_a_name_that_leads_nowhere_is_a_failed_try() -> None:
    async def lookup(host: str, port: int) -> list[str]:
        raise OSError("no such host")

    [attempt] = send_to("http://hooks.example/", lookup=lookup)
    assert attempt.error == "OSError: no such host"


def test_a_receiver_of_https_that_does_not_speak_it_gets_nothing() -> None:
    async def story(clock: Clock, sender: Sender) -> None:
        server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            sender.deliver("msg_1", f"https://127.0.0.1:{port}/", SECRET, BODY)
            await clock.advance(0)

    [attempt] = play(story)
    assert attempt.status is None
    assert attempt.error


def test_the_cas_are_loaded_for_https_only_and_once_for_all_worlds(monkeypatch: pytest.MonkeyPatch) -> None:
    post._system_trust.cache_clear()
    loaded = count_bundles(monkeypatch)
    send_to("http://127.0.0.1:1/")
    assert loaded == []
    for _ in range(2):
        send_to("https://127.0.0.1:1/")
    assert len(loaded) == 1


@pytest.mark.parametrize("secret", ["", "whsec_", "!", "a", "whsec_ü"])
def test_a_secret_that_cannot_sign_is_said_in_the_attempt(secret: str) -> None:
    with pytest.raises(SecretError):
        sign("msg_1", 0.0, secret, BODY)

    async def story(clock: Clock, sender: Sender) -> None:
        sender.deliver("msg_1", "http://127.0.0.1:9/", secret, BODY, (1,))
        await clock.advance(10)

    [attempt] = play(story)
    assert "the secret is not base64" in (attempt.error or "")


def test_attempts_are_kept_by_message_and_only_the_last_ones() -> None:
    async def story(clock: Clock, sender: Sender) -> None:
        async with receiving(YES) as receiver:
            for number in range(5):
                sender.deliver(f"msg_{number}", receiver.url, SECRET, b"{}")
                await clock.advance(0)
        assert sender.attempts("msg_0") == []
        assert [attempt.id for attempt in sender.attempts("msg_4")] == ["msg_4"]
        assert sender.dropped == 2

    assert [attempt.id for attempt in play(story, most=3)] == ["msg_2", "msg_3", "msg_4"]


def test_forgetting_all_attempts_drops_none() -> None:
    async def story(clock: Clock, sender: Sender) -> None:
        async with receiving(YES) as receiver:
            for number in range(3):
                sender.deliver(f"msg_{number}", receiver.url, SECRET, b"{}")
                await clock.advance(0)
        sender.clear()
        assert sender.dropped == 0

    assert play(story, most=2) == []


@pytest.mark.bound("webhooks")
def test_no_more_deliveries_are_under_way_than_are_kept() -> None:
    async def story(clock: Clock, sender: Sender) -> None:
        async with receiving(NO) as receiver:
            for number in range(3):
                sender.deliver(f"msg_{number}", receiver.url, SECRET, b"{}", (60,))
            assert [attempt.error for attempt in sender.attempts()] == [
                "2 webhooks are under way; this one is not sent"
            ]
            await clock.advance(0)

    play(story, most=2)


def test_forgetting_gives_up_what_is_under_way() -> None:
    async def story(clock: Clock, sender: Sender) -> None:
        async with receiving(NO, HANG) as receiver:
            sender.deliver("msg_1", receiver.url, SECRET, BODY, (60,))
            await clock.advance(0)
            assert len(clock.pending()) == 1
            sender.deliver("msg_2", receiver.url, SECRET, BODY)
            sender.clear()
            await clock.advance(3_600)
            assert clock.pending() == []
            assert len(receiver.got) == 1

    assert play(story) == []


# ------------------------------------------------------------------------------------------------- what is recorded


def test_an_attempt_says_what_was_sent_what_was_answered_and_when_it_is_tried_again() -> None:
    async def story(clock: Clock, sender: Sender) -> None:
        no = answer("503 Service Unavailable", b"no\xff", b"retry-after: 9", b"x-trace: a")
        async with receiving(no, YES) as receiver:
            sender.deliver("msg_1", receiver.url, SECRET, BODY, (60,))
            await clock.advance(60)

    refused, answered = (json.loads(msgspec.json.encode(webhook_view(attempt))) for attempt in play(story))
    assert (refused["id"], refused["attempt"], refused["at"]) == ("msg_1", 1, 1_767_225_600.0)
    assert (refused["status"], refused["error"], refused["next_at"]) == (503, None, 1_767_225_660.0)
    assert (refused["reply_headers"]["retry-after"], refused["reply_headers"]["x-trace"]) == ("9", "a")
    assert (refused["body"], refused["reply_body"]) == (BODY.decode(), "no\ufffd")
    assert set(refused["headers"]) >= {"webhook-id", "webhook-timestamp", "webhook-signature", "content-type", "host"}
    assert (answered["attempt"], answered["status"], answered["next_at"]) == (2, 200, None)
    assert (answered["faults"], json.loads(json.dumps(answered))) == ([], answered)


def test_of_a_receiver_with_endless_headers_only_the_first_are_kept() -> None:
    async def story(clock: Clock, sender: Sender) -> None:
        many = [b"x-%d: %s" % (number, b"v" * 100) for number in range(500)]
        async with receiving(answer("200 OK", b"", *many)) as receiver:
            sender.deliver("msg_1", receiver.url, SECRET, BODY)
            await clock.advance(0)

    [attempt] = play(story)
    assert "x-0" in attempt.reply_headers
    assert sum(len(name) + len(value) for name, value in attempt.reply_headers.items()) <= 8_192


# ------------------------------------------------------------------------------------------------------ sending again


def test_a_message_is_sent_again_on_demand_under_its_id_and_with_all_its_retries_before_it() -> None:
    async def story(clock: Clock, sender: Sender) -> None:
        async with receiving(NO, NO, YES) as receiver:
            sender.deliver("msg_1", receiver.url, SECRET, BODY, (60,))
            await clock.advance(10)
            sender.redeliver("msg_1")
            await clock.advance(3_600)
            assert {headers["webhook-id"] for _, headers, _ in receiver.got} == {"msg_1"}
            assert {body for _, _, body in receiver.got} == {BODY}
            assert clock.pending() == []
            sender.redeliver("msg_1")
            await clock.advance(0)

    seen = [(attempt.number, attempt.at - 1_767_225_600.0, attempt.status) for attempt in play(story)]
    assert seen == [(1, 0.0, 500), (2, 10.0, 500), (3, 70.0, 200), (4, 3_610.0, 200)]


def test_sending_again_takes_the_place_of_the_try_that_was_to_come() -> None:
    async def story(clock: Clock, sender: Sender) -> None:
        async with receiving(NO, YES) as receiver:
            sender.deliver("msg_1", receiver.url, SECRET, BODY, (60,))
            await clock.advance(10)
            sender.redeliver("msg_1")
            await clock.advance(3_600)
            assert len(receiver.got) == 2

    seen = [(attempt.number, attempt.at - 1_767_225_600.0, attempt.status) for attempt in play(story)]
    assert seen == [(1, 0.0, 500), (2, 10.0, 200)]


def test_a_message_held_for_another_to_overtake_it_goes_out_once_when_it_is_sent_again() -> None:
    async def story(clock: Clock, sender: Sender) -> None:
        async with receiving(YES) as receiver:
            sender.deliver("msg_1", receiver.url, SECRET, BODY, faults=[Reorder()])
            await clock.advance(1)
            sender.redeliver("msg_1")
            await clock.advance(3_600)
            assert len(receiver.got) == 1

    assert [(attempt.number, attempt.at - 1_767_225_600.0) for attempt in play(story)] == [(1, 1.0)]


def test_a_message_that_waits_for_its_retry_can_be_sent_again_when_no_more_may_be_under_way() -> None:
    async def story(clock: Clock, sender: Sender) -> None:
        async with receiving(NO, YES) as receiver:
            sender.deliver("msg_1", receiver.url, SECRET, BODY, (60,))
            await clock.advance(10)
            sender.redeliver("msg_1")
            await clock.advance(3_600)
            assert len(receiver.got) == 2

    attempts = play(story, most=1)
    assert [(attempt.number, attempt.at - 1_767_225_600.0, attempt.status) for attempt in attempts] == [(2, 10.0, 200)]


def test_a_message_that_nobody_sent_can_not_be_sent_again() -> None:
    async def story(clock: Clock, sender: Sender) -> None:
        sender.deliver("msg_12", "http://169.254.169.254/", SECRET, BODY)
        await clock.advance(0)
        with pytest.raises(UnknownWebhook, match=r"no webhook 'msg_13' was sent; .*did you mean 'msg_12'"):
            sender.redeliver("msg_13")
        sender.clear()
        with pytest.raises(UnknownWebhook, match="there are none"):
            sender.redeliver("msg_12")

    play(story)


def test_only_the_last_messages_can_be_sent_again_and_those_under_way_are_not_forgotten() -> None:
    async def story(clock: Clock, sender: Sender) -> None:
        async with receiving(NO, YES) as receiver:
            sender.deliver("msg_0", receiver.url, SECRET, b"{}", (60,))
            await clock.advance(0)
            for number in range(1, 4):
                sender.deliver(f"msg_{number}", receiver.url, SECRET, b"{}")
                await clock.advance(0)
            with pytest.raises(UnknownWebhook):
                sender.redeliver("msg_1")
            await clock.advance(60)
            assert [attempt.id for attempt in sender.attempts()] == ["msg_2", "msg_3", "msg_0"]

    play(story, most=3)


def test_a_try_under_way_of_a_message_sent_anew_is_recorded_and_starts_nothing() -> None:
    async def story(clock: Clock, sender: Sender) -> None:
        async with receiving(HANG, YES) as receiver:
            sender.deliver("msg_1", receiver.url, SECRET, BODY, (1, 1, 1), timeout=600)
            await receiver.called.wait()
            sender.redeliver("msg_1")
            await sender.wait(1, PATIENCE, delivered=True)
            pass_seconds(600)
            await clock.advance(60)

    assert sorted((each.number, each.status, each.next_at) for each in play(story)) == [(1, None, None), (2, 200, None)]


# ------------------------------------------------------------------------------------------------------------ waiting


def test_somebody_may_wait_in_real_time_for_so_many_attempts_or_so_many_that_were_welcome() -> None:
    async def story(clock: Clock, sender: Sender) -> None:
        async with receiving(NO, YES) as receiver:
            waiting = asyncio.create_task(sender.wait(1, PATIENCE))
            welcome = asyncio.create_task(sender.wait(1, PATIENCE, delivered=True))
            sender.deliver("msg_1", receiver.url, SECRET, BODY, (60,))
            assert [attempt.status for attempt in await waiting] == [500]
            assert not welcome.done()
            await clock.advance(60)
            assert [attempt.status for attempt in await welcome] == [200]
            assert len(await sender.wait(2, PATIENCE)) == 2
            with pytest.raises(TimeoutError):
                await sender.wait(3, 0.01)

    play(story)


def test_with_a_clock_that_jumps_waiting_is_enough() -> None:
    async def story(clock: Clock, sender: Sender) -> None:
        clock.auto = True
        async with receiving(NO, NO, YES) as receiver:
            sender.deliver("msg_1", receiver.url, SECRET, BODY, (3_600, 86_400))
            assert [attempt.status for attempt in await sender.wait(3, PATIENCE)] == [500, 500, 200]
        clock.auto = False

    assert play(story)[-1].at == 1_767_225_600.0 + 3_600 + 86_400


# ----------------------------------------------------------------------------------------------------------- snapshots


def saved_and_loaded(sender_store: MemoryBackend, clock: Clock) -> MemoryBackend:
    """Another backend that goes on from where one is."""
    other = MemoryBackend(clock, types=STORED_TYPES)
    other.load(json.loads(json.dumps(sender_store.dump())))
    return other


def test_what_a_sender_remembers_can_be_saved_and_gone_on_with() -> None:
    async def run() -> None:
        clock = manual()
        store = MemoryBackend(clock, types=STORED_TYPES)
        sender = Sender(store)
        async with receiving(NO, YES) as receiver:
            sender.deliver("msg_0", "http://169.254.169.254/", SECRET, BODY, (60,))
            sender.deliver("msg_1", receiver.url, SECRET, BODY, (60, 60))
            await clock.advance(0)
            copy = saved_and_loaded(store, clock)
            other = Sender(copy)
            sender.clear()
            assert sender.attempts() == []
            assert [attempt.body for attempt in other.attempts("msg_0")] == [BODY]
            await clock.advance(60)
            assert [(attempt.number, attempt.status) for attempt in other.attempts("msg_1")] == [(1, 500), (2, 200)]
            other.redeliver("msg_1")
            await clock.advance(0)
            assert len(receiver.got) == 3
            await copy.schedule.close()
            await other.close()
            await sender.close()

    asyncio.run(run())


def test_a_try_that_was_under_way_when_it_was_saved_is_made_again() -> None:
    async def run() -> None:
        clock = manual()
        store = MemoryBackend(clock, types=STORED_TYPES)
        sender = Sender(store)
        async with receiving(HANG, YES) as receiver:
            sender.deliver("msg_1", receiver.url, SECRET, BODY, timeout=600)
            await receiver.called.wait()
            saved = store.dump()
            store.load(saved)
            await clock.advance(0)
            assert [attempt.status for attempt in sender.attempts()] == [200]
            await store.schedule.close()
            await sender.close()

    asyncio.run(run())


def test_a_message_that_is_held_is_held_after_it_was_saved_too() -> None:
    async def run() -> None:
        clock = manual()
        store = MemoryBackend(clock, types=STORED_TYPES)
        sender = Sender(store)
        async with receiving(YES) as receiver:
            sender.deliver("msg_1", receiver.url, SECRET, BODY, faults=[Reorder()])
            await clock.advance(0)
            copy = saved_and_loaded(store, clock)
            sender.clear()
            other = Sender(copy)
            other.deliver("msg_2", receiver.url, SECRET, BODY)
            await clock.advance(0)
            assert [attempt.id for attempt in other.attempts()] == ["msg_2", "msg_1"]
            await copy.schedule.close()
            await other.close()

    asyncio.run(run())


@pytest.mark.finding("G5")
def test_another_time_than_the_clocks_may_sign() -> None:
    async def story(clock: Clock, sender: Sender) -> None:
        async with receiving(YES) as receiver:
            sender.deliver("msg_1", receiver.url, SECRET, BODY)
            await clock.advance(0)

    (attempt,) = play(story, manual(5_000.0), stamps=lambda: 9_000.5)
    assert (attempt.at, attempt.headers["webhook-timestamp"]) == (5_000.0, "9000")
