"""How fast the emulator is: `python -m benchmarks` prints each promised figure, taken in one run, with its bar."""
