"""Finds the route of a path."""

from collections.abc import Iterable

from pointsman.gateway.dialects.base import Route

VERSION_PREFIX = "/v1"


class RouteTable:
    """All paths of all dialects. Where `preferred`'s dialect and another one serve the same path, the
    caller says which of them is meant; any other path may be claimed once (`ValueError`)."""

    def __init__(self, routes: Iterable[Route], preferred: str) -> None:
        all_routes = tuple(routes)
        ours = [route for route in all_routes if route.codec == preferred]
        others = [route for route in all_routes if route.codec != preferred]
        _refuse_doubles(ours)
        _refuse_doubles(others)
        self._preferring = _Paths(ours + others)
        self._plain = _Paths(others + ours)

    def resolve(self, method: str, path: str, is_preferred: bool) -> tuple[Route, str] | None:
        """The route that serves `path`, given with or without `/v1`, and what its `*` matched; None if
        no route does. `is_preferred` says that the client speaks the preferred dialect."""
        paths = self._preferring if is_preferred else self._plain
        return paths.find(method, _inner(path))

    def allowed(self, path: str) -> tuple[str, ...]:
        """The methods that `path` is served under, sorted; empty if it is not known at all."""
        return self._plain.methods(_inner(path))


class _Paths:
    """Routes by path; of two for one path the first counts."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._exact: dict[tuple[str, str], Route] = {}
        found: dict[tuple[str, str], Route] = {}
        for route in routes:
            if route.path.endswith("*"):
                found.setdefault((route.method, route.path[:-1]), route)
            else:
                self._exact.setdefault((route.method, route.path), route)
        self._open = sorted(found.items(), key=lambda item: -len(item[0][1]))

    def find(self, method: str, path: str) -> tuple[Route, str] | None:
        """An exact path, else the longest prefix."""
        route = self._exact.get((method, path))
        if route is not None:
            return route, ""
        for (wanted, prefix), candidate in self._open:
            if wanted == method and path.startswith(prefix):
                return candidate, path[len(prefix) :]
        return None

    def methods(self, path: str) -> tuple[str, ...]:
        """The methods of every route that covers `path`."""
        found = {method for method, known in self._exact if known == path}
        found.update(method for (method, prefix), _ in self._open if path.startswith(prefix))
        return tuple(sorted(found))


def _inner(path: str) -> str:
    """The path as routes name it: without the version and without slashes at the end.

    >>> _inner("/v1/models/"), _inner("/models"), _inner("/v1"), _inner("/v1x")
    ('/models', '/models', '/', '/v1x')
    """
    if path == VERSION_PREFIX or path.startswith(VERSION_PREFIX + "/"):
        path = path[len(VERSION_PREFIX) :]
    return path.rstrip("/") or "/"


def _refuse_doubles(routes: Iterable[Route]) -> None:
    seen: set[tuple[str, str]] = set()
    for route in routes:
        key = (route.method, route.path)
        if key in seen:
            raise ValueError(f"two routes claim {route.method} {route.path}")
        seen.add(key)
