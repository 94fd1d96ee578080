"""A decision told in full, as JSON-able values: for `pointsman explain`, the API and the dashboard."""

from typing import Any

from msgspec import to_builtins

from pointsman.core.decision import Decision
from pointsman.core.errors import NoTarget, NotFound, PointsmanError
from pointsman.core.features import Features
from pointsman.core.snapshot import AgentProfile, PolicySnapshot
from pointsman.routing.candidates import Candidates, candidates_of
from pointsman.routing.chain import place_of
from pointsman.routing.engine import decide
from pointsman.routing.reasons import REASON_CODES
from pointsman.routing.traces import traces_of


def explain(features: Features, snapshot: PolicySnapshot) -> dict[str, Any]:
    """What was decided and why. Never raises a refusal: `error` tells it, and `candidates` show what each
    gate said. Without a refusal `error` is None; with one `chosen`, `reason` and the like are None."""
    profile = snapshot.profile(features.agent)
    told: dict[str, Any] = {
        "agent": features.agent,
        "profile": profile.id,
        "gate": profile.gate,
        "requested": features.requested,
        "snapshot_version": snapshot.version,
    }
    try:
        decision = decide(features, snapshot, trace=True)
    except PointsmanError as error:
        return told | _refusal(error, features, snapshot)
    found = candidates_of(features, snapshot, profile)
    return told | {
        "objective": found.objective,
        "chosen": decision.target,
        "confidence": decision.confidence,
        "gate_met": decision.confidence >= profile.gate,
        "reason_code": decision.reason_code,
        "reason_meaning": REASON_CODES[decision.reason_code],
        "reason": decision.reason,
        "propensity": decision.propensity,
        "fallbacks": _fallbacks(decision, snapshot, profile, found),
        "candidates": to_builtins(list(decision.trace)),
        "error": None,
    }


def _refusal(error: PointsmanError, features: Features, snapshot: PolicySnapshot) -> dict[str, Any]:
    traces = () if isinstance(error, NotFound | NoTarget) else traces_of(features, snapshot)
    return {
        "objective": None,
        "chosen": None,
        "confidence": None,
        "gate_met": None,
        "reason_code": error.code,
        "reason_meaning": None,
        "reason": None,
        "propensity": None,
        "fallbacks": [],
        "candidates": to_builtins(list(traces)),
        "error": {"status": error.status, "code": error.code, "kind": error.kind, "message": error.message},
    }


def _fallbacks(
    decision: Decision,
    snapshot: PolicySnapshot,
    profile: AgentProfile,
    found: Candidates,
) -> list[dict[str, Any]]:
    serving = {target.id for target in found.targets} if found.concrete else set()
    traced = {one.target: one for one in decision.trace}
    told = []
    for identity in decision.fallbacks:
        one = traced[identity]
        why = place_of(snapshot.targets[identity], profile, identity in serving)
        told.append({"target": identity, "score": one.score, "confidence": one.confidence, "why": why})
    return told
