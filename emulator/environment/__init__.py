"""The environment of a program whose calls are redirected here: variables, files to trust, and what is preloaded."""
