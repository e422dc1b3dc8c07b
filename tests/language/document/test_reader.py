"""How YAML is read: what values mean, where they stand, and what is refused."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emulator.errors import DocumentError
from emulator.language.document.builder import MAX_DEPTH, MAX_DIAGNOSTICS, MAX_NODES
from emulator.language.document.reader import MAX_BYTES, Document, parse, read


def data_of(text: str | bytes) -> Any:
    return parse(text, "x.yaml").data


def complaints_of(text: str | bytes) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        parse(text, "x.yaml")
    return [str(complaint) for complaint in caught.value.diagnostics]


def at(document: Document, *path: str | int, key: bool = False) -> str:
    place = document.place(path, key=key)
    return f"{place.line}:{place.column}"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("NULL", None),
        ("nuLL", "nuLL"),
        ("true", True),
        ("False", False),
        ("no", "no"),
        ("on", "on"),
        ("yes", "yes"),
        ("2026-04-03", "2026-04-03"),
        ("12:30:45", "12:30:45"),
        ("1_000", "1_000"),
        ("0o17", 15),
        ("0x1f", 31),
        ("017", 17),
        ("-12", -12),
        ("+12", 12),
        ("0b11", "0b11"),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1.", 1.0),
        ("1e3", 1000.0),
        ("-1.5E-2", -0.015),
        ("1.2.3", "1.2.3"),
        (".", "."),
        ("-.inf", -math.inf),
        (".Inf", math.inf),
        ("'12'", "12"),
        ('"true"', "true"),
        ("|\n  12", "12"),
        ("!!str 12", "12"),
        ("! 12", "12"),
        ("!!int '12'", 12),
        ("!!float 12", 12.0),
        ("!!bool true", True),
        ("!!null ''", None),
        ("=", "="),
        ("18446744073709551615", 2**64 - 1),
        ("-9223372036854775808", -(2**63)),
    ],
)
def test_scalars_are_of_yaml_1_2_core_types_and_no_others(text: str, value: Any) -> None:
    (found,) = data_of(f"- {text}")
    assert (found, type(found)) == (value, type(value))


def test_not_a_number_is_a_float() -> None:
    assert math.isnan(data_of(".nan"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("18446744073709551616", "does not fit into 64 bits; write it in quotes"),
        ("-9223372036854775809", "does not fit into 64 bits"),
        ("0xfffffffffffffffff", "does not fit into 64 bits"),
        ("9" * 10_000, "99999… does not fit into 64 bits"),
        ("1e999", "too large; write it in quotes"),
        ("!!int x", "'x' is not of the type that its tag '!!int' says"),
        ("!!int true", "'true' is not of the type that its tag '!!int' says"),
        ("!!python/name:os.system x", "unknown tag '!!python/name:os.system'"),
        ("!!timestamp 2026-04-03", "unknown tag '!!timestamp'"),
        ("!!set {a}", "unknown tag '!!set'; expected a mapping without a tag"),
        ("!thing [a]", "unknown tag '!thing'; expected a list without a tag"),
    ],
)
def test_values_that_json_could_not_carry_are_refused(text: str, message: str) -> None:
    (complaint,) = complaints_of(f"- {text}")
    assert complaint.startswith("x.yaml:1:3: ")
    assert message in complaint


def test_keys_are_text_as_they_are_written() -> None:
    assert data_of("200: a\ntrue: b\nno: c\n~: d\n1.10: e") == {
        "200": "a",
        "true": "b",
        "no": "c",
        "~": "d",
        "1.10": "e",
    }


def test_every_value_and_key_has_its_place() -> None:
    document = parse("top:\n  - name: é\n    list: [1, {deep: x}]\n  - ü: {a: 'b'}\n", "x.yaml")
    assert at(document) == "1:1"
    assert at(document, "top") == "2:3"
    assert at(document, "top", key=True) == "1:1"
    assert at(document, "top", 0) == "2:5"
    assert at(document, "top", 0, "name") == "2:11"
    assert at(document, "top", 0, "list", 1, "deep") == "3:22"
    assert at(document, "top", 0, "list", 1, "deep", key=True) == "3:16"
    assert at(document, "top", 1, "ü", "a") == "4:12"


def test_what_is_missing_has_the_place_of_its_nearest_ancestor() -> None:
    document = parse("a:\n  b: [1, 2]\n", "x.yaml")
    assert at(document, "a", "c", "d") == at(document, "a") == "2:3"
    assert at(document, "a", "b", 2) == at(document, "a", "b") == "2:6"
    assert at(document, "a", "b", -1) == at(document, "a", "b", "x") == "2:6"
    assert at(document, "a", 0) == "2:3"
    assert at(document, "a", "b", "x", key=True) == "2:3"
    assert at(parse("", "x.yaml"), "a") == "1:1"


def test_windows_line_ends_and_a_byte_order_mark_change_nothing() -> None:
    document = parse(b"\xef\xbb\xbfa: 1\r\nb:\r\n  c: 2\r\n", "x.yaml")
    assert document.data == {"a": 1, "b": {"c": 2}}
    assert at(document, "b", "c") == "3:6"


def test_an_alias_stands_where_it_is_used_and_its_parts_where_they_were_written() -> None:
    document = parse("a: &one {x: 1}\nb: *one\n", "x.yaml")
    assert document.data == {"a": {"x": 1}, "b": {"x": 1}}
    assert at(document, "b") == "2:4"
    assert at(document, "b", "x") == "1:13"


def test_merging_keeps_what_the_mapping_says_itself() -> None:
    document = parse("a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc: {z: 0, <<: [*a, *b], x: 9}\n", "x.yaml")
    assert document.data["c"] == {"z": 0, "x": 9, "y": 2}
    assert at(document, "c", "x") == "3:28"
    assert at(document, "c", "y") == "1:17"


def test_a_quoted_merge_sign_is_an_ordinary_key() -> None:
    assert data_of("'<<': 1") == {"<<": 1}


def test_keys_may_be_anchored_and_aliased() -> None:
    assert data_of("&k name: 1\nother: *k\n") == {"name": 1, "other": "name"}
    assert data_of("- &k name\n- {*k : 1}\n") == ["name", {"name": 1}]


def test_a_duplicate_key_is_refused_at_the_second_and_names_the_first() -> None:
    assert complaints_of("a: 1\nb:\n  c: 1\n  'c': 2\na: 3") == [
        "x.yaml:4:3: duplicate key 'c'; it stands on line 3 already",
        "x.yaml:5:1: duplicate key 'a'; it stands on line 1 already",
    ]


def test_all_complaints_are_told_at_once_even_before_a_syntax_error() -> None:
    assert complaints_of("a: 1\na: 2\nb: *nobody\nc: !!x y\nd: 'z") == [
        "x.yaml:2:1: duplicate key 'a'; it stands on line 1 already",
        "x.yaml:3:4: no anchor '&nobody' stands before this alias",
        "x.yaml:4:4: unknown tag '!!x'; expected one of: !!str, !!int, !!float, !!bool, !!null",
        "x.yaml:5:6: the text ends before the quote does",
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a:\n\tb: 1\n", "2:1: a tab can't indent; use spaces"),
        ("a:\n  b: 1\n\tc: 2\n", "3:1: a tab can't indent; use spaces (the part it stands in begins on line 2)"),
        (
            "a: {{ x }}\n",
            '1:5: a mapping can\'t be a key; a value that begins with a template must be quoted, as in "{{ … }}"',
        ),
        ("a: {% if x %}\n", '1:5: a value that begins with a template must be quoted, as in "{{ … }}"'),
        ("? [a]\n: b\n", "1:3: expected text as a key"),
        ("a: @x\n", "1:4: a value can't begin with this character; write it in quotes"),
        ("a:\n - 1\n b: 2\n", "3:2: expected '- ' here; a list and a key can't stand in the same column (the part it"),
        ("a: [1,,2]\n", "1:7: expected a value here"),
        ("a: {b: 1 c: 2}\n", "1:11: expected ',' or '}' here; text with ',', ':',"),
        (
            "a: {b: [1, 2}\n",
            "1:13: expected ',' or ']'",
        ),
        (
            "a: {b: '1' c}\n",
            "1:12: expected ',' or '}'",
        ),
        ("a: - b\n", "1:4: a list can't begin here; put '- ' on a line of its own"),
        ("a: *\n", "1:5: '*' and '&' begin the name of an anchor; write text"),
        ("a: 1\n---\nb: 2\n", "2:1: a second document begins here; expected one document in a file"),
        ("a: &b [*b]", "1:8: the alias '*b' stands inside what it names"),
        ("a: &base 1\nb: *bse", "2:4: no anchor '&bse' stands before this alias; did you mean '*base'?"),
        ("*a : 1", "1:1: no anchor '&a' stands before this alias"),
        ("a: {<<: 1}", "1:9: '<<' takes a mapping or a list of mappings, as in '<<: *name'"),
        ("a: {<<: [{b: 1}, 2]}", "1:9: '<<' takes a mapping or a list of mappings"),
        ("a: \x07", "1:4: the character U+0007 can't stand in YAML"),
        ("a:\r\n  \ud800", "2:3: the character U+D800 can't stand in YAML"),
        (b"a: 1\nb: \xc3\xa9 \xff", "2:6: expected UTF-8, found the byte 0xff"),
        ("a: 1\n", None),
    ],
)
def test_mistakes_are_told_in_plain_words_where_they_stand(text: str | bytes, complaint: str | None) -> None:
    if complaint is None:
        assert data_of(text) == {"a": 1}
    else:
        assert complaints_of(text)[0].startswith(f"x.yaml:{complaint}")


def test_merging_what_is_unknown_is_told_once() -> None:
    assert complaints_of("<<: *x") == ["x.yaml:1:5: no anchor '&x' stands before this alias"]


@pytest.mark.bound("file")
def test_nesting_is_bounded_before_anything_is_built() -> None:
    assert data_of("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    for text in ("[" * 40_000, "{a: " * 40_000, "- " * 40_000):
        assert "nested more than 60 deep" in complaints_of(text)[0]


def test_nesting_through_aliases_counts() -> None:
    levels = "\n".join(f"- &a{level} [[[[[[[[[[*a{level - 1}]]]]]]]]]]" for level in range(1, 8))
    assert "nested more than 60 deep, when aliases are written out" in complaints_of(f"- &a0 1\n{levels}")[0]


@pytest.mark.bound("file")
@pytest.mark.slow
@pytest.mark.parametrize(
    "bomb",
    [
        "- &a0 [x, x]\n" + "\n".join(f"- &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 50)),
        "- &a0 {x: 1}\n" + "\n".join(f"- &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}" for n in range(1, 50)),
        "- &a0 {x: 1}\n" + "\n".join(f"- &a{n} {{k{n}: *a{n - 1}, <<: *a{n - 1}}}" for n in range(1, 50)),
        "- a\n" * (MAX_NODES + 1),
    ],
    ids=["lists", "merges", "both", "plain"],
)
def test_a_document_that_explodes_is_refused(bomb: str) -> None:
    assert "more than 200,000 values" in complaints_of(bomb)[0]


def test_complaints_are_bounded() -> None:
    assert len(complaints_of("- *x\n" * 1_000)) == MAX_DIAGNOSTICS
    assert len(complaints_of("\x00" * 1_000)) == 10


@pytest.mark.bound("file")
def test_a_file_above_the_limit_is_refused() -> None:
    assert complaints_of(" " * (MAX_BYTES + 1)) == ["x.yaml:1:1: the file has more than 8 MiB"]


def test_a_file_is_named_as_seen_from_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inside").mkdir()
    for name in ("inside/a.yaml", "b.yaml"):
        (tmp_path / name).write_text("a: 1\n")
    monkeypatch.chdir(tmp_path / "inside")
    inside = read(tmp_path / "inside" / "a.yaml")
    assert (inside.file, inside.path, inside.data) == ("a.yaml", tmp_path / "inside" / "a.yaml", {"a": 1})
    assert read(tmp_path / "b.yaml").file == str(tmp_path / "b.yaml")
    assert read(Path("../b.yaml")).file == os.path.join("..", "b.yaml")


@pytest.mark.parametrize("name", ["missing.yaml", ".", "nul\0byte.yaml"])
def test_a_file_that_cannot_be_read_is_a_complaint(name: str, tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r":1:1: can't be read: "):
        read(tmp_path / name)


_SIGNS = [*"a[]{},>#~'`é|", '"', "\\", "\n", "\t", "\r", "\x85", "\u2028", "\ufeff"]
_WORDS = [
    "b: ",
    "- ",
    "  ",
    "&x ",
    "*x",
    "<<: ",
    "!!str ",
    "! ",
    "? ",
    ": ",
    "0x",
    "1e9",
    "---\n",
    "...\n",
    "%YAML 1.2",
]
_yaml_like = st.lists(st.sampled_from(_SIGNS + _WORDS), max_size=40).map("".join)


@given(st.one_of(st.text(), st.text(st.characters(exclude_categories=[])), st.binary(), _yaml_like))
@example("a\ud800")
@example("? ? ? a")
@example("&a &b c")
@example("&a : *a")
@example("!<tag:yaml.org,2002:map> x")
def test_no_text_does_anything_but_parse_or_complain(text: str | bytes) -> None:
    try:
        document = parse(text, "x.yaml")
    except DocumentError:
        return
    assert at(document)


_printable = st.text(st.characters(exclude_categories=["Cc", "Cn", "Cs", "Zl", "Zp"]))
_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _printable,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(_printable, below, max_size=4),
    max_leaves=12,
)


@given(_json)
def test_json_reads_as_itself_and_every_part_can_be_found(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False)
    document = parse(text, "x.json")
    assert document.data == value
    _find_all(document, value, (), text)


def _find_all(document: Document, value: Any, path: tuple[str | int, ...], text: str) -> None:
    place = document.place(path)
    begins = text[place.column - 1]
    assert place.line == 1
    beginnings = {"dict": "{", "list": "[", "str": '"'}
    assert begins in beginnings.get(type(value).__name__, "-0123456789tfn.")
    for key, part in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        _find_all(document, part, (*path, key), text)
