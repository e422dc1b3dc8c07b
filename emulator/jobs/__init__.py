"""Jobs: work that takes time, such as a batch or a run."""
