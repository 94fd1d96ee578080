"""Everything that was weighed: each candidate, each gate's word, each term of its score."""

from collections.abc import Mapping, Sequence

from pointsman.core.decision import CandidateTrace, Term, Verdict
from pointsman.core.features import Features
from pointsman.core.snapshot import AgentProfile, PolicySnapshot, Target
from pointsman.routing.candidates import Candidates, candidates_of
from pointsman.routing.cost import expected_cost_usd_micros, saved_by_staying
from pointsman.routing.gates import GATES, PLANNED
from pointsman.routing.gates.base import Gate
from pointsman.routing.plan import key_of, usual_request
from pointsman.routing.rating import Candidate, Rater


def traces_of(
    features: Features, snapshot: PolicySnapshot, *, degraded: bool = False
) -> tuple[CandidateTrace, ...]:
    """One trace a candidate, by id. Every gate is asked of every candidate, also of those that an earlier
    one has refused; with `degraded`, gates that yield are shown as passed. Raises what `candidates_of`
    raises."""
    profile = snapshot.profile(features.agent)
    found = candidates_of(features, snapshot, profile)
    said = {
        target.id: [_verdict(gate, target, features, profile, degraded) for gate in GATES]
        for target in (*found.targets, *found.others)
    }
    asked = usual_request(*key_of(features)) if found.concrete else features
    rated = sorted(_rated(Rater(snapshot), asked, found, said), key=lambda one: one.target.id)
    return tuple([_trace(one, said[one.target.id], features) for one in rated])


def _rated(
    rater: Rater, features: Features, found: Candidates, said: Mapping[str, Sequence[Verdict]]
) -> list[Candidate]:
    """Those who may be chosen are rated together, as in the decision, each of the others alone."""
    every = sorted((*found.targets, *found.others), key=lambda target: target.id)
    planned = {gate.name for gate in PLANNED}
    in_plan = [t for t in every if all(v.passed or v.gate not in planned for v in said[t.id])]
    beliefs = rater.beliefs(in_plan, features)
    passing = [t for t in in_plan if all(verdict.passed for verdict in said[t.id])]
    first = {target.id for target in found.targets}
    made = []
    for group in ([t for t in passing if t.id in first], [t for t in passing if t.id not in first]):
        made += rater.rated(group, features, found.objective, beliefs)
    for target in every:
        if target not in passing:
            alone = beliefs if target in in_plan else rater.beliefs([target], features)
            made += rater.rated([target], features, found.objective, alone)
    return made


def _trace(one: Candidate, verdicts: Sequence[Verdict], features: Features) -> CandidateTrace:
    refused = not all(verdict.passed for verdict in verdicts)
    return CandidateTrace(
        target=one.target.id,
        verdicts=tuple(verdicts),
        terms=one.score.terms,
        score=one.score.value,
        confidence=one.confidence,
        expected_cost_usd_micros=expected_cost_usd_micros(one.target.model, features),
        confidence_terms=_confidence_terms(one),
        deviation=one.belief.deviation,
        staying_usd_micros=_staying_terms(one.target, features),
        propensity=0.0 if refused and one.score.propensity is not None else one.score.propensity,
    )


def _staying_terms(target: Target, features: Features) -> tuple[Term, ...]:
    saved = saved_by_staying(target, features)._asdict()
    return tuple([Term(name=name, value=value) for name, value in saved.items() if value])


def _confidence_terms(one: Candidate) -> tuple[Term, ...]:
    if one.score.confidence is None:
        return one.belief.terms
    return tuple([term for term in one.score.terms if term.name != "enough"])


def _verdict(
    gate: Gate, target: Target, features: Features, profile: AgentProfile, degraded: bool
) -> Verdict:
    reason = gate.verdict(target, features, profile)
    if reason and degraded and gate.yields:
        return Verdict(gate=gate.name, passed=True, reason=f"degraded: {reason}")
    return Verdict(gate=gate.name, passed=not reason, reason=reason)
