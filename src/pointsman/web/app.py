"""The control API as a Starlette app."""

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from pointsman.core.errors import PointsmanError
from pointsman.core.ports import Control
from pointsman.web.answers import Answered, answer
from pointsman.web.errors import refuse, refuse_http
from pointsman.web.guard import Guard
from pointsman.web.operations import Operation
from pointsman.web.surface import OPERATIONS, PREFIX
from pointsman.web.tellers import AgentDoor


def control_app(control: Control, *, admin_token: str, loopback_only: bool) -> Starlette:
    """The app. `loopback_only` says that the listener is reachable from this machine alone, where reading
    needs no token (see `guard`). Raises ValueError for an empty token."""
    if not admin_token:
        raise ValueError("the control API needs an admin token")
    guard = Middleware(Guard, admin_token=admin_token, loopback_only=loopback_only)
    bare = [_route(control, one) for one in OPERATIONS if one.bare]
    guarded = [_route(control, one) for one in OPERATIONS if not (one.bare or one.by_agents)]
    door = Middleware(AgentDoor, control=control, admin_token=admin_token)
    told = [
        Route(prefix + one.path, _endpoint(control, one), methods=[one.method], middleware=[door])
        for one in OPERATIONS
        if one.by_agents
        for prefix in (("", PREFIX) if one.at_root else (PREFIX,))
    ]
    return Starlette(
        routes=[*bare, *told, Mount(PREFIX, routes=guarded, middleware=[guard])],
        exception_handlers={PointsmanError: refuse, HTTPException: refuse_http, Exception: refuse},
    )


def _route(control: Control, operation: Operation) -> Route:
    return Route(operation.path, _endpoint(control, operation), methods=[operation.method])


def _endpoint(control: Control, operation: Operation) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        found = await operation.handler(control, request)
        if isinstance(found, Answered):
            return answer(found.value, found.status)
        return answer(found, operation.status)

    return endpoint
