"""STEER: the control routes under /_emulator/."""
