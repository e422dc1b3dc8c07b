from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import Location, TemplateError
from emulator.language.expressions import Language, meter
from emulator.language.expressions.frames import Encode, FramePart, Frames, write_all
from emulator.language.expressions.template import Template, compile_tree
from emulator.language.expressions.writer import Writer, generate


def count(context: dict[str, Any]) -> int:
    """How often it was called."""
    context["calls"] = context.get("calls", 0) + 1
    return int(context["calls"])


LANGUAGE = Language({"count": count})
ANYTHING = st.none() | st.integers(0, 9) | st.text("\"\\,:é\x7f\n'x", max_size=3)


def compiled(tree: Any) -> Template:
    return compile_tree(tree, LANGUAGE, lambda path: Location("/".join(map(str, path)), 1, 1))


def part(template: Template, encode: Encode | None = None) -> FramePart:
    return template, encode


def upper(value: Any) -> bytes:
    return str(value).upper().encode()


def whole(*events: Frames) -> Callable[[dict[str, Any]], tuple[bytes, int]]:
    """The frames of these events in one piece, and how many they are."""

    def write(writer: Writer) -> str:
        return f"({', '.join(write_all(events, writer))})"

    return generate(write)


DELTA = [b"data: ", part(compiled({"type": "delta", "text": ["{{ piece }}"], "n": 1})), b"\n\n"]


@pytest.mark.parametrize(
    ("frames", "context", "written"),
    [
        (Frames([b"<", part(compiled({"a": "{{ x }}"})), b">"]), {"x": 1}, [b'<{"a":1}>']),
        (Frames([b"id: ", part(compiled("{{ x }}"), upper), b"\n"]), {"x": "a"}, [b"id: A\n"]),
        (Frames([part(compiled(1))], when=compiled("{{ x }}")), {"x": 0}, []),
        (Frames([part(compiled(1))], when=compiled("{{ x }}")), {"x": 1}, [b"1"]),
        (
            Frames([part(compiled("{{ x * 2 }}"))], compiled("{{ xs }}"), "x", compiled("{{ x > 1 }}")),
            {"xs": [1, 2, 3]},
            [b"4", b"6"],
        ),
        (Frames([part(compiled("{{ x }}"), upper)], compiled("{{ xs }}"), "x"), {"xs": ["a", "b"]}, [b"A", b"B"]),
        (Frames([part(compiled("{{ x }}"))], compiled("{{ xs }}"), "x"), {"xs": "ab"}, [b'"a"', b'"b"']),
        (Frames([part(compiled("{{ x }}"))], compiled("{{ xs }}"), "x"), {"xs": ()}, []),
        (Frames(DELTA, compiled("{{ xs }}"), "piece"), {"xs": []}, []),
        (
            Frames(DELTA, compiled("{{ xs }}"), "piece"),
            {"xs": ("a", 'b"c')},
            [
                b'data: {"type":"delta","text":["a"],"n":1}\n\n',
                b'data: {"type":"delta","text":["b\\"c"],"n":1}\n\n',
            ],
        ),
    ],
)
def test_frames_are_written_one_by_one_and_all_in_one(
    frames: Frames, context: dict[str, Any], written: list[bytes]
) -> None:
    assert frames.single(dict(context)) == written
    assert whole(frames)(dict(context)) == (b"".join(written), len(written))


@given(st.lists(ANYTHING, max_size=6) | st.lists(st.text('",\\\x7f', max_size=3), max_size=6))
def test_texts_are_written_all_in_one_as_they_are_one_by_one(items: list[Any]) -> None:
    frames = Frames(DELTA, compiled("{{ xs }}"), "piece")
    written = frames.single({"xs": items})
    assert whole(frames)({"xs": items}) == (b"".join(written), len(items))


@pytest.mark.parametrize("items", [["a", "b"], ["a", 1], ("a", "b")])
def test_what_comes_after_an_event_sees_its_last_item(items: Any) -> None:
    frames = Frames(DELTA, compiled("{{ xs }}"), "piece")
    for write in (frames.single, whole(frames)):
        context = {"xs": items}
        write(context)
        assert context == {"xs": items, "piece": items[-1]}


@pytest.mark.parametrize(
    ("frames", "place", "message"),
    [
        (Frames([part(compiled({"a": ["{{ x.y }}"]}))]), "a/0", "`x.y` is absent"),
        (Frames([part(compiled("{{ x.y }}"), upper)]), "", "`x.y` is absent"),
        (Frames(DELTA, compiled("{{ x }}"), "piece"), "", "`$each`: 'int' object is not iterable"),
        (Frames(DELTA, compiled("{{ half }}"), "piece"), "text/0", "`piece`: the text holds half a character"),
        (Frames(DELTA, compiled("{{ x }}"), "piece", compiled("{{ 1 / x }}")), "", "`$each`: 'int' object is not"),
    ],
)
def test_what_fails_names_the_expression_and_the_location(frames: Frames, place: str, message: str) -> None:
    for write in (frames.single, whole(frames)):
        with pytest.raises(TemplateError) as caught:
            write({"x": 0, "half": ["\ud800"]})
        assert caught.value.place.file == place
        assert message in caught.value.message


def test_events_are_written_in_one_piece_as_they_are_one_after_the_other() -> None:
    events = [
        Frames([b"<", part(compiled({"a": "{{ x }}", "b": 1})), b">"]),
        Frames([b"fixed"]),
        Frames(DELTA, compiled("{{ xs }}"), "piece"),
        Frames([part(compiled("{{ piece }}"))]),
        Frames(
            [part(compiled("{{ piece ~ x }}"), upper)],
            compiled("{{ [1, 2, x] }}"),
            "piece",
            compiled("{{ piece != 2 }}"),
        ),
        Frames([b"last: ", part(compiled(["{{ piece }}", "{{ xs | length }}"]))], when=compiled("{{ x }}")),
        Frames([b"never"], when=compiled("{{ not x }}")),
    ]
    for items in (["a", "b"], ["a", 1], []):
        one, other = {"x": "y", "xs": items, "piece": "before"}, {"x": "y", "xs": items, "piece": "before"}
        written = [frame for event in events for frame in event.single(one)]
        assert whole(*events)(other) == (b"".join(written), len(written))
        assert one == other


@pytest.mark.parametrize("items", [["a", 'b"', "c"], ["a", 1], [], ["a\x7fb", "c"], "ab"])
@pytest.mark.parametrize(
    "value", ["{{ x.y }}", "{{ x.y | int + 1 }}", "{{ x.y ~ piece }}", "{{ count() }}", "{{ piece }}"]
)
def test_what_is_the_same_in_each_frame_is_written_as_if_it_were_not(items: Any, value: str) -> None:
    tree = {"before": "{{ x.y }}", "value": value, "delta": ["{{ piece }}"], "after": ["{{ x.y }}", 1, value]}
    frames = Frames([b"data: ", part(compiled(tree)), b"\n"], compiled("{{ xs }}"), "piece")
    one, other = {"x": {"y": 7}, "xs": items, "calls": 0}, {"x": {"y": 7}, "xs": items, "calls": 0}
    written = frames.single(one)
    assert whole(frames)(other) == (b"".join(written), len(written))
    assert one == other


def test_nothing_is_computed_for_frames_of_which_there_are_none() -> None:
    frames = Frames([part(compiled(["{{ x.y.z }}", "{{ piece }}"]))], compiled("{{ xs }}"), "piece")
    assert whole(frames)({"x": {}, "xs": []}) == (b"", 0)
    with pytest.raises(TemplateError, match=r"`x\.y\.z` is absent"):
        whole(frames)({"x": {}, "xs": ["a"]})


def test_of_no_events_there_are_no_bytes() -> None:
    assert whole()({}) == (b"", 0)


def test_a_name_that_was_used_before_an_event_is_its_last_item_afterwards() -> None:
    shown = Frames([part(compiled("{{ piece }}"))])
    events = whole(shown, Frames(DELTA, compiled("{{ xs }}"), "piece"), shown)
    assert events({"piece": 0, "xs": ["a", "b"]})[0].endswith(b'"b"')
    assert events({"piece": 0, "xs": []})[0] == b"00"


def test_the_events_of_a_stream_have_a_meter_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meter, "MAX_STEPS", 300)
    pairs = compiled({"$each": "{{ xs }}", "as": "y", "value": "{{ y }}"})
    event = Frames([part(pairs), b"\n"], compiled("{{ xs }}"), "x")
    _, count = whole(event, event, event)({"xs": list(range(12))})
    assert count == 36
    with pytest.raises(TemplateError, match="more than 300 steps"):
        whole(event)({"xs": list(range(20))})
