"""What the bridge's library may raise, in the words and with the status of OpenAI's API."""

from typing import Any, Final

from any_llm import exceptions as library
from msgspec import Struct

STATUSES: Final[tuple[tuple[type[Exception], int, str], ...]] = (
    (library.RateLimitError, 429, "rate_limit_exceeded"),
    (library.MissingApiKeyError, 401, "missing_api_key"),
    (library.AuthenticationError, 401, "invalid_api_key"),
    (library.ContextLengthExceededError, 400, "context_length_exceeded"),
    (library.ContentFilterError, 400, "content_filter"),
    (library.ModelNotFoundError, 404, "model_not_found"),
    (library.UnsupportedParameterError, 400, "unsupported_parameter"),
    (library.InvalidRequestError, 400, "invalid_request"),
    (library.InsufficientFundsError, 402, "insufficient_quota"),
    (library.GatewayTimeoutError, 504, "upstream_timeout"),
    (library.UnsupportedProviderError, 501, "unknown_provider"),
    (NotImplementedError, 501, "not_offered"),
    (ImportError, 501, "library_part_missing"),
    (TimeoutError, 504, "upstream_timeout"),
)
"""Error class to status and code; what is not among them is the provider's fault (502)."""


class Failure(Struct, frozen=True, kw_only=True):
    """An error as it goes on the wire."""

    status: int
    message: str
    code: str
    param: str | None = None
    retry_after: str | None = None

    def body(self) -> dict[str, Any]:
        """OpenAI's error object."""
        kind = "server_error" if self.status >= 500 else "invalid_request_error"
        if self.status == 429:
            kind = "rate_limit_error"
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}}


def failure_of(error: Exception) -> Failure:
    """How `error` is told. The status that the provider itself gave wins, if it is one of an error."""
    status, code = next(
        ((status, code) for kind, status, code in STATUSES if isinstance(error, kind)),
        (502, "upstream_error"),
    )
    told = getattr(error, "status_code", None)
    if isinstance(told, int) and 400 <= told <= 599 and code != "content_filter":
        status = told
    return Failure(
        status=status,
        message=str(error) or type(error).__name__,
        code=getattr(error, "code", None) or code,
        param=getattr(error, "param", None) or getattr(error, "parameter_name", None),
        retry_after=getattr(error, "retry_after", None),
    )
