"""All of a decision that does not change from request to request: who is left, ranked.

A plan hangs on the snapshot and five features: agent, requested name, needs, task type and the key's
model list. The other features reach only the gates that are asked per request.
"""

from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct

from pointsman.core.decision import Decision
from pointsman.core.features import Features
from pointsman.core.snapshot import AgentProfile, Model, PolicySnapshot, Target
from pointsman.routing.candidates import candidates_of
from pointsman.routing.cost import expected_output_tokens
from pointsman.routing.gates import PER_REQUEST, PLANNED
from pointsman.routing.gates.base import Gate
from pointsman.routing.performance import capability_of, confidence_of, domain_of
from pointsman.routing.scorers import SCORERS
from pointsman.routing.scorers.base import Score

TIER_ORDER: Final = {"fast": 0, "medium": 1, "large": 2}
SCORE_DIGITS: Final = 6
"""Scores that agree to this many digits are a tie."""

Standing = tuple[bool, float]


class Candidate(Struct, frozen=True, kw_only=True):
    """A target with what was computed for it. `standing` sorts before price: gate met, then score.
    `entry` is the place of its provider in the profile's fallback, or -1."""

    target: Target
    score: Score
    confidence: float
    standing: Standing
    entry: int


class Plan(Struct, kw_only=True):
    """A prepared decision. `first` may be chosen, `others` may only take over. `tied` says that the price
    of the request at hand breaks a tie, so that the order has to be found anew. `clearances` are the gates
    asked per request, each with its quick test of all candidates; when all of these are true, `settled`, if
    there, is the decision."""

    asked: Features
    profile: AgentProfile
    version: int
    concrete: bool
    objective: str
    first: list[Candidate]
    others: list[Candidate]
    tied: bool
    clearances: tuple[tuple[Gate, Callable[[Features], bool]], ...]
    settled: Decision | None = None


def plan_for(
    snapshot: PolicySnapshot,
    agent: str,
    requested: str,
    needs: int,
    task_type: str,
    allowed_models: tuple[str, ...],
) -> Plan:
    """Makes the plan. Raises what `candidates_of` and the planned gates raise."""
    asked = Features(
        agent=agent,
        requested=requested,
        dialect="",
        needs=needs,
        task_type=task_type,
        allowed_models=allowed_models,
    )
    profile = snapshot.profile(agent)
    found = candidates_of(asked, snapshot, profile)
    targets = _left_of(found.targets, asked, profile)
    others = [t for t in found.others if not any(gate.verdict(t, asked, profile) for gate in PLANNED)]
    first = [candidate(target, asked, snapshot, found.objective) for target in targets]
    behind = [candidate(target, asked, snapshot, found.objective) for target in others]
    return Plan(
        asked=asked,
        profile=profile,
        version=snapshot.version,
        concrete=found.concrete,
        objective=found.objective,
        first=first if found.concrete else ranked(first, asked),
        others=ranked(behind, asked),
        tied=_tied(behind if found.concrete else first),
        clearances=tuple([(gate, gate.clearance([*targets, *others])) for gate in PER_REQUEST]),
    )


def candidate(target: Target, asked: Features, snapshot: PolicySnapshot, objective: str) -> Candidate:
    """Scores one target."""
    profile = snapshot.profile(asked.agent)
    score = SCORERS[objective].score(target, asked, snapshot)
    capability = capability_of(target.model, domain_of(asked.task_type))
    confidence = confidence_of(snapshot, asked.agent, target.id, capability)
    return Candidate(
        target=target,
        score=score,
        confidence=confidence,
        standing=(confidence < profile.gate, -round(score.value, SCORE_DIGITS)),
        entry=_entry_of(target, profile.fallback),
    )


def ranked(candidates: Sequence[Candidate], features: Features) -> list[Candidate]:
    """Best first: the gate met, the higher score, the lower expected price, the lower tier, the id."""
    prompt, limit = max(features.context_tokens, 0), features.max_output_tokens

    def key(one: Candidate) -> tuple[Standing, int, int, str]:
        model = one.target.model
        price = model.price
        cost = prompt * price.input_usd_micros
        cost += expected_output_tokens(model, limit) * price.output_usd_micros
        return one.standing, cost, TIER_ORDER[model.tier], one.target.id

    return sorted(candidates, key=key)


def _left_of(targets: Sequence[Target], asked: Features, profile: AgentProfile) -> Sequence[Target]:
    for gate in PLANNED:
        passing = [target for target in targets if not gate.verdict(target, asked, profile)]
        if not passing:
            raise gate.error(targets, asked, profile)
        targets = passing
    return targets


def _entry_of(target: Target, fallback: Sequence[str]) -> int:
    """The first entry that names the target's provider or a group it is in.

    >>> from pointsman.routing.gates.base import asking, example
    >>> target = example(True, asking()).target
    >>> _entry_of(target, ("ollama", "local", "external", "*")), _entry_of(target, ("mistral", "shop"))
    (2, 1)
    """
    names = (target.provider, "local" if target.local else "external", "*")
    return next((place for place, entry in enumerate(fallback) if entry in names), -1)


def _tied(candidates: Sequence[Candidate]) -> bool:
    classes: dict[Standing, tuple[int, int, int]] = {}
    for one in candidates:
        cost_class = _cost_class(one.target.model)
        if classes.setdefault(one.standing, cost_class) != cost_class:
            return True
    return False


def _cost_class(model: Model) -> tuple[int, int, int]:
    """Models of the same class cost the same for every request."""
    price = model.price
    output = expected_output_tokens(model, 0) if price.output_usd_micros else 0
    return price.input_usd_micros, price.output_usd_micros, output
