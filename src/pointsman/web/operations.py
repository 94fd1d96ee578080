"""What an operation of the control API is. The routes and the OpenAPI description are made of these."""

from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import Struct
from starlette.requests import Request

from pointsman.core.ports import Control

Handler = Callable[[Control, Request], Awaitable[Any]]
"""Returns what is to be written as JSON, or raises an error of the tree."""


class Query(Struct, frozen=True):
    """A value after the `?`."""

    name: str
    what: str
    kind: str = "string"


class Operation(Struct, frozen=True, kw_only=True):
    """One method of one path (below `/api/v1`, if not `bare`). `takes` and `gives` are types; a `gives` of
    None is an object whose fields are told in `what`. `status` is that of success. `by_agents`: agents call
    it with keys of their own. `at_root`: such a one also answers without `/api/v1`."""

    method: str
    path: str
    name: str
    what: str
    handler: Handler
    queries: tuple[Query, ...] = ()
    takes: type[Any] | None = None
    gives: type[Any] | None = None
    status: int = 200
    needs_database: bool = False
    bare: bool = False
    by_agents: bool = False
    at_root: bool = False
