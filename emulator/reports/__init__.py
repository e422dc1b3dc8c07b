"""Reports: what a run was, as files that other tools read."""
