"""What may stand in a project file: `emulator.yaml`, or `[tool.emulator]` in pyproject.toml."""

from __future__ import annotations

from pydantic import Field

from emulator.language.schema.api import Model


class ProjectFile(Model):
    """Settings of a project, for whatever starts an emulator in its folder."""

    scenario: str | list[str] | None = Field(
        None, description="The scenario: its name, the path of a file from this folder, or a list of several."
    )
    seed: int | None = Field(None, description="The seed for generated texts and ids.")
    clock: str | None = Field(
        None,
        description="How the clock of each world starts: `frozen`, `auto`, a speed such as `x100`, a time such as "
        "`2026-01-01T00:00:00Z`, or several of them separated by commas.",
    )
    state: str | None = Field(
        None, description="A snapshot to begin with, by its path from this folder; it is only written with `--keep`."
    )
    keys: dict[str, str] | None = Field(
        None, description="Further API keys, of 8 to 200 characters, each with the demo key that it is modelled on."
    )
