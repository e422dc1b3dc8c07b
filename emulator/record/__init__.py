"""Recording: calls are passed on to an upstream, and what it answers becomes a scenario."""
