"""Paths: the package's data files, and the user's data folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator import paths
from emulator.errors import ConfigError


def test_data_files_are_inside_the_package_or_beside_it(tmp_path: Path) -> None:
    package = tmp_path / "emulator"
    package.mkdir()
    (tmp_path / "scenarios").mkdir()
    assert paths.scenarios(package) == tmp_path / "scenarios"
    (package / "scenarios").mkdir()
    assert paths.scenarios(package) == package / "scenarios"
    with pytest.raises(ConfigError, match=r"the folder 'fixtures' is neither in .* nor beside it; reinstall"):
        paths.fixtures(package)


def test_the_bundled_scenarios_and_fixtures_exist() -> None:
    assert (paths.scenarios() / "default.yaml").is_file()
    assert (paths.fixtures() / "replies.yaml").is_file()


@pytest.mark.parametrize(
    ("chosen", "env", "expected"),
    [
        ("/a/folder", {"XDG_DATA_HOME": "/data"}, "/a/folder"),
        ("auto", {"XDG_DATA_HOME": "/data"}, "/data/ai-api-emulator"),
        ("auto", {}, "~/.local/share/ai-api-emulator"),
        ("auto", {"XDG_DATA_HOME": "relative"}, "~/.local/share/ai-api-emulator"),  # as the XDG specification says
    ],
)
def test_the_certificate_authority_is_in_the_chosen_folder_or_the_users_own(
    chosen: str, env: dict[str, str], expected: str
) -> None:
    assert paths.data(chosen, env) == Path(expected).expanduser()
