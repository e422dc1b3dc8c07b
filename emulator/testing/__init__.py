"""TEST: the Python client of the control API, an emulator in a thread, and the pytest plugin."""
