"""How the values of settings are written: the forms that each takes, and what is said of others."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from emulator.settings.parsers import (
    MAX_WORKERS,
    MIB,
    parse_bool,
    parse_cors,
    parse_count,
    parse_faults,
    parse_file,
    parse_folder,
    parse_hosts,
    parse_keys,
    parse_log,
    parse_networks,
    parse_public_url,
    parse_scenarios,
    parse_seconds,
    parse_size,
    parse_store,
    parse_token,
    parse_webhook_time,
    parse_whole,
    parse_workers,
    parse_world,
)


@pytest.mark.parametrize(
    "given", [("strict", "mine/retry.yaml"), ["strict", "mine/retry.yaml"], "strict, mine/retry.yaml"]
)
def test_scenarios_are_a_sequence_or_a_text_with_commas(given: Any) -> None:
    assert parse_scenarios(given) == ("strict", "mine/retry.yaml")


@pytest.mark.parametrize(("text", "number"), [("42", 42), ("-7", -7), (" +3 ", 3), (5, 5)])
def test_a_whole_number_may_have_a_sign(text: Any, number: int) -> None:
    assert parse_whole(text) == number


def test_a_count_has_no_sign() -> None:
    assert parse_count(" 2000 ") == 2000


@pytest.mark.finding("A6")
@pytest.mark.parametrize(("given", "seconds"), [("0", 0.0), ("60", 60.0), (" 0.5 ", 0.5), (2.5, 2.5), (7, 7.0)])
def test_seconds_may_have_a_fraction(given: object, seconds: float) -> None:
    assert parse_seconds(given) == seconds


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("4096", 4096),
        ("4MiB", 4 * MIB),
        ("4 mib", 4 * MIB),
        ("500kB", 500_000),
        ("1GB", 10**9),
        ("2KiB", 2048),
        (77, 77),
    ],
)
def test_a_size_may_have_a_unit(text: Any, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("parse", [parse_folder, parse_file])
def test_files_and_folders_may_be_in_the_home_folder(parse: Callable[[Any], str]) -> None:
    assert parse("~/state") == os.path.expanduser("~/state")
    assert parse("auto") == "auto"


def test_hosts_are_names_in_lower_case() -> None:
    assert parse_hosts(("API.One.Test", "gateway")) == ("api.one.test", "gateway")
    assert parse_hosts("a.test, b2.test") == ("a.test", "b2.test")


@pytest.mark.finding("H4")
def test_networks_are_addresses_and_ranges() -> None:
    allowed = parse_networks(("169.254.1.2", "198.18.0.0/15"))
    assert list(map(str, allowed)) == ["169.254.1.2/32", "198.18.0.0/15"]
    assert parse_networks("169.254.1.2, 198.18.0.0/15") == allowed


@pytest.mark.parametrize(
    "given",
    [
        "team_key_1=axp_test_pro, team=key=axp_test_free",
        ["team_key_1=axp_test_pro", "team=key=axp_test_free"],
        {"team_key_1": "axp_test_pro", "team=key": "axp_test_free"},
        (("team_key_1", "axp_test_pro"), ("team=key", "axp_test_free")),
    ],
)
def test_keys_are_pairs_in_any_form(given: Any) -> None:
    assert parse_keys(given) == (("team_key_1", "axp_test_pro"), ("team=key", "axp_test_free"))


@pytest.mark.finding("A7")
@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("https://AI.Example.com/", "https://ai.example.com"),
        ("HTTPS://a.test:443/Emulator/v1/", "https://a.test/Emulator/v1"),
        ("http://a_b:8484", "http://a_b:8484"),
        ("http://[::1]:80", "http://[::1]"),
    ],
)
def test_a_public_url_is_written_as_browsers_write_it(given: str, url: str) -> None:
    assert parse_public_url(given) == url
    assert parse_public_url(url) == url


@pytest.mark.parametrize(
    ("given", "origins"),
    [
        ("https://App.Example.com/", ("https://app.example.com",)),
        (
            "http://a.test:80,https://b.test:443,http://c.test:443",
            ("http://a.test", "https://b.test", "http://c.test:443"),
        ),
        ("http://[::1]:3000, null", ("http://[::1]:3000", "null")),
        ("capacitor://localhost, file://", ("capacitor://localhost", "file://")),
        ("*", ("*",)),
        ("off", ("off",)),
    ],
)
def test_origins_are_written_as_browsers_write_them(given: str, origins: tuple[str, ...]) -> None:
    assert parse_cors(given) == origins
    assert parse_cors(tuple(given.split(","))) == origins


def test_faults_are_a_sequence_or_one_a_line() -> None:
    faults = ("messages.*: status=503; times=2", "latency=2s")
    assert parse_faults(faults) == faults
    assert parse_faults("messages.*: status=503; times=2\n latency=2s") == faults


@pytest.mark.parametrize(
    "url",
    ["redis://localhost:6379/0", "rediss://user:secret@cache.test", "redis://[::1]:6379", "unix:///run/redis.sock"],
)
def test_a_store_is_the_url_of_a_redis_server_or_memory(url: str) -> None:
    assert parse_store(url) == url
    assert parse_store("memory") == ""


def test_workers_and_names_are_taken_as_they_are() -> None:
    assert parse_workers(f" {MAX_WORKERS} ") == MAX_WORKERS
    assert (parse_token("my-own-token"), parse_world("a.b-c_1")) == ("my-own-token", "a.b-c_1")
    assert [parse_log(each) for each in ("text", "json")] == ["text", "json"]
    assert [parse_webhook_time(each) for each in ("world", "real")] == ["world", "real"]


@pytest.mark.parametrize("text", ["1", "true", "YES", "on", True])
def test_yes_has_many_spellings(text: Any) -> None:
    assert parse_bool(text) is True


@pytest.mark.parametrize("text", ["0", "false", "No", "off", False])
def test_no_has_many_spellings(text: Any) -> None:
    assert parse_bool(text) is False


# For each parser, what it takes no value for, and what it says is expected instead.
INVALID: list[tuple[Callable[[Any], object], str, tuple[object, ...]]] = [
    (parse_scenarios, "names or paths of scenarios, separated by commas", ("strict,,outage", ("strict", " "))),
    (parse_whole, "a whole number such as 42", ("abc", "1.5", "", True, "1" * 19)),
    (parse_count, "a whole number from 0, such as 2000", ("-1", "1.5", "+1", True)),
    (
        parse_seconds,
        "a number of seconds from 0, such as 60 or 0.5",
        ("-1", "1e3", "60s", "nan", "inf", ".5", True),
    ),
    (parse_size, "a size such as 4194304, 4MiB or 500kB", ("-1", "4 parsecs", "1.5MB", "")),
    (parse_folder, "a folder, or auto for the user's data folder", ("", " ")),
    (parse_file, "a file such as state.json", ("", " ", "a\0b")),
    (
        parse_hosts,
        "host names such as api.example.com, without scheme and port, separated by commas",
        ("https://a.test", "a.test:443", "10.0.0.12", "::1", "a..b", "-a", "a_b", "a.test/", "", ("a.test", "b c")),
    ),
    (
        parse_networks,
        "addresses or networks such as 169.254.1.2 or 198.18.0.0/15, separated by commas",
        ("host.containers.internal", "198.18.0.1/15", "169.254.1.2:80", "http://10.0.0.1", "", ("10.0.0.1", "x")),
    ),
    (
        parse_keys,
        "a key of 8 to 200 visible ASCII characters and the demo key that it is like, as KEY=LIKE",
        ("short=axp_test_pro", "team_key_1", "team_key_1=", "team key 1=axp_test_pro", ","),
    ),
    (parse_webhook_time, "world, or real for the system's time", ("", "World", "utc")),
    (parse_log, "text or json", ("", "xml")),
    (
        parse_public_url,
        "an http or https URL such as https://ai.example.com/emulator, without a query",
        (
            *(
                "",
                "a.test",
                "ftp://a.test",
                "https://",
                "https://u:p@a.test",
                "https://a.test/?q=1",
                "https://a.test/#x",
            ),
            *("https://a.test:65536", "https://a.test//b", 'https://a.test/"', "https://a.test/a b"),
            "https://a.test/\r\nx: y",
        ),
    ),
    (
        parse_cors,
        "origins such as https://app.example.com or http://192.168.1.7:5173 without a path, null, * or off",
        (
            *("", "a.test", "https://a.test/app", "https://a.test?q", "https://u@a.test", "https://*.a.test"),
            *("https://a b", "https://a.test:65536", "https://a.test:", "https://ä.test", "https://a.test\nx"),
            ("http://b.test", "a.test"),
        ),
    ),
    (parse_cors, "off alone, or origins without it", (("off", "https://a.test"),)),
    (
        parse_faults,
        "a fault such as 'messages.*: status=503; times=2', or several on lines of their own",
        (("",), "latency=2s\n\nlatency=3s"),
    ),
    (
        parse_store,
        "memory, or a URL such as redis://localhost:6379/0 or unix:///run/redis.sock",
        (
            "",
            "localhost:6379",
            "redis://",
            "http://localhost:6379",
            "redis://a b",
            "redis://localhost/x",
            "redis://a:99999/0",
        ),
    ),
    (parse_workers, f"a whole number from 1 to {MAX_WORKERS}, such as 2", ("0", f"{MAX_WORKERS + 1}", "-1", "two", "")),
    (
        parse_token,
        "8 to 200 visible ASCII characters without spaces",
        ("short", "with a space", "ümlaut-token", "x" * 201),
    ),
    (parse_world, "the name of a world, such as default", ("", "-a", "a b", "a" * 101)),
    (parse_bool, "one of 1, true, yes, on, 0, false, no, off", ("perhaps", "", 2)),
]


@pytest.mark.parametrize(
    ("parse", "expected", "value"),
    [(parse, expected, value) for parse, expected, values in INVALID for value in values],
)
def test_any_other_value_is_refused_with_what_was_expected(
    parse: Callable[[Any], object], expected: str, value: object
) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is compared
        parse(value)
    assert str(caught.value) == expected
