"""JUDGE: what a client did, read from its exchanges by pure functions that are asked for by name."""
