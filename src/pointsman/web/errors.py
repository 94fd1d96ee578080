"""What the control API refuses, in one JSON shape: `{"error": {"type", "message", "request_id"?}}`."""

from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from pointsman.core.errors import GatewayFault, Internal, NotPermitted, PointsmanError, Unauthenticated
from pointsman.web.answers import answer

DATABASE_RETRY_S = 5


class TokenNeeded(Unauthenticated):
    """The call needs the admin token, and came without it or with a wrong one."""

    code = "admin_token_needed"


class ForeignCaller(NotPermitted):
    """A browser page of another site, or a name that is not this machine's, asked without the token."""

    code = "foreign_caller"


class DatabaseAway(GatewayFault):
    """What was asked for is in the database, and that cannot be reached."""

    status = 503
    code = "database_away"
    retryable = True

    def __init__(self) -> None:
        super().__init__(
            "The database cannot be reached. The gateway goes on serving and journals its requests; "
            "see `pointsman doctor`, then try again.",
            retry_after_s=DATABASE_RETRY_S,
        )


async def refuse(request: Request, error: Exception) -> Response:
    """Renders any error of the tree."""
    if not isinstance(error, PointsmanError):
        error = Internal("Pointsman failed to answer: its log tells more.")
    headers = {}
    if error.retry_after_s is not None:
        headers["retry-after"] = str(error.retry_after_s)
    if isinstance(error, Unauthenticated):
        headers["www-authenticate"] = 'Bearer realm="pointsman"'
    body = _shape(error.code or error.kind, error.message, request.path_params)
    return answer(body, error.status, headers)


async def refuse_http(request: Request, error: Exception) -> Response:
    """Renders what the router itself refuses: unknown paths and wrong methods."""
    if not isinstance(error, HTTPException):
        return await refuse(request, error)
    headers = dict(error.headers or {})
    if error.status_code == 404:
        kind, message = "not_found", f"There is nothing at {request.url.path}; see /api/v1/openapi.json."
    elif error.status_code == 405:
        kind, message = "method_not_allowed", f"Allowed here: {headers.get('Allow', 'another method')}."
    else:
        kind, message = "invalid_request", error.detail
    return answer(_shape(kind, message, {}), error.status_code, headers)


def _shape(kind: str, message: str, path_params: Mapping[str, Any]) -> Mapping[str, Any]:
    shape = {"type": kind, "message": message}
    if "request_id" in path_params:
        shape["request_id"] = path_params["request_id"]
    return {"error": shape}
