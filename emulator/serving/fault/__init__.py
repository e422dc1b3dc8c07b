"""Faults: the ways in which answers, jobs, webhooks and tokens go wrong on purpose."""

from emulator.serving.fault.armed import Armed, ArmedFault
from emulator.serving.fault.fault import OF_REQUESTS, Family, Fault
from emulator.serving.fault.table import FAULTS, Table, parameters

__all__ = ["FAULTS", "OF_REQUESTS", "Armed", "ArmedFault", "Family", "Fault", "Table", "parameters"]
