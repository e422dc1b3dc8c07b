"""REACH: run a program, unchanged, so that its calls arrive here, and tell what they were."""
