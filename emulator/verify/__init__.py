"""Verification: each operation's examples run against a target, and the responses are compared."""
