"""Time: the clock of each world, its timers, and the system's time that it is made from."""
