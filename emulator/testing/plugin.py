"""The pytest plugin by its place in the package, for `-p emulator.testing.plugin`; it is in pytest_ai_api_emulator."""

pytest_plugins = ["pytest_ai_api_emulator"]
