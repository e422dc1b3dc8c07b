"""The variables that lead a program here, and the hosts that may be opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.environment import variables as module
from emulator.environment.trust import TRUST
from emulator.environment.variables import NODE_PRELOAD, PYTHON_PRELOAD, allowed_hosts, java_proxy_options, variables
from emulator.errors import ConfigError

APIS = [{"title": "Demo", "hosts": ["api.demo.example"], "environment": {"DEMO_URL": "http://127.0.0.1:1/v1"}}]


def test_each_apis_own_variables_are_there() -> None:
    assert variables(APIS, "http://127.0.0.1:1", None)["DEMO_URL"] == "http://127.0.0.1:1/v1"


def test_proxies_are_set_in_both_cases_and_this_machine_is_left_out() -> None:
    found = variables([], "http://127.0.0.1:1", None, ["open.example"])
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"):
        assert found[name] == found[name.lower()] == "http://127.0.0.1:1"
    assert found["NO_PROXY"] == found["no_proxy"] == "127.0.0.1,localhost,::1,open.example"


@pytest.mark.finding("H2")
def test_known_update_checks_are_kept_quiet() -> None:
    found = variables([], "http://127.0.0.1:1", None)
    assert found["npm_config_update_notifier"] == "false"
    quiet = ("DENO_NO_UPDATE_CHECK", "NO_UPDATE_NOTIFIER", "PIP_DISABLE_PIP_VERSION_CHECK", "DO_NOT_TRACK")
    assert [found[name] for name in quiet] == ["1"] * 4


def test_without_an_authority_nothing_is_said_of_trust() -> None:
    found = variables([], "http://127.0.0.1:1", None)
    assert not {*TRUST, "PHP_INI_SCAN_DIR", "WGETRC"} & set(found)
    assert "trustStore" not in found["JAVA_TOOL_OPTIONS"]


def test_options_and_paths_that_are_there_already_stay_and_ours_are_added_once() -> None:
    theirs = {"NODE_OPTIONS": "--no-warnings", "PYTHONPATH": "/lib", "JAVA_TOOL_OPTIONS": "-Xmx64m"}
    found = variables([], "http://127.0.0.1:1", None, (), theirs)
    assert found["NODE_OPTIONS"] == f"--no-warnings --require {NODE_PRELOAD}"
    assert found["PYTHONPATH"] == f"{PYTHON_PRELOAD}:/lib"
    assert found["JAVA_TOOL_OPTIONS"].startswith("-Xmx64m -Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort=1 ")
    again = variables([], "http://127.0.0.1:1", None, (), found)
    assert again["NODE_OPTIONS"] == found["NODE_OPTIONS"]
    assert again["JAVA_TOOL_OPTIONS"] == found["JAVA_TOOL_OPTIONS"]
    assert NODE_PRELOAD.is_file()
    assert (PYTHON_PRELOAD / "sitecustomize.py").is_file()


def test_a_path_with_spaces_is_quoted_for_node(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "NODE_PRELOAD", Path('/a "b"/c.cjs'))
    assert variables([], "http://127.0.0.1:1", None)["NODE_OPTIONS"] == r'--require "/a \"b\"/c.cjs"'


@pytest.mark.finding("H1")
def test_java_uses_the_proxy_but_for_this_machine_and_the_hosts_that_are_allowed() -> None:
    assert java_proxy_options("http://[::1]:81", ["127.0.0.1", "::1", "open.example"]) == [
        "-Dhttp.proxyHost=::1",
        "-Dhttp.proxyPort=81",
        "-Dhttps.proxyHost=::1",
        "-Dhttps.proxyPort=81",
        "-Dhttp.nonProxyHosts=127.0.0.1|[::1]|open.example|*.open.example",
    ]


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
