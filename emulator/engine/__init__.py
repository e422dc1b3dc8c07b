"""The engine: from a request's bytes to a response's bytes, one step a file."""
