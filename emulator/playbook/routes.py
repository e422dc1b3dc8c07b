"""Routing: method, host and path give an operation; a dictionary first, patterns for the rest."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from emulator.errors import Location

PARAMETER = re.compile(r"\{([A-Za-z_]\w*)(:path)?\}")


def path_pattern(path: str) -> re.Pattern[str]:
    """Returns what matches the requests for a path such as `/words/{id}`, with its parameters as groups."""
    parts, at = [], 0
    for found in PARAMETER.finditer(path):
        parts.append(re.escape(path[at : found.start()]))
        parts.append(f"(?P<{found[1]}>{'.+' if found[2] else '[^/]+'})")
        at = found.end()
    return re.compile("".join(parts) + re.escape(path[at:]), re.DOTALL)


class MethodsAsked(Exception):
    """An OPTIONS request asks which methods a path takes."""


class Route(Struct, frozen=True):
    """One method and path at which an operation of an API is served; `host` narrows it to one of the API's hosts.

    A `shared` one may be another API's as well, which answers unless the request's key is this API's alone.
    """

    method: str
    path: str
    api: str
    operation: str
    host: str | None
    place: Location
    shared: bool = False

    @property
    def shape(self) -> str:
        """The path with the names of its parameters left out: two routes of one shape collide."""
        return PARAMETER.sub(lambda found: "{**}" if found[2] else "{*}", self.path)

    @property
    def parameters(self) -> list[str]:
        """The names of the path's parameters, in order."""
        return [found[1] for found in PARAMETER.finditer(self.path)]

    def pattern(self) -> re.Pattern[str]:
        return path_pattern(self.path)


class FoundRoute(Struct, frozen=True):
    """Where a request goes, and what the path says."""

    route: Route
    params: dict[str, str]


class _Table(Struct):
    """The patterns of a method are compiled when they are first needed."""

    fixed: dict[tuple[str, str], FoundRoute] = field(default_factory=dict)
    shapes: dict[str, list[Route]] = field(default_factory=dict)
    routes: list[Route] = field(default_factory=list)
    _patterns: dict[str, list[tuple[re.Pattern[str], Route]]] = field(default_factory=dict)

    def add(self, route: Route) -> None:
        self.routes.append(route)
        if "{" in route.path:
            self.shapes.setdefault(route.method, []).append(route)
        else:
            self.fixed.setdefault((route.method, route.path), FoundRoute(route, {}))

    def find(self, method: str, path: str) -> FoundRoute | None:
        found = self.fixed.get((method, path))
        if found is not None:
            return found
        for pattern, route in self._patterns.get(method) or self._compiled(method):
            match = pattern.fullmatch(path)
            if match is not None:
                params = match.groupdict()
                if "%2F" in path:  # a slash that separates nothing
                    params = {name: value.replace("%2F", "/") for name, value in params.items()}
                return FoundRoute(route, params)
        return None

    def _compiled(self, method: str) -> list[tuple[re.Pattern[str], Route]]:
        if method not in self.shapes:
            return []
        self._patterns[method] = found = [(route.pattern(), route) for route in self.shapes[method]]
        return found


class Router:
    """All routes of a playbook, which do not collide (see `route_conflicts`).

    A Host header that names an API's host sees that API only, and of it what this host serves. `hosts` maps each
    host to its API, `bases` each API to its base path.
    """

    def __init__(self, routes: Sequence[Route], hosts: Mapping[str, str], bases: Mapping[str, str]) -> None:
        self.routes = sorted(routes, key=lambda route: (route.shared, route.shape.count("{**}")))
        self._all = _Table()
        self._shared = _Table()
        self._bases = [(base.rstrip("/") + "/", api) for api, base in bases.items() if base.strip("/")]
        self._owners = {host.lower(): api for host, api in hosts.items()}
        self._hosts = {host: _Table() for host in self._owners}
        for route in self.routes:
            self._all.add(route)
            if route.shared:
                self._shared.add(route)
            for host, api in self._owners.items():
                if api == route.api and (route.host is None or route.host.lower() == host):
                    self._hosts[host].add(route)

    def find(self, method: str, host: str, path: str) -> FoundRoute | None:
        """The route of a request; `host` is the Host header in lower case, without its port."""
        return self._hosts.get(host, self._all).find(method, path)

    def rival(self, method: str, host: str, path: str, found: FoundRoute) -> FoundRoute | None:
        """The shared route of another API that a request may be for as well, unless its host decides."""
        rival = self._shared.find(method, path) if host not in self._owners else None
        return rival if rival is not None and rival.route.api != found.route.api else None

    def methods(self, host: str, path: str) -> list[str]:
        """The methods that this path does take, or any path for `*`; empty when the path is unknown."""
        table = self._hosts.get(host, self._all)
        return sorted({route.method for route in table.routes if path == "*" or table.find(route.method, path)})

    def claims(self, host: str, path: str) -> bool:
        """Whether a request is an API's business: it goes to an API's own host, or there is such a path."""
        return host in self._owners or bool(self.methods(host, path))

    def nearest_api(self, host: str, path: str) -> str:
        """Whose error shape a request gets that finds no operation.

        The API of the host; else of a path that is there for another method; else of the longest base that the path
        begins with; and only then of the most similar path.
        """
        if host in self._owners:
            return self._owners[host]
        for method in sorted({route.method for route in self.routes}):
            found = self._all.find(method, path)
            if found is not None:
                return found.route.api
        within = [(len(base), api) for base, api in self._bases if f"{path}/".startswith(base)]
        if within:
            return max(within)[1]
        return max(self.routes, key=lambda route: _common_prefix(route.path, path)).api

    def nearest_paths(self, method: str, host: str, path: str) -> list[str]:
        """Up to three routes whose paths look like this one, with the method that was asked where there is one."""
        table = self._hosts.get(host, self._all)
        known: dict[str, str] = {}
        for route in table.routes:
            if route.method == method or route.path not in known:
                known[route.path] = f"{route.method} {route.path}"
        return [known[near] for near in difflib.get_close_matches(path[:200], known, n=3, cutoff=0.5)]


def _common_prefix(one: str, other: str) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def allowed(methods: Sequence[str]) -> str:
    """Returns the value of `Allow`: the methods of the routes, and those that come with them."""
    return ", ".join(sorted({*methods, "OPTIONS", *(["HEAD"] if "GET" in methods else [])}))
