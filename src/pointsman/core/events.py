"""What the data plane reports. Appended to the journal first, loaded into the store in batches."""

from enum import StrEnum
from typing import Final

from msgspec import Struct


class FinishState(StrEnum):
    """How an attempt ended for the client."""

    COMPLETED = "completed"
    TRUNCATED = "truncated"
    CLIENT_GONE = "client_gone"
    FAILED = "failed"
    REFUSED = "refused"


class RequestKind(StrEnum):
    """Why the request was made. Retries and side requests are not new work; shadows are the gateway's own,
    made to compare answers."""

    REQUEST = "request"
    RETRY = "retry"
    SIDE_TITLE = "side_title"
    SIDE_COMMIT = "side_commit"
    SIDE_COMPACTION = "side_compaction"
    SIDE_CLASSIFIER = "side_classifier"
    SHADOW = "shadow"


COMPLETED: Final = FinishState.COMPLETED
NEW_WORK: Final = RequestKind.REQUEST
SHADOW: Final = RequestKind.SHADOW
"""What every request is compared with. To look a member up in its enum takes ten times as long."""
SHADOW_TIER: Final = "shadow"
"""Where sums by tier put what shadows use, so that it is no part of the agent's own work."""


class RequestRecord(Struct, frozen=True, kw_only=True, array_like=True):
    """One attempt of one request: a row of `gateway_request_log`.

    `attempt` counts from 0; `started_at_us` is microseconds since the epoch; latencies are
    milliseconds; `time_to_first_token_ms` is None when no content came. `usage_estimated` says that we
    counted the tokens. `features` is the request's Features as JSON, with which the decision
    (`decision_id`, snapshot `policy_version`) can be replayed; None on attempts after the first.
    `logged` is False for agents whose requests are not to be logged: the record then only adds to the
    sums of volume and cost. New fields go at the end, so that old journals stay readable.
    """

    request_id: str
    attempt: int
    started_at_us: int
    agent_id: str
    agent_source: str
    key_id: str | None
    kind: str
    dialect: str
    requested_model: str
    model: str
    provider: str
    tier: str
    streamed: bool
    status: int
    finish_state: str
    finish_reason: str | None
    error_code: str | None
    latency_ms: float
    time_to_first_token_ms: float | None
    tokens_in: int
    tokens_out: int
    tokens_cached: int
    tokens_cache_write: int
    tokens_reasoning: int
    usage_estimated: bool
    cost_usd_micros: int
    price_source: str
    price_version: str
    confidence: float
    fallback_used: bool
    decision_id: str
    policy_version: int
    reason_code: str
    task_type: str
    session_key: str | None
    tool_call_ids: tuple[str, ...]
    losses: tuple[str, ...]
    features: bytes | None
    logged: bool = True
