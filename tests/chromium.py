"""Where Chromium is, for the tests that look at the inspector."""

from __future__ import annotations

import shutil

# The shell has the same engine, and takes half the CPU time.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
