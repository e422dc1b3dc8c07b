"""What a world remembers, behind one backend: memory, and views of it by subject."""
