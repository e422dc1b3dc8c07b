"""Faults: ways in which responses, streams, connections, jobs, webhooks and credentials fail on purpose."""

from emulator.faults.armed import Armed, ArmedFault
from emulator.faults.base import OF_REQUESTS, Family, Fault
from emulator.faults.registry import FAULTS, FaultRegistry, parameters

__all__ = ["FAULTS", "OF_REQUESTS", "Armed", "ArmedFault", "Family", "Fault", "FaultRegistry", "parameters"]
