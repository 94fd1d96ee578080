"""The error words that stand inside this dialect's streams and response objects."""

from pointsman.core.errors import (
    PointsmanError,
    UpstreamBroken,
    UpstreamFault,
    UpstreamLimited,
    UpstreamOverloaded,
    UpstreamRejected,
)

_CODES = {
    "context_length": "context_length_exceeded",
    "quota": "insufficient_quota",
    "rate_limit": "rate_limit_exceeded",
    "invalid_request": "invalid_prompt",
    "too_large": "invalid_prompt",
}
_QUOTA_CODES = frozenset({"insufficient_quota", "usage_not_included", "quota_exceeded"})
_OVERLOAD_CODES = frozenset({"server_is_overloaded", "overloaded", "slow_down"})
_REJECT_CODES = frozenset({"invalid_prompt", "bio_policy", "data_residency_mismatch", "cyber_policy"})


def error_of(error: PointsmanError) -> dict[str, str]:
    """The `error` of a failed response object. Codex reads the code, and the seconds out of the text."""
    code = _CODES.get(error.kind, "server_error")
    message = error.message
    if code == "rate_limit_exceeded" and error.retry_after_s is not None:
        message = f"{message} Please try again in {error.retry_after_s}s."
    return {"code": code, "message": message}


def fault_of(code: str | None, message: str | None) -> UpstreamFault:
    """What a provider's `error` inside an answer means."""
    text = message or "The provider failed without saying why."
    if code == "rate_limit_exceeded":
        return UpstreamLimited(text, code=code)
    if code in _OVERLOAD_CODES:
        return UpstreamOverloaded(text, code=code)
    if code in _QUOTA_CODES:
        limited = UpstreamLimited(text, code=code)
        limited.kind = "quota"
        return limited
    if code == "context_length_exceeded":
        rejected = UpstreamRejected(text, code=code)
        rejected.kind = "context_length"
        return rejected
    if code is not None and (code in _REJECT_CODES or "image" in code):
        return UpstreamRejected(text, code=code)
    return UpstreamBroken(text, code=code)
