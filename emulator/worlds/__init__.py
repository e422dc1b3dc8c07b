"""Isolated worlds: state plus the pipeline that serves it."""
