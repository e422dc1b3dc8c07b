"""Replies: their headers as text and as lines."""

from __future__ import annotations

from emulator.http.reply import Reply


def test_headers_are_those_of_the_text_and_the_lines_after_it_and_may_be_changed() -> None:
    reply = Reply(200, [(b"B", b"2")], head="A: 1\r\n")
    reply.headers.append((b"C", b"3"))
    assert reply.headers == [(b"A", b"1"), (b"B", b"2"), (b"C", b"3")]
    reply.headers = [(b"D", b"4")]
    assert (reply.headers, reply.head) == ([(b"D", b"4")], "")


def test_what_a_reply_states_itself_is_not_added() -> None:
    reply = Reply(200, [], stated=frozenset({b"server"}))
    reply.add([(b"Server", b"x"), (b"X-Id", b"7")])
    assert reply.headers == [(b"X-Id", b"7")]


def test_text_is_added_in_order_whether_or_not_there_are_lines_before_it() -> None:
    reply = Reply(200, [])
    reply.add_text("A: 1\r\n")
    reply.add([(b"B", b"2")])
    reply.add_text("C: 3\r\n")
    assert reply.headers == [(b"A", b"1"), (b"B", b"2"), (b"C", b"3")]


def test_text_leaves_what_a_reply_states_as_it_is() -> None:
    reply = Reply(200, [], stated=frozenset({b"date"}))
    reply.add_text("date: today\r\nX-Id: 7\r\n")
    assert reply.headers == [(b"X-Id", b"7")]
