"""Verifying: each operation's examples are played against a target, whose answers are compared."""
