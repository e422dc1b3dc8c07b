"""Checking: what `emulator check` finds beyond loading, by reading scenarios and by playing every operation once."""
