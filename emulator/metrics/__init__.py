"""Metrics for Prometheus: what they are, how they are counted, and how they are shown. `--metrics` turns them on."""
