"""The decision: candidates, gates, score, choice, fallbacks. Pure: the same features and snapshot give the
same bytes, in live traffic, replay and `explain` alike.

`decide` is the one source of truth. `Router` gives the same answers faster, by keeping plans.
"""

from collections.abc import Sequence
from functools import lru_cache

from msgspec.structs import replace

from pointsman.core.decision import Decision
from pointsman.core.features import Features
from pointsman.core.snapshot import PolicySnapshot
from pointsman.routing import reasons
from pointsman.routing.chain import MAX_FALLBACKS, fallback_chain
from pointsman.routing.gates import PER_REQUEST
from pointsman.routing.gates.base import Gate
from pointsman.routing.plan import Plan, key_of, plan_for
from pointsman.routing.rating import Candidate, Rater, ranked
from pointsman.routing.traces import traces_of
from pointsman.routing.turns import within_turn


def decide(features: Features, snapshot: PolicySnapshot, *, trace: bool = False) -> Decision:
    """Chooses a target for the request and says who takes over.

    A concrete model is honoured as asked, at the first of its targets that passes the gates, unless the
    agent's profile says `route_concrete`; behind an alias the best-ranked candidate wins. Raises
    `NotFound`, `NotPermitted`, `InvalidRequest`, `CannotCarry`, `ContextTooLong`, `QuotaExhausted` or
    `NoTarget` when nobody is left, each saying why.
    """
    rater = Rater(snapshot)
    decision = _settle(rater, plan_for(rater, *key_of(features)), features, PER_REQUEST)
    return _traced(decision, features, snapshot) if trace else decision


class Router:
    """Decides from one snapshot, as `decide` does, and keeps the `max_plans` plans used last."""

    __slots__ = ("_plan", "_rater", "_snapshot")

    def __init__(self, snapshot: PolicySnapshot, *, max_plans: int = 256) -> None:
        self._snapshot = snapshot
        self._rater = Rater(snapshot)
        self._plan = lru_cache(maxsize=max_plans)(self._prepared)

    def decide(self, features: Features, *, trace: bool = False) -> Decision:
        """See `decide`."""
        plan = self._plan(
            features.agent,
            features.requested,
            features.needs,
            features.task_type,
            features.allowed_models,
        )
        doubtful = [gate for gate, clears in plan.clearances if not clears(features)]
        decision = None if doubtful or (features.held and not plan.concrete) else plan.settled
        if decision is None:
            decision = _settle(self._rater, plan, features, doubtful)
        return _traced(decision, features, self._snapshot) if trace else decision

    def _prepared(
        self, agent: str, requested: str, needs: int, task_type: str, allowed_models: tuple[str, ...]
    ) -> Plan:
        """A plan with its decision for the case that every candidate passes, if no request changes it."""
        plan = plan_for(self._rater, agent, requested, needs, task_type, allowed_models)
        if not plan.tied and not plan.per_request:
            plan.settled = _settle(self._rater, plan, plan.asked, ())
        return plan


def _settle(rater: Rater, plan: Plan, features: Features, gates: Sequence[Gate]) -> Decision:
    """Decides, asking `gates`; the other per-request gates are known to let everyone pass."""
    first, degraded = _passing(plan, features, gates)
    others = [one for one in plan.others if _passes_all(one, plan, features, gates)]
    if plan.per_request:
        first, others = _rated_anew(rater, plan, features, first, others)
    if plan.tied or plan.per_request:
        first, others = (
            (first, ranked(others, features)) if plan.concrete else (ranked(first, features), others)
        )
    if degraded and others:  # only a concrete model has others: whom the profile names as its stand-ins
        stand_in, *chain = [*fallback_chain(first[0], (), others), *first][: MAX_FALLBACKS + 1]
        return _decision(plan, reasons.REQUESTED_UNHEALTHY, stand_in, chain)
    chosen = first[0]
    if plan.concrete:
        chain = fallback_chain(chosen, first, others)
        code = reasons.REQUESTED
    else:
        by_turn = None
        if features.held:
            first, by_turn = within_turn(first, features)
            chosen = first[0]
        chain = fallback_chain(chosen, (), first)
        code = by_turn or _usual_code(plan, chosen)
    return _decision(plan, reasons.DEGRADED if degraded else code, chosen, chain)


def _rated_anew(
    rater: Rater, plan: Plan, features: Features, first: list[Candidate], others: list[Candidate]
) -> tuple[list[Candidate], list[Candidate]]:
    """The same candidates, rated for this very request."""
    beliefs = rater.beliefs(plan.targets, features)

    def again(candidates: list[Candidate]) -> list[Candidate]:
        return rater.rated([one.target for one in candidates], features, plan.objective, beliefs)

    return again(first), again(others)


def _passing(plan: Plan, features: Features, gates: Sequence[Gate]) -> tuple[list[Candidate], bool]:
    """Who may be chosen, and whether a gate had to yield to leave anyone."""
    left, degraded, profile = plan.first, False, plan.profile
    for gate in gates:
        verdict = gate.verdict
        passing = [one for one in left if not verdict(one.target, features, profile)]
        if passing:
            left = passing
        elif gate.yields:
            degraded = True
        else:
            raise gate.error([one.target for one in left], features, profile)
    return left, degraded


def _passes_all(one: Candidate, plan: Plan, features: Features, gates: Sequence[Gate]) -> bool:
    return not any(gate.verdict(one.target, features, plan.profile) for gate in gates)


def _usual_code(plan: Plan, chosen: Candidate) -> str:
    if chosen.standing[0]:
        return reasons.GATE_UNMET
    return reasons.EXPLORED if chosen.score.explored else reasons.code_of(plan.objective)


def _decision(plan: Plan, code: str, chosen: Candidate, chain: list[Candidate]) -> Decision:
    return Decision(
        target=chosen.target.id,
        fallbacks=tuple([one.target.id for one in chain]),
        confidence=chosen.belief.confidence if chosen.score.explored else chosen.confidence,
        reason_code=code,
        reason=reasons.reason_line(code, plan, chosen, chain),
        snapshot_version=plan.version,
        propensity=_propensity(plan, code, chosen),
    )


def _propensity(plan: Plan, code: str, chosen: Candidate) -> float:
    chance = chosen.score.propensity
    return 1.0 if chance is None or plan.concrete or code in reasons.BY_TURN else chance


def _traced(decision: Decision, features: Features, snapshot: PolicySnapshot) -> Decision:
    degraded = decision.reason_code == reasons.DEGRADED
    return replace(decision, trace=traces_of(features, snapshot, degraded=degraded))
