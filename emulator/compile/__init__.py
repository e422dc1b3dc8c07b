"""COMPILE: checked files become plans, part by part, each diagnostic with its place."""
