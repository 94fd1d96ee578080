"""How likely each candidate is to succeed for this agent and task, how sure that is, and why.

With evidence in the snapshot its posterior says so; without, capability does, and how often it did well.
"""

from collections.abc import Sequence
from math import isfinite, sqrt
from typing import Final

from msgspec import Struct

from pointsman.core.decision import Term
from pointsman.core.features import Features
from pointsman.core.snapshot import Model, PolicySnapshot, Target
from pointsman.routing.evidence import Estimator
from pointsman.routing.performance import (
    PRIOR_WEIGHT,
    answer_rates,
    capability_of,
    domain_of,
    slice_of,
)

LEAST_TERM: Final = 1e-12


class Belief(Struct, frozen=True):
    """`confidence` (0-1) is `common` + `domain` + `task` + `agent`, cut to 0-1; `deviation` is how unsure it
    is. `common` holds for everyone; `domain` is what the model's capability in the task's domain adds as
    long as there is little evidence; `level_deviation` is how unsure the confidence is
    for the average task, `newness` (0-1) how much that is of what is not known of a new model."""

    confidence: float
    deviation: float
    common: float
    domain: float = 0.0
    task: float = 0.0
    agent: float = 0.0
    level_deviation: float = 0.0
    newness: float = 1.0

    @property
    def terms(self) -> tuple[Term, ...]:
        """The parts that are not 0, which add up to the confidence."""
        cut = self.confidence - (self.common + self.domain + self.task + self.agent)
        named = (
            ("domain", self.domain),
            ("task", self.task),
            ("agent", self.agent),
            ("limit", cut),
        )
        rest = [Term(name=name, value=value) for name, value in named if abs(value) > LEAST_TERM]
        return (Term(name="global", value=self.common), *rest)


def estimator_of(snapshot: PolicySnapshot) -> Estimator | None:
    """The snapshot's evidence, ready for use; None without any. Evidence that cannot be read counts as not
    there: learning never costs a request."""
    if snapshot.evidence is None:
        return None
    try:
        return Estimator(snapshot.evidence)
    except ValueError:
        return None


def beliefs_of(
    targets: Sequence[Target], features: Features, snapshot: PolicySnapshot, estimator: Estimator | None
) -> list[Belief]:
    """The beliefs, in the order of `targets`."""
    domain = domain_of(features.task_type)
    if estimator is None or not targets:
        return [_plain(target, features, snapshot, domain) for target in targets]
    names = [target.model.name for target in targets]
    general = [] if estimator.knows(names) else [capability_of(one.model, "") / 100.0 for one in targets]
    kind = slice_of(features.task_type)
    found = estimator.estimate(
        features.agent,
        estimator.inputs(features.vector, kind),
        names,
        general,
        kind,
    )
    extras = [
        _by_domain(target.model, domain, weight) if domain else 0.0
        for target, weight in zip(targets, found.weight, strict=True)
    ]
    beliefs = []
    for common, extra, task, agent, deviation, level, newness in zip(
        found.common,
        extras,
        found.task,
        found.agent,
        found.deviation,
        found.level_deviation,
        found.newness,
        strict=True,
    ):
        mean = common + extra + task + agent
        confidence = mean if 0.0 <= mean <= 1.0 else min(max(mean, 0.0), 1.0)
        beliefs.append(Belief(confidence, deviation, common, extra, task, agent, level, newness))
    if isfinite(sum(found.common) + sum(found.task) + sum(found.agent) + sum(found.deviation)):
        return beliefs
    return [
        belief if _is_finite(belief) else _plain(target, features, snapshot, domain)
        for target, belief in zip(targets, beliefs, strict=True)
    ]


def _by_domain(model: Model, domain: str, weight: float) -> float:
    """What the capability in the task's domain adds while there is little evidence."""
    if domain not in model.capability:
        return 0.0
    more = capability_of(model, domain) - capability_of(model, "")
    return more / 100.0 * PRIOR_WEIGHT / (PRIOR_WEIGHT + weight)


def _is_finite(belief: Belief) -> bool:
    return isfinite(belief.common + belief.task + belief.agent) and isfinite(belief.deviation)


def _plain(target: Target, features: Features, snapshot: PolicySnapshot, domain: str) -> Belief:
    """Without evidence: how good it is taken to be, times how often it answered without being known to have
    failed. So nothing that was seen makes it more trusted, or every model that talks would come to be."""
    quality = capability_of(target.model, domain) / 100.0
    mine, everyones = answer_rates(snapshot, features.agent, target.id)
    mean, common = quality * mine, quality * everyones
    deviation = sqrt(max(mean * (1.0 - mean), 0.0) / (PRIOR_WEIGHT + 1.0))
    return Belief(mean, deviation, common, 0.0, 0.0, mean - common, deviation)
