"""Generates the text of replies: canned replies, simulated sentences and JSON objects, counted in tokens."""
