"""Routes a request to its operation, or raises the error that names similar paths or the allowed methods."""

from __future__ import annotations

from collections.abc import Mapping

from emulator.compile.lint import CONTROL
from emulator.engine.context import Service
from emulator.errors import ApiError
from emulator.playbook import Operation
from emulator.playbook.routes import Router

Target = tuple[Service, Operation, dict[str, str]]  # where a request goes, and what its path says


def route(router: Router, services: Mapping[str, Service], method: str, host: str, path: str) -> Target:
    """Raises ApiError: `not_found` naming similar paths, `method_not_allowed` with `allow`, the methods there are."""
    found = router.find(method, host, path)
    if found is not None:
        service = services[found.route.api]
        return service, service.api.operations[found.route.operation], found.params
    methods = router.methods(host, path)
    if methods:
        allow = ", ".join(methods)
        raise ApiError("method_not_allowed", f"{method} is not allowed for {path}; expected {allow}", allow=allow)
    near = router.nearest_paths(method, host, path) if path != "/" else []
    hint = f"did you mean {' or '.join(near)}?" if near else f"GET {CONTROL} lists what is served"
    raise ApiError("not_found", f"there is no {method} {path[:200]}", hint=f"unknown path; {hint}")
