"""A document that is packed and unpacked: the same data, at the same places."""

from __future__ import annotations

import pickle

from emulator.language.document.reader import parse

TEXT = "a: &a\n  b: [1, {c: 2}]\nd: *a\ne: {<<: *a, f: 3}\n"


def test_a_document_that_was_packed_says_the_same() -> None:
    document = parse(TEXT, "some.yaml")
    packed = pickle.loads(pickle.dumps(document))
    assert (packed.file, packed.path, packed.data) == (document.file, document.path, document.data)
    for path in [(), ("a", "b", 1, "c"), ("d", "b"), ("e", "f"), ("e", "b", 0), ("e", "nothing"), ("a", "b", 7)]:
        assert packed.place(path) == document.place(path)
        assert packed.place(path, key=True) == document.place(path, key=True)


def test_what_aliases_share_is_shared_when_it_is_unpacked() -> None:
    packed = pickle.loads(pickle.dumps(parse(TEXT, "some.yaml")))
    assert packed.data["a"] is packed.data["d"]


def test_what_is_packed_is_small_and_holds_no_parser() -> None:
    assert b"yaml" not in pickle.dumps(parse("a: 1\n", "some.txt"))
