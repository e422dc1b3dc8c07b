"""`emulator demo`: plays a walkthrough on the scenario `demo`, with real requests to a server of its own."""
