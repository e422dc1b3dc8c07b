"""The variables that lead a program here, and the hosts that may be opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.errors import ConfigError
from emulator.run import environment
from emulator.run.environment import allowed_hosts, variables, with_preload

APIS = [{"title": "Demo", "hosts": ["api.demo.example"], "environment": {"DEMO_URL": "http://127.0.0.1:1/v1"}}]


def test_each_apis_own_variables_are_there() -> None:
    assert variables(APIS, "http://127.0.0.1:1", "ca.pem")["DEMO_URL"] == "http://127.0.0.1:1/v1"


def test_proxies_are_set_in_both_cases_and_this_machine_is_left_out() -> None:
    found = variables([], "http://127.0.0.1:1", "ca.pem", ["open.example"])
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"):
        assert found[name] == found[name.lower()] == "http://127.0.0.1:1"
    assert found["NO_PROXY"] == found["no_proxy"] == "127.0.0.1,localhost,::1,open.example"


def test_npm_does_not_ask_whether_there_is_a_newer_one() -> None:
    assert variables([], "http://127.0.0.1:1", "ca.pem")["npm_config_update_notifier"] == "false"


def test_without_an_authority_nothing_is_said_of_trust() -> None:
    assert not set(environment.TRUST) & set(variables([], "http://127.0.0.1:1", None))


def test_the_preload_is_added_once_and_quoted_when_its_path_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment.PRELOAD.is_file()
    once = with_preload("--no-warnings")
    assert with_preload(once) == once == f"--no-warnings --require {environment.PRELOAD}"
    monkeypatch.setattr(environment, "PRELOAD", Path('/a "b"/c.cjs'))
    assert with_preload("") == r'--require "/a \"b\"/c.cjs"'


def test_an_emulated_host_cannot_be_opened_nor_what_stands_above_it() -> None:
    emulated = {"api.demo.example"}
    fine = ("demo.example.org", "a_b", "192.0.2.1", "2001:db8::1")
    assert allowed_hosts(fine, emulated) == fine
    for host in ("api.demo.example", "API.demo.example", "demo.example"):
        with pytest.raises(ConfigError, match=r"the real api\.demo\.example, which is emulated"):
            allowed_hosts([host], emulated)
    for host in ("", "*", "a b", "host:443", "-x", "a,b", ".example.com", "https://a.example", "[::1]"):
        with pytest.raises(ConfigError, match="expected a host name"):
            allowed_hosts([host], emulated)
