"""Makes the log's rows from what the pipeline knows."""

from typing import TYPE_CHECKING

import msgspec

from pointsman.core.errors import PointsmanError
from pointsman.core.events import FinishState, RequestRecord
from pointsman.core.money import FREE
from pointsman.gateway.call import Call

if TYPE_CHECKING:
    from pointsman.gateway.attempt import Attempt

_encoder = msgspec.json.Encoder()


def of_attempt(
    call: Call, attempt: "Attempt", now_s: float, state: FinishState, error: PointsmanError | None
) -> RequestRecord:
    """The row of one attempt, priced at its target's price."""
    tally, target = attempt.tally, attempt.target
    caller, outline, decision = call.caller, call.outline, call.decision
    produced = tally.usage is not None or tally.characters > 0
    usage = tally.billed_usage(outline.context_tokens if produced else 0)
    price = target.model.price
    first_s = tally.first_content_s
    logged = call.profile.log_requests
    replayable = logged and not call.profile.anonymous  # features name the agent
    return RequestRecord(
        request_id=call.request_id,
        attempt=attempt.number,
        started_at_us=call.started_at_us + int((attempt.started_s - call.started_s) * 1_000_000),
        agent_id=call.logged_as,
        agent_source=caller.source,
        key_id=caller.key.id if caller.key is not None else None,
        kind=call.kind,
        dialect=call.codec.name,
        requested_model=outline.model,
        model=target.model.name,
        provider=target.provider,
        tier=target.model.tier,
        streamed=outline.stream,
        status=error.status if error is not None else attempt.status,
        finish_state=state,
        finish_reason=tally.finish,
        error_code=_code(error),
        latency_ms=round((now_s - attempt.started_s) * 1000, 3),
        time_to_first_token_ms=None if first_s is None else round((first_s - attempt.started_s) * 1000, 3),
        tokens_in=usage.input_tokens,
        tokens_out=usage.output_tokens,
        tokens_cached=usage.cached_input_tokens,
        tokens_cache_write=usage.cache_write_tokens,
        tokens_reasoning=usage.reasoning_tokens,
        usage_estimated=usage.estimated and produced,
        cost_usd_micros=price.cost_usd_micros(usage),
        price_source=price.source,
        price_version=price.version,
        confidence=decision.confidence,
        fallback_used=target.id != decision.target,
        decision_id=call.request_id,
        policy_version=decision.snapshot_version,
        reason_code=decision.reason_code,
        task_type=call.features.task_type,
        session_key=caller.session_key if logged else None,
        tool_call_ids=tuple(tally.tool_call_ids) if logged else (),
        losses=tuple(call.losses.fields),
        features=_encoder.encode(call.features) if replayable and attempt.number == 0 else None,
        logged=logged,
    )


def of_refusal(call: Call, now_s: float, error: PointsmanError) -> RequestRecord:
    """The row of a request that reached no provider."""
    caller = call.caller if call.reached("caller") else None
    outline = call.outline if call.reached("outline") else None
    logged = call.profile.log_requests if call.reached("profile") else True
    named = not (call.reached("profile") and call.profile.anonymous)
    features = call.features if call.reached("features") and logged and named else None
    return RequestRecord(
        request_id=call.request_id,
        attempt=0,
        started_at_us=call.started_at_us,
        agent_id=call.logged_as,
        agent_source=caller.source if caller is not None else "none",
        key_id=caller.key.id if caller is not None and caller.key is not None else None,
        kind=call.kind,
        dialect=call.codec.name,
        requested_model=outline.model if outline is not None else "",
        model="",
        provider="",
        tier="",
        streamed=outline.stream if outline is not None else False,
        status=error.status,
        finish_state=FinishState.REFUSED,
        finish_reason=None,
        error_code=_code(error),
        latency_ms=round((now_s - call.started_s) * 1000, 3),
        time_to_first_token_ms=None,
        tokens_in=0,
        tokens_out=0,
        tokens_cached=0,
        tokens_cache_write=0,
        tokens_reasoning=0,
        usage_estimated=False,
        cost_usd_micros=0,
        price_source=FREE.source,
        price_version="",
        confidence=0.0,
        fallback_used=False,
        decision_id=call.request_id,
        policy_version=call.snapshot.version if call.reached("snapshot") else 0,
        reason_code=error.code or error.kind,
        task_type="",
        session_key=caller.session_key if caller is not None and logged else None,
        tool_call_ids=(),
        losses=(),
        features=_encoder.encode(features) if features is not None else None,
        logged=logged,
    )


def _code(error: PointsmanError | None) -> str | None:
    return None if error is None else error.code or error.kind
