"""Settings come from flags, then from the environment, then from the defaults."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from emulator.errors import ConfigError
from emulator.settings.listen import Listen
from emulator.settings.parsers import MIB
from emulator.settings.settings import PARSERS, SECRETS, Settings, load


def test_the_defaults_apply_without_options_and_variables() -> None:
    assert load({}, {}) == Settings()


def test_the_default_address_is_this_machine_only() -> None:
    assert str(Settings().listen) == "127.0.0.1:8484"
    assert Settings().listen.is_loopback


def test_every_setting_has_a_flag_and_a_variable() -> None:
    assert set(PARSERS) == set(Settings.__struct_fields__)


def test_an_option_overrides_a_variable() -> None:
    assert load({"seed": 7}, {"EMULATOR_SEED": "8"}).seed == 7


def test_a_variable_overrides_the_default() -> None:
    assert load({"seed": None}, {"EMULATOR_SEED": "8"}).seed == 8


def test_a_false_option_is_not_a_missing_one() -> None:
    assert load({"reload": False}, {"EMULATOR_RELOAD": "1"}).reload is False


@pytest.mark.parametrize("absent", [None, (), []])
def test_a_missing_option_chooses_nothing(absent: Any) -> None:
    assert load({"scenarios": absent}, {}).scenarios == ("default",)


def test_an_empty_variable_is_no_choice() -> None:
    assert load({}, {"EMULATOR_SEED": "", "EMULATOR_LISTEN": ""}) == Settings()


def test_the_cache_of_earlier_versions_is_accepted_and_changes_nothing() -> None:
    for given in [
        load({"cache": "~/.cache/mine"}, {}),
        load({"cache": "off"}, {}),
        load({}, {"EMULATOR_CACHE": "off"}),
    ]:
        assert replace(given, cache=Settings().cache) == Settings()


def test_variables_of_other_programs_are_left_alone() -> None:
    assert load({}, {"EMULATOR_PORT": "tcp://10.0.0.1:8484", "SEED": "9"}) == Settings()


@pytest.mark.parametrize(
    ("text", "host", "port", "shown", "loopback"),
    [
        ("127.0.0.1:8484", "127.0.0.1", 8484, "127.0.0.1:8484", True),
        ("0.0.0.0:80", "0.0.0.0", 80, "0.0.0.0:80", False),
        ("localhost:0", "localhost", 0, "localhost:0", True),
        ("[::1]:9000", "::1", 9000, "[::1]:9000", True),
        ("[::]:9000", "::", 9000, "[::]:9000", False),
        ("9000", "127.0.0.1", 9000, "127.0.0.1:9000", True),
        (" emulator.test:65535 ", "emulator.test", 65535, "emulator.test:65535", False),
    ],
)
def test_an_address_is_read_and_shown(text: str, host: str, port: int, shown: str, loopback: bool) -> None:
    listen = load({"listen": text}, {}).listen
    assert listen == Listen(host, port)
    assert (str(listen), listen.is_loopback) == (shown, loopback)


@pytest.mark.parametrize(
    "text", ["", ":8484", "127.0.0.1:", "127.0.0.1", "::1:80", "[::1]", "a b:80", "h:65536", "h:-1", "http://h:80"]
)
def test_an_invalid_address_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^--listen is '.*'; expected HOST:PORT such as 127\.0\.0\.1:8484"):
        load({"listen": text}, {})


@pytest.mark.parametrize(
    "given", [("strict", "mine/retry.yaml"), ["strict", "mine/retry.yaml"], "strict, mine/retry.yaml"]
)
def test_scenarios_are_a_sequence_or_a_text_with_commas(given: Any) -> None:
    assert load({"scenarios": given}, {}).scenarios == ("strict", "mine/retry.yaml")


def test_the_variable_of_the_scenarios_has_the_name_of_the_flag() -> None:
    assert load({}, {"EMULATOR_SCENARIO": "strict,outage"}).scenarios == ("strict", "outage")


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
    assert load({"max_body": text}, {}).max_body == size


@pytest.mark.parametrize("text", ["1", "true", "YES", "on", True])
def test_yes_has_many_spellings(text: Any) -> None:
    assert load({"documented_only": text}, {}).documented_only is True


@pytest.mark.parametrize("text", ["0", "false", "No", "off", False])
def test_no_has_many_spellings(text: Any) -> None:
    assert load({"reload": text}, {}).reload is False


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("EMULATOR_SEED", "abc", "a whole number such as 42"),
        ("EMULATOR_SEED", "1.5", "a whole number such as 42"),
        ("EMULATOR_MAX_BODY", "-1", "a size such as 4194304, 4MiB or 500kB"),
        ("EMULATOR_MAX_BODY", "4 parsecs", "a size such as 4194304, 4MiB or 500kB"),
        ("EMULATOR_JOURNAL_ENTRIES", "-1", "a whole number from 0, such as 2000"),
        ("EMULATOR_RELOAD", "perhaps", "one of 1, true, yes, on, 0, false, no, off"),
        ("EMULATOR_SCENARIO", "strict,,outage", "names or paths of scenarios, separated by commas"),
    ],
)
def test_a_wrong_value_is_named_with_its_variable_and_what_was_expected(
    variable: str, value: str, expected: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load({}, {variable: value})
    assert str(caught.value) == f"{variable} is {value!r}; expected {expected}"


def test_a_truth_value_is_no_number() -> None:
    with pytest.raises(ConfigError, match="--seed is True"):
        load({"seed": True}, {})
    with pytest.raises(ConfigError, match="--journal-entries is True"):
        load({"journal_entries": True}, {})


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(ConfigError, match="unknown setting 'sead'"):
        load({"sead": 1}, {})


def test_the_journal_is_bounded_in_entries_and_bytes() -> None:
    settings = load({"journal_bytes": "1MiB"}, {"EMULATOR_JOURNAL_ENTRIES": "50"})
    assert (settings.journal_entries, settings.journal_bytes) == (50, MIB)


def test_a_token_is_generated_beyond_this_machine_unless_one_is_set() -> None:
    assert load({"listen": "127.0.0.1:1"}, {}).guarded().control_token == ""
    made = {load({"listen": "0.0.0.0:1"}, {}).guarded().control_token for _ in range(2)}
    assert len(made) == 2
    assert min(map(len, made)) >= 20
    given = {"EMULATOR_CONTROL_TOKEN": "my-own-token"}
    assert load({"listen": "0.0.0.0:1"}, given).guarded().control_token == "my-own-token"
    assert load({"control_token": "another-token"}, given).guarded().control_token == "another-token"


@pytest.mark.parametrize("token", ["short", "with a space", "ümlaut-token", "x" * 201])
def test_a_token_that_no_header_can_carry_is_refused(token: str) -> None:
    with pytest.raises(ConfigError, match="expected 8 to 200 visible ASCII characters without spaces"):
        load({"control_token": token}, {})


def test_hosts_are_names_in_lower_case() -> None:
    assert load({"intercept_hosts": ("API.One.Test", "gateway")}, {}).intercept_hosts == ("api.one.test", "gateway")
    assert load({}, {"EMULATOR_INTERCEPT_HOST": "a.test, b2.test"}).intercept_hosts == ("a.test", "b2.test")


@pytest.mark.parametrize(
    "host", ["https://a.test", "a.test:443", "10.0.0.12", "::1", "a..b", "-a", "a_b", "a.test/", ""]
)
def test_an_invalid_host_name_is_refused(host: str) -> None:
    with pytest.raises(ConfigError, match=r"--intercept-host is .*; expected host names such as api"):
        load({"intercept_hosts": ("a.test", host)}, {})


@pytest.mark.finding("H4")
def test_networks_are_addresses_and_ranges() -> None:
    allowed = load({"webhook_allow": ("169.254.1.2", "198.18.0.0/15")}, {}).webhook_allow
    assert list(map(str, allowed)) == ["169.254.1.2/32", "198.18.0.0/15"]
    assert load({}, {"EMULATOR_WEBHOOK_ALLOW": "169.254.1.2, 198.18.0.0/15"}).webhook_allow == allowed


@pytest.mark.parametrize(
    "network", ["host.containers.internal", "198.18.0.1/15", "169.254.1.2:80", "http://10.0.0.1", ""]
)
def test_an_invalid_network_is_refused(network: str) -> None:
    with pytest.raises(
        ConfigError, match=r"--webhook-allow is .*; expected addresses or networks such as 169\.254\.1\.2"
    ):
        load({"webhook_allow": ("10.0.0.1", network)}, {})


@pytest.mark.finding("A6")
@pytest.mark.parametrize(("given", "seconds"), [("0", 0.0), ("60", 60.0), (" 0.5 ", 0.5), (2.5, 2.5), (7, 7.0)])
def test_a_read_timeout_is_a_number_of_seconds(given: object, seconds: float) -> None:
    assert load({"read_timeout": given}, {}).read_timeout == seconds
    assert load({}, {"EMULATOR_READ_TIMEOUT": str(given)}).read_timeout == seconds


@pytest.mark.parametrize("given", ["-1", "1e3", "60s", "nan", "inf", ".5", True])
def test_an_invalid_read_timeout_is_refused(given: object) -> None:
    with pytest.raises(ConfigError, match=r"^--read-timeout is .*; expected a number of seconds from 0, such as 60 or"):
        load({"read_timeout": given}, {})


@pytest.mark.finding("A7")
@pytest.mark.parametrize(
    ("given", "url", "host", "site"),
    [
        ("https://AI.Example.com/", "https://ai.example.com", "ai.example.com", "https://ai.example.com"),
        ("HTTPS://a.test:443/Emulator/v1/", "https://a.test/Emulator/v1", "a.test", "https://a.test"),
        ("http://a_b:8484", "http://a_b:8484", "a_b", "http://a_b:8484"),
        ("http://[::1]:80", "http://[::1]", "::1", "http://[::1]"),
    ],
)
def test_a_public_url_is_written_as_browsers_write_it(given: str, url: str, host: str, site: str) -> None:
    settings = load({}, {"EMULATOR_PUBLIC_URL": given})
    assert (settings.public_url, settings.public_host, settings.public_site) == (url, host, site)
    assert load({"public_url": given}, {}) == settings


@pytest.mark.parametrize(
    "url",
    [
        *("", "a.test", "ftp://a.test", "https://", "https://u:p@a.test", "https://a.test/?q=1", "https://a.test/#x"),
        *(
            "https://a.test:65536",
            "https://a.test//b",
            'https://a.test/"',
            "https://a.test/a b",
            "https://a.test/\r\nx: y",
        ),
    ],
)
def test_an_invalid_public_url_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^--public-url is .*; expected an http or https URL such as https://ai"):
        load({"public_url": url}, {})


@pytest.mark.finding("A7")
def test_a_public_url_lets_other_machines_in_and_so_needs_a_token() -> None:
    assert load({"public_url": "https://a.test"}, {}).guarded().control_token
    assert not load({"public_url": "https://localhost/x"}, {}).guarded().control_token


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
    assert load({}, {"EMULATOR_CORS": given}).cors == origins
    assert load({"cors": tuple(given.split(","))}, {}).cors == origins


@pytest.mark.parametrize(
    "origin",
    [
        *(
            "",
            "a.test",
            "https://a.test/app",
            "https://a.test?q",
            "https://u@a.test",
            "https://*.a.test",
            "https://a b",
        ),
        *("https://a.test:65536", "https://a.test:", "https://ä.test", "https://a.test\nx"),
    ],
)
def test_an_invalid_origin_is_refused(origin: str) -> None:
    with pytest.raises(ConfigError, match=r"--cors is .*; expected origins such as https://app\.example\.com"):
        load({"cors": ("http://b.test", origin)}, {})


def test_off_excludes_every_origin() -> None:
    with pytest.raises(ConfigError, match=r"--cors is .*; expected off alone, or origins without it"):
        load({"cors": ("off", "https://a.test")}, {})


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
    assert load({"keys": given}, {}).keys == (("team_key_1", "axp_test_pro"), ("team=key", "axp_test_free"))


@pytest.mark.parametrize("text", ["short=axp_test_pro", "team_key_1", "team_key_1=", "team key 1=axp_test_pro", ","])
def test_what_is_no_pair_of_keys_is_refused(text: str) -> None:
    with pytest.raises(
        ConfigError, match=r"^--key is \(hidden\); expected a key of 8 to 200 visible ASCII characters and"
    ):
        load({"keys": text}, {})


def test_the_file_of_the_state_may_be_in_the_home_folder() -> None:
    assert load({"state": "~/state.json"}, {}).state.endswith("/state.json")
    assert "~" not in load({"state": "~/state.json"}, {}).state
    with pytest.raises(ConfigError, match=r"^EMULATOR_STATE is ' '; expected a file such as state\.json"):
        load({}, {"EMULATOR_STATE": " "})


def test_what_a_project_says_stands_before_the_defaults_only() -> None:
    project = {"seed": 5, "scenarios": ("mine.yaml",)}
    assert load({}, {}, project) == Settings(seed=5, scenarios=("mine.yaml",))
    assert load({"seed": 7}, {"EMULATOR_SCENARIO": "strict"}, project) == Settings(seed=7, scenarios=("strict",))


@pytest.mark.parametrize(
    ("options", "env", "source"),
    [
        ({}, {"EMULATOR_KEY": "sk-live-abcdef"}, "EMULATOR_KEY"),
        ({"keys": ["sk-live-abcdef"]}, {}, "--key"),
        ({"control_token": "sk-live-abcdef with spaces"}, {}, "--control-token"),
        ({}, {"EMULATOR_CONTROL_TOKEN": "sk-live-abcdef with spaces"}, "EMULATOR_CONTROL_TOKEN"),
    ],
)
def test_an_invalid_key_or_token_is_refused_without_showing_it(
    options: dict[str, Any], env: dict[str, str], source: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(options, env)
    assert str(caught.value).startswith(f"{source} is (hidden); expected ")
    assert "abcdef" not in str(caught.value)


def test_each_secret_is_a_setting() -> None:
    assert set(PARSERS) >= SECRETS
