"""Everything that was weighed: each candidate, each gate's word, each term of its score."""

from pointsman.core.decision import CandidateTrace, Verdict
from pointsman.core.features import Features
from pointsman.core.snapshot import AgentProfile, PolicySnapshot, Target
from pointsman.routing.candidates import candidates_of
from pointsman.routing.cost import expected_cost_usd_micros
from pointsman.routing.gates import GATES
from pointsman.routing.gates.base import Gate
from pointsman.routing.plan import candidate


def traces_of(
    features: Features, snapshot: PolicySnapshot, *, degraded: bool = False
) -> tuple[CandidateTrace, ...]:
    """One trace a candidate, by id. Every gate is asked of every candidate, also of those that an earlier
    one has refused; with `degraded`, gates that yield are shown as passed. Raises what `candidates_of`
    raises."""
    profile = snapshot.profile(features.agent)
    found = candidates_of(features, snapshot, profile)
    traces = []
    for target in sorted((*found.targets, *found.others), key=lambda target: target.id):
        scored = candidate(target, features, snapshot, found.objective)
        verdicts = [_verdict(gate, target, features, profile, degraded) for gate in GATES]
        traces.append(
            CandidateTrace(
                target=target.id,
                verdicts=tuple(verdicts),
                terms=scored.score.terms,
                score=scored.score.value,
                confidence=scored.confidence,
                expected_cost_usd_micros=expected_cost_usd_micros(target.model, features),
            )
        )
    return tuple(traces)


def _verdict(
    gate: Gate, target: Target, features: Features, profile: AgentProfile, degraded: bool
) -> Verdict:
    reason = gate.verdict(target, features, profile)
    if reason and degraded and gate.yields:
        return Verdict(gate=gate.name, passed=True, reason=f"degraded: {reason}")
    return Verdict(gate=gate.name, passed=not reason, reason=reason)
