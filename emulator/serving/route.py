"""Routing a request: the operation it asks for, or the error that says what is there instead."""

from __future__ import annotations

from emulator.errors import ApiError
from emulator.exchange import Incoming
from emulator.scenario.routes import Found, Router


def route(router: Router, incoming: Incoming) -> Found:
    """Raises ApiError: `not_found` naming similar paths, `method_not_allowed` with `allow`, the methods there are."""
    found = router.find(incoming.method, incoming.host, incoming.path)
    if found is not None:
        return found
    methods = router.methods(incoming.host, incoming.path)
    if methods:
        allow = ", ".join(methods)
        detail = f"{incoming.method} is not allowed for {incoming.path}; expected {allow}"
        raise ApiError("method_not_allowed", detail, allow=allow)
    near = router.nearest_paths(incoming.host, incoming.path)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    raise ApiError("not_found", f"there is no {incoming.method} {incoming.path[:200]}", hint=f"unknown path{hint}")
