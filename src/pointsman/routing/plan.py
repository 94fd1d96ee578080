"""All of a decision that does not change from request to request: who is left, ranked.

A plan hangs on the snapshot and five features: agent, requested name, needs, task type and the key's
model list. The other features reach only the gates that are asked per request.
"""

from collections.abc import Callable, Sequence

from msgspec import Struct

from pointsman.core.decision import Decision
from pointsman.core.features import Features
from pointsman.core.money import LongRates
from pointsman.core.snapshot import AgentProfile, Model, Target
from pointsman.routing.candidates import candidates_of
from pointsman.routing.cost import expected_output_tokens
from pointsman.routing.gates import PER_REQUEST, PLANNED
from pointsman.routing.gates.base import Gate
from pointsman.routing.rating import Candidate, Rater, Standing, ranked

CostClass = tuple[int, int, int, tuple[LongRates, ...]]


class Plan(Struct, kw_only=True):
    """A prepared decision. `first` may be chosen, `others` may only take over. `tied` says that the price
    of the request at hand breaks a tie, so that the order has to be found anew; `per_request` that the
    request's own task bears on the choice, so that ratings have to be made anew. `clearances` are the gates
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
    per_request: bool
    clearances: tuple[tuple[Gate, Callable[[Features], bool]], ...]
    settled: Decision | None = None

    @property
    def targets(self) -> list[Target]:
        """All targets of the plan."""
        return [one.target for one in (*self.first, *self.others)]


def plan_for(
    rater: Rater,
    agent: str,
    requested: str,
    needs: int,
    task_type: str,
    allowed_models: tuple[str, ...],
) -> Plan:
    """Makes the plan. Raises what `candidates_of` and the planned gates raise."""
    asked = usual_request(agent, requested, needs, task_type, allowed_models)
    snapshot = rater.snapshot
    profile = snapshot.profile(agent)
    found = candidates_of(asked, snapshot, profile)
    targets = _left_of(found.targets, asked, profile)
    others = [t for t in found.others if not any(gate.verdict(t, asked, profile) for gate in PLANNED)]
    beliefs = rater.beliefs([*targets, *others], asked)
    first = rater.rated(targets, asked, found.objective, beliefs)
    behind = rater.rated(others, asked, found.objective, beliefs)
    return Plan(
        asked=asked,
        profile=profile,
        version=snapshot.version,
        concrete=found.concrete,
        objective=found.objective,
        first=first if found.concrete else ranked(first, asked),
        others=ranked(behind, asked),
        tied=_tied(behind if found.concrete else first),
        per_request=not found.concrete and rater.per_request(found.objective),
        clearances=tuple([(gate, gate.clearance([*targets, *others])) for gate in PER_REQUEST]),
    )


def key_of(features: Features) -> tuple[str, str, int, str, tuple[str, ...]]:
    """The features that plans are kept by."""
    return (
        features.agent,
        features.requested,
        features.needs,
        features.task_type,
        features.allowed_models,
    )


def usual_request(
    agent: str, requested: str, needs: int, task_type: str, allowed_models: tuple[str, ...]
) -> Features:
    """All requests with these features, as one: what plans are made by. A model asked for by name is rated
    by it once and for all, since no rating can change the choice."""
    return Features(
        agent=agent,
        requested=requested,
        dialect="",
        needs=needs,
        task_type=task_type,
        allowed_models=allowed_models,
    )


def _left_of(targets: Sequence[Target], asked: Features, profile: AgentProfile) -> Sequence[Target]:
    for gate in PLANNED:
        passing = [target for target in targets if not gate.verdict(target, asked, profile)]
        if not passing:
            raise gate.error(targets, asked, profile)
        targets = passing
    return targets


def _tied(candidates: Sequence[Candidate]) -> bool:
    classes: dict[Standing, CostClass] = {}
    for one in candidates:
        cost_class = _cost_class(one.target.model)
        if classes.setdefault(one.standing, cost_class) != cost_class:
            return True
    return False


def _cost_class(model: Model) -> CostClass:
    """Models of the same class cost the same for every request."""
    price = model.price
    output = expected_output_tokens(model, 0) if price.output_usd_micros else 0
    return price.input_usd_micros, price.output_usd_micros, output, price.longer
