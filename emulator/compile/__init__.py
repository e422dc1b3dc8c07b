"""COMPILE: checked files become plans, part by part, each complaint with its place."""
