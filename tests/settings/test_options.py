"""Settings come from flags, then from the environment, then from the defaults."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from emulator.errors import ConfigError
from emulator.settings.options import PARSERS, SECRETS, Settings, load_settings
from emulator.settings.parsers import MIB


def test_the_defaults_apply_without_options_and_variables() -> None:
    assert load_settings({}, {}) == Settings()


def test_the_default_address_is_this_machine_only() -> None:
    assert str(Settings().listen) == "127.0.0.1:8484"
    assert Settings().listen.is_loopback


def test_every_setting_has_a_flag_and_a_variable() -> None:
    assert set(PARSERS) == set(Settings.__struct_fields__)


def test_an_option_overrides_a_variable() -> None:
    assert load_settings({"seed": 7}, {"EMULATOR_SEED": "8"}).seed == 7


def test_a_variable_overrides_the_default() -> None:
    assert load_settings({"seed": None}, {"EMULATOR_SEED": "8"}).seed == 8


def test_a_false_option_is_not_a_missing_one() -> None:
    assert load_settings({"reload": False}, {"EMULATOR_RELOAD": "1"}).reload is False


@pytest.mark.parametrize("absent", [None, (), []])
def test_a_missing_option_chooses_nothing(absent: Any) -> None:
    assert load_settings({"scenarios": absent}, {}).scenarios == ("default",)


def test_an_empty_variable_is_no_choice() -> None:
    assert load_settings({}, {"EMULATOR_SEED": "", "EMULATOR_LISTEN": ""}) == Settings()


def test_the_cache_of_earlier_versions_is_accepted_and_changes_nothing() -> None:
    for given in [
        load_settings({"cache": "~/.cache/mine"}, {}),
        load_settings({"cache": "off"}, {}),
        load_settings({}, {"EMULATOR_CACHE": "off"}),
    ]:
        assert replace(given, cache=Settings().cache) == Settings()


def test_variables_of_other_programs_are_left_alone() -> None:
    assert load_settings({}, {"EMULATOR_PORT": "tcp://10.0.0.1:8484", "SEED": "9"}) == Settings()


def test_the_variable_of_the_scenarios_has_the_name_of_the_flag() -> None:
    assert load_settings({}, {"EMULATOR_SCENARIO": "strict,outage"}).scenarios == ("strict", "outage")


@pytest.mark.parametrize(
    ("flag", "value", "expected"),
    [
        ("--seed", "abc", "a whole number such as 42"),
        ("--max-body", "4 parsecs", "a size such as 4194304, 4MiB or 500kB"),
        ("--journal-entries", "-1", "a whole number from 0, such as 2000"),
        ("--reload", "perhaps", "one of 1, true, yes, on, 0, false, no, off"),
        ("--scenario", "strict,,outage", "names or paths of scenarios"),
        ("--listen", "h:65536", "HOST:PORT such as 127.0.0.1:8484"),
        ("--tls-listen", "h", "HOST:PORT such as 127.0.0.1:8484"),
        ("--control-listen", "h", "HOST:PORT such as 127.0.0.1:8484"),
        ("--intercept-host", "a_b", "host names such as api.example.com"),
        ("--webhook-allow", "a.test", "addresses or networks such as 169.254.1.2"),
        ("--webhook-time", "utc", "world, or real"),
        ("--read-timeout", "60s", "a number of seconds from 0, such as 60"),
        ("--public-url", "a.test", "an http or https URL such as https://ai"),
        ("--cors", "a.test", "origins such as https://app.example.com"),
        ("--state", " ", "a file such as state.json"),
        ("--log", "xml", "text or json"),
        ("--workers", "0", "a whole number from 1"),
    ],
)
def test_a_wrong_value_is_named_with_its_source_and_what_was_expected(flag: str, value: str, expected: str) -> None:
    name = next(name for name, (each, _) in PARSERS.items() if each == flag)
    variable = f"EMULATOR_{flag[2:].replace('-', '_').upper()}"
    for source, options, env in ((flag, {name: value}, {}), (variable, {}, {variable: value})):
        with pytest.raises(ConfigError) as caught:
            load_settings(options, env)
        assert str(caught.value).startswith(f"{source} is {value!r}; expected {expected}")


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(ConfigError, match="unknown setting 'sead'"):
        load_settings({"sead": 1}, {})


def test_the_journal_is_bounded_in_entries_and_bytes() -> None:
    settings = load_settings({"journal_bytes": "1MiB"}, {"EMULATOR_JOURNAL_ENTRIES": "50"})
    assert (settings.journal_entries, settings.journal_bytes) == (50, MIB)


def test_a_token_is_generated_beyond_this_machine_unless_one_is_set() -> None:
    assert load_settings({"listen": "127.0.0.1:1"}, {}).guarded().control_token == ""
    made = {load_settings({"listen": "0.0.0.0:1"}, {}).guarded().control_token for _ in range(2)}
    assert len(made) == 2
    assert min(map(len, made)) >= 20
    given = {"EMULATOR_CONTROL_TOKEN": "my-own-token"}
    assert load_settings({"listen": "0.0.0.0:1"}, given).guarded().control_token == "my-own-token"
    assert load_settings({"control_token": "another-token"}, given).guarded().control_token == "another-token"


@pytest.mark.parametrize(
    ("url", "host", "site"),
    [
        ("https://a.test/Emulator/v1", "a.test", "https://a.test"),
        ("http://a_b:8484", "a_b", "http://a_b:8484"),
        ("http://[::1]", "::1", "http://[::1]"),
        ("", "", ""),
    ],
)
def test_a_public_url_has_a_host_and_a_site(url: str, host: str, site: str) -> None:
    settings = Settings(public_url=url)
    assert (settings.public_host, settings.public_site) == (host, site)


@pytest.mark.finding("A7")
def test_a_public_url_lets_other_machines_in_and_so_needs_a_token() -> None:
    assert load_settings({"public_url": "https://a.test"}, {}).guarded().control_token
    assert not load_settings({"public_url": "https://localhost/x"}, {}).guarded().control_token


def test_what_a_project_says_stands_before_the_defaults_only() -> None:
    project = {"seed": 5, "scenarios": ("mine.yaml",)}
    assert load_settings({}, {}, project) == Settings(seed=5, scenarios=("mine.yaml",))
    assert load_settings({"seed": 7}, {"EMULATOR_SCENARIO": "strict"}, project) == Settings(
        seed=7, scenarios=("strict",)
    )


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
        load_settings(options, env)
    assert str(caught.value).startswith(f"{source} is (hidden); expected ")
    assert "abcdef" not in str(caught.value)


def test_each_secret_is_a_setting() -> None:
    assert set(PARSERS) >= SECRETS
