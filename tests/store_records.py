"""Records of finished attempts for tests, made up or drawn."""

from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from pointsman.core.events import FinishState, RequestKind, RequestRecord
from pointsman.core.outcomes import OutcomeRecord, OutcomeSource

NOON_US = 1_772_366_400_000_000
"""2026-03-01, 12:00 UTC."""

PLAIN = RequestRecord(
    request_id="req_1",
    attempt=0,
    started_at_us=NOON_US,
    agent_id="claude-code",
    agent_source="user-agent",
    key_id=None,
    kind=RequestKind.REQUEST,
    dialect="anthropic",
    requested_model="auto",
    model="small",
    provider="somewhere",
    tier="fast",
    streamed=True,
    status=200,
    finish_state=FinishState.COMPLETED,
    finish_reason="stop",
    error_code=None,
    latency_ms=120.5,
    time_to_first_token_ms=30.25,
    tokens_in=100,
    tokens_out=20,
    tokens_cached=0,
    tokens_cache_write=0,
    tokens_reasoning=0,
    usage_estimated=False,
    cost_usd_micros=1_000,
    price_source="catalogue",
    price_version="1",
    confidence=0.8,
    fallback_used=False,
    decision_id="req_1",
    policy_version=1,
    reason_code="best_score",
    task_type="P1_code_simple",
    session_key=None,
    tool_call_ids=("call_1",),
    losses=(),
    features=b'{"domain": "code"}',
)


def a_record(number: int = 0, **changes: Any) -> RequestRecord:
    """A record whose id and time follow from its number."""
    return replace(
        PLAIN, **{"request_id": f"req_{number:06}", "started_at_us": NOON_US + number * 1000, **changes}
    )


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_COUNT = st.integers(-(2**63), 2**63 - 1)
_FLOAT = st.floats(allow_nan=False)
_TEXTS = ("agent_source", "dialect", "requested_model", "model", "provider", "tier", "price_source")
_FURTHER_TEXTS = ("price_version", "decision_id", "reason_code", "task_type", "kind", "finish_state")
_MAYBE_TEXTS = ("key_id", "finish_reason", "error_code", "session_key")
_COUNTS = ("tokens_in", "tokens_out", "tokens_cached", "tokens_cache_write", "tokens_reasoning")


def records(text: st.SearchStrategy[str] = _TEXT) -> st.SearchStrategy[RequestRecord]:
    """Records with any values that fit their types."""
    drawn: dict[str, st.SearchStrategy[Any]] = dict.fromkeys((*_TEXTS, *_FURTHER_TEXTS), text)
    drawn |= {name: st.none() | text for name in _MAYBE_TEXTS}
    drawn |= dict.fromkeys((*_COUNTS, "cost_usd_micros", "policy_version"), _COUNT)
    drawn |= {name: st.booleans() for name in ("streamed", "usage_estimated", "fallback_used", "logged")}
    drawn |= {name: st.lists(text, max_size=3).map(tuple) for name in ("tool_call_ids", "losses")}
    return st.builds(
        RequestRecord,
        request_id=text,
        agent_id=text,
        attempt=st.integers(0, 2**31 - 1),
        status=st.integers(0, 999),
        started_at_us=st.integers(0, 4_000_000_000_000_000),
        latency_ms=_FLOAT,
        time_to_first_token_ms=st.none() | _FLOAT,
        confidence=_FLOAT,
        features=st.none() | st.just(b'{"a": [1, 2.5, null]}'),
        **drawn,
    )


AN_OUTCOME = OutcomeRecord(
    event_id="out_1",
    decision_id="req_000001",
    attempt=0,
    target="somewhere/small",
    agent_id="claude-code",
    signal="tool_result",
    label=0.0,
    weight=0.15,
    source=OutcomeSource.OBSERVED,
    outcome="error",
    detail="command_failed",
    seen_at_us=NOON_US + 5_000_000,
    decided_at_us=NOON_US,
)


def an_outcome(number: int = 0, **changes: Any) -> OutcomeRecord:
    """An outcome whose ids and time follow from its number."""
    named = {"event_id": f"out_{number:06}", "decision_id": f"req_{number:06}"}
    return replace(AN_OUTCOME, **{**named, "seen_at_us": NOON_US + number * 1000, **changes})


def outcomes(text: st.SearchStrategy[str] = _TEXT) -> st.SearchStrategy[OutcomeRecord]:
    """Outcomes with any values that fit their types."""
    names = ("event_id", "decision_id", "target", "agent_id", "signal", "source", "outcome", "detail")
    return st.builds(
        OutcomeRecord,
        attempt=_COUNT,
        label=st.none() | _FLOAT,
        weight=_FLOAT,
        seen_at_us=_COUNT,
        decided_at_us=_COUNT,
        **dict.fromkeys(names, text),
    )
