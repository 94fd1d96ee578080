"""Makes logged decisions again, from what was recorded: the features and the policy snapshot."""

from typing import Any

import msgspec
from msgspec import to_builtins
from msgspec.structs import asdict, replace
from starlette.requests import Request

from pointsman.core.errors import NotFound
from pointsman.core.events import FinishState, RequestKind, RequestRecord
from pointsman.core.features import Features
from pointsman.core.ports import Control
from pointsman.core.snapshot import PolicySnapshot, decode_snapshot
from pointsman.routing.explain import explain
from pointsman.store import snapshots
from pointsman.web.database import database
from pointsman.web.log import attempts_of
from pointsman.web.shapes import Replay

UNPUBLISHED = 0
"""The version of a policy whose number the store had not given yet."""
FROM_RUNNING = "It was made before its policy was stored, and made again from the policy that runs now."
REFUSED_ELSEWHERE = (
    "The request was refused by something other than the decision, such as a budget spent meanwhile."
)
NOBODY_ASKED = "The gateway itself made this request, to compare; this is whom a client would have got."
FIRST_UNKNOWN = "The log does not hold the first attempt, so it does not say what was chosen."


async def told(control: Control, request: Request) -> Any:
    """The decision of one request, made again and compared with the log."""
    request_id = request.path_params["request_id"]
    first = (await attempts_of(control, request_id))[0].record
    if first.features is None:
        raise NotFound(
            f"Request {request_id} has no recorded decision: it was refused before one was made "
            f"({first.error_code or first.reason_code})."
        )
    snapshot = await _snapshot(control, first.policy_version)
    features = msgspec.json.decode(first.features, type=Features)
    return compared(first, features, explain(features, snapshot))


def compared(first: RequestRecord, features: Features, replayed: dict[str, Any]) -> Replay:
    """Whether `replayed` is what the log says of a request's first attempt."""
    recorded = {
        "target": f"{first.provider}/{first.model}" if first.model else None,
        "reason_code": first.reason_code,
        "confidence": first.confidence,
        "policy_version": first.policy_version,
        "fallback_used": first.fallback_used,
        "finish_state": first.finish_state,
        "error_code": first.error_code,
    }
    incomparable = _incomparable(first, replayed)
    return Replay(
        request_id=first.request_id,
        recorded=recorded,
        features=to_builtins(asdict(features)),
        replayed=replayed,
        same=None if incomparable else _same(first, recorded["target"], replayed),
        note=incomparable or (FROM_RUNNING if first.policy_version == UNPUBLISHED else None),
    )


def _incomparable(first: RequestRecord, replayed: dict[str, Any]) -> str | None:
    if first.kind == RequestKind.SHADOW:
        return NOBODY_ASKED
    if first.attempt or first.fallback_used:
        return FIRST_UNKNOWN
    if _refused(first) and replayed["error"] is None:
        return REFUSED_ELSEWHERE
    return None


def _same(first: RequestRecord, target: Any, replayed: dict[str, Any]) -> bool:
    error = replayed["error"]
    reason_code = replayed["reason_code"] or (error["kind"] if error else None)
    reasons_agree = bool(reason_code == first.reason_code)
    if _refused(first):
        return reasons_agree
    return reasons_agree and replayed["chosen"] == target and replayed["confidence"] == first.confidence


def _refused(first: RequestRecord) -> bool:
    return first.finish_state == FinishState.REFUSED and not first.model


async def _snapshot(control: Control, version: int) -> PolicySnapshot:
    """The snapshot a decision was made from: the running one, or out of the store, whose bytes do not
    carry its number."""
    running = control.policy
    if version in (running.version, UNPUBLISHED):
        return replace(running, version=version)
    async with database(control) as pool:
        stored = await snapshots.get(pool, version)
    if stored is None:
        raise NotFound(f"Policy {version} is not in the store, so the decision cannot be made again.")
    return decode_snapshot(stored.body, version)
