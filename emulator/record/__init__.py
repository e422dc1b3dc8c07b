"""Recording: calls are forwarded to an upstream, and its responses become a scenario."""
