"""Faults: the ways in which answers, jobs, webhooks and tokens go wrong on purpose."""

from emulator.faults.armed import Armed, ArmedFault
from emulator.faults.base import OF_REQUESTS, Family, Fault
from emulator.faults.registry import FAULTS, Table, parameters

__all__ = ["FAULTS", "OF_REQUESTS", "Armed", "ArmedFault", "Family", "Fault", "Table", "parameters"]
