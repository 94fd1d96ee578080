"""The tree of everything that can go wrong on a request.

    PointsmanError
    ├── ClientFault            the caller can mend it                      retry helps?
    │   ├── InvalidRequest     400  malformed body, wrong type, bad value       no
    │   ├── ContextTooLong     400  more tokens than any candidate holds        no
    │   ├── CannotCarry        400  the target's dialect has no such feature    no
    │   ├── Unauthenticated    401  no key, unknown or revoked key              no
    │   ├── QuotaExhausted     429  the caller's budget is spent                no
    │   ├── NotPermitted       403  key not scoped for this agent or model      no
    │   ├── NotFound           404  no such model, path or record               no
    │   ├── Conflict           409  told before, with other content             no
    │   ├── BodyTooLarge       413  over the configured limit                   no
    │   ├── SlowClient         408  the body did not arrive in time             yes
    │   └── LoopDetected       429  the same request again and again            later
    ├── UpstreamFault          the provider failed
    │   ├── UpstreamRejected   its own 4xx, shown to the client as it is        no
    │   ├── UpstreamLimited    429  its rate limit                              later
    │   ├── UpstreamOverloaded 529/503                                          later
    │   ├── UpstreamBroken     502  5xx, HTML, reset, unreadable answer         yes
    │   ├── UpstreamTimeout    504  connect, first byte, idle or total          yes
    │   └── StreamTruncated    502  the stream ended without its last event     yes
    └── GatewayFault           ours
        ├── NoTarget           503  no healthy model passes the gates           later
        ├── Draining           503  shutting down                               yes
        └── Internal           500  a bug                                       no

A dialect renders an error from `kind`, `code`, `status` and `message` in one function of its own.
"""

from typing import ClassVar, Literal

Kind = Literal[
    "invalid_request",
    "context_length",
    "authentication",
    "permission",
    "not_found",
    "too_large",
    "timeout",
    "rate_limit",
    "quota",
    "overloaded",
    "api_error",
]
Fault = Literal["client", "upstream", "gateway"]


class PointsmanError(Exception):
    """Base of the tree.

    `status` is the HTTP status the client gets, `code` a machine word for its dialect, `param` the
    offending field, `retry_after_s` whole seconds to wait (sent as `retry-after`), `retryable` whether
    the same call may succeed later, `try_next` whether another target may be asked instead.
    """

    status: int = 500
    kind: Kind = "api_error"
    fault: ClassVar[Fault] = "gateway"
    retryable: bool = False
    try_next: bool = False
    code: str | None = None

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        status: int | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.retry_after_s = retry_after_s
        if code is not None:
            self.code = code
        if status is not None:
            self.status = status


class ClientFault(PointsmanError):
    """The caller can mend it."""

    status = 400
    kind: Kind = "invalid_request"
    fault = "client"


class InvalidRequest(ClientFault):
    """The body is not what the dialect allows; `param` names the field."""


class ContextTooLong(ClientFault):
    """The prompt does not fit any candidate's context window."""

    kind: Kind = "context_length"
    code = "context_length_exceeded"


class CannotCarry(ClientFault):
    """The request uses a feature which the chosen upstream's dialect cannot express."""

    code = "unsupported_feature"


class Unauthenticated(ClientFault):
    """No key, an unknown key, or a revoked one."""

    status = 401
    kind: Kind = "authentication"
    code = "invalid_api_key"


class NotPermitted(ClientFault):
    """The key is real but not scoped for this agent or model."""

    status = 403
    kind: Kind = "permission"
    code = "permission_denied"


class NotFound(ClientFault):
    """No such model, path or record."""

    status = 404
    kind: Kind = "not_found"
    code = "not_found"


class Conflict(ClientFault):
    """The same thing was told before, with other content."""

    status = 409
    code = "conflict"


class BodyTooLarge(ClientFault):
    """The request body is over the configured limit."""

    status = 413
    kind: Kind = "too_large"
    code = "request_too_large"


class SlowClient(ClientFault):
    """The request did not arrive in time."""

    status = 408
    kind: Kind = "timeout"
    code = "request_timeout"
    retryable = True


class QuotaExhausted(ClientFault):
    """The agent's or key's budget is spent."""

    status = 429
    kind: Kind = "quota"
    code = "insufficient_quota"


class LoopDetected(ClientFault):
    """The same request came again and again within seconds: most likely a client looping."""

    status = 429
    kind: Kind = "rate_limit"
    code = "identical_request_loop"
    retryable = True


class UpstreamFault(PointsmanError):
    """The provider failed. `body` and `content_type` keep its own words, in dialect `dialect`, so that
    a client of the same dialect gets them byte for byte; `header_lines` are those of its response headers
    that go with them."""

    status = 502
    fault = "upstream"
    try_next = True
    retryable = True
    body: bytes | None = None
    content_type: bytes = b"application/json"
    dialect: str | None = None
    header_lines: bytes = b""


class UpstreamRejected(UpstreamFault):
    """The provider refused this request (4xx): another attempt with the same body would fail too."""

    status = 400
    kind: Kind = "invalid_request"
    retryable = False
    try_next = False


class UpstreamLimited(UpstreamFault):
    """The provider's rate limit."""

    status = 429
    kind: Kind = "rate_limit"
    code = "rate_limit_exceeded"


class UpstreamOverloaded(UpstreamFault):
    """The provider says it is overloaded or down for now."""

    status = 503
    kind: Kind = "overloaded"
    code = "overloaded"


class UpstreamBroken(UpstreamFault):
    """A 5xx, a reset connection, HTML instead of JSON, an unreadable answer."""

    code = "upstream_error"


class UpstreamTimeout(UpstreamFault):
    """No connection, no first byte, or silence for too long."""

    status = 504
    kind: Kind = "timeout"
    code = "upstream_timeout"


class StreamTruncated(UpstreamFault):
    """The stream ended cleanly but without its terminal event: the answer is not whole."""

    code = "stream_truncated"


class GatewayFault(PointsmanError):
    """Ours."""

    fault = "gateway"


class NoTarget(GatewayFault):
    """No model passes the gates right now."""

    status = 503
    kind: Kind = "overloaded"
    code = "no_target"
    retryable = True


class Draining(GatewayFault):
    """The gateway is shutting down."""

    status = 503
    kind: Kind = "overloaded"
    code = "draining"
    retryable = True


class Internal(GatewayFault):
    """A bug in Pointsman."""

    code = "internal_error"
