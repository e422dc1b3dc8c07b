from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import Location, TemplateError
from emulator.language.expressions import Language
from emulator.language.expressions.frames import Encode, FramePart, Frames
from emulator.language.expressions.template import Template, compile_tree

LANGUAGE = Language()
ANYTHING = st.none() | st.integers(0, 9) | st.text("\"\\,:é\x7f\n'x", max_size=3)


def compiled(tree: Any) -> Template:
    return compile_tree(tree, LANGUAGE, lambda path: Location("/".join(map(str, path)), 1, 1))


def part(template: Template, encode: Encode | None = None) -> FramePart:
    return template, encode


def upper(value: Any) -> bytes:
    return str(value).upper().encode()


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
    assert frames.whole(dict(context)) == (b"".join(written), len(written))


@given(st.lists(ANYTHING, max_size=6) | st.lists(st.text('",\\\x7f', max_size=3), max_size=6))
def test_texts_are_written_all_in_one_as_they_are_one_by_one(items: list[Any]) -> None:
    frames = Frames(DELTA, compiled("{{ xs }}"), "piece")
    written = frames.single({"xs": items})
    assert frames.whole({"xs": items}) == (b"".join(written), len(items))


@pytest.mark.parametrize("items", [["a", "b"], ["a", 1], ("a", "b")])
def test_what_comes_after_an_event_sees_its_last_item(items: Any) -> None:
    frames = Frames(DELTA, compiled("{{ xs }}"), "piece")
    for write in (frames.single, frames.whole):
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
    for write in (frames.single, frames.whole):
        with pytest.raises(TemplateError) as caught:
            write({"x": 0, "half": ["\ud800"]})
        assert caught.value.place.file == place
        assert message in caught.value.message
