"""The state of worlds in Redis: a copy of a world in each process, changed by units of work that Redis orders.

A unit of work runs on the copy that is at hand. One script, `commit.lua`, then checks that nothing which the unit has
read was changed by another process since, and commits all that it changes, or nothing; what it was refused for comes
with the refusal, so the unit can be run again at once.
"""
