"""SERVE: from a request's bytes to an answer's bytes, one step a file."""
