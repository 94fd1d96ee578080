"""What another policy would have made of recent decisions, as far as their outcomes can tell.

The estimate is doubly robust (Dudik, Langford and Li 2011): what a simple model expects of both choices, put
right by what really came of the logged one, in proportion to how likely it had been to be logged. The simple
model is not the evidence model, so that an error in that one does not vouch for itself.
"""

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Final

import numpy as np
from msgspec import Struct

from pointsman.core.errors import PointsmanError
from pointsman.core.features import Features
from pointsman.core.snapshot import PolicySnapshot, Target
from pointsman.routing.cost import expected_cost_usd_micros
from pointsman.routing.engine import Router
from pointsman.routing.evidence import Statistics
from pointsman.routing.performance import capability_of, slice_of

LEAST_SAMPLES: Final = 30
LEAST_PROPENSITY: Final = 0.05
PRIOR: Final = 5.0
"""How many outcomes each level's prior counts for in the simple model."""
SIGMAS: Final = 1.96
LEAST_LOSS: Final = 0.01
"""A loss of success below this is none."""


class Sample(Struct, frozen=True, kw_only=True):
    """A decision of the log: what was known, what was chosen, how well that went (0-1), how far that counts,
    and how likely the choice had been."""

    features: Features
    agent_id: str
    model: str
    reward: float
    weight: float
    propensity: float = 1.0


class Comparison(Struct, frozen=True, kw_only=True):
    """How a new policy would have done beside the old one. `difference` of success lies between `low` and
    `high` with 95 %; `success` is that of the new one and `gate` what the agents ask for; costs are micro-USD
    a request. `changed` counts the decisions that come out otherwise."""

    samples: int
    changed: int = 0
    difference: float = 0.0
    low: float = 0.0
    high: float = 0.0
    success: float = 0.0
    gate: float = 0.0
    old_cost_usd_micros: float = 0.0
    new_cost_usd_micros: float = 0.0

    @property
    def verdict(self) -> str:
        """`worse`, `better`, `same` or `undetermined`. Less success is worse unless it is what the agents'
        gates allow, and saves money."""
        if self.samples < LEAST_SAMPLES:
            return "undetermined"
        if not self.changed:
            return "same"
        if self.high < -LEAST_LOSS:
            saves = self.new_cost_usd_micros < self.old_cost_usd_micros
            return "cheaper" if saves and self.success >= self.gate else "worse"
        return "better" if self.low > 0 else "undetermined"


class Expectation:
    """The simple model: shrunken means of what was observed, of everyone and of each agent."""

    def __init__(self, statistics: Statistics, targets: Mapping[str, Target]) -> None:
        self._priors = {
            target.model.name: capability_of(target.model, "") / 100.0 for target in targets.values()
        }
        self._sums: dict[tuple[str, ...], tuple[float, float]] = {}
        for (agent, model, kind), row in statistics.cells.items():
            for key in ((model,), (model, kind), (model, kind, agent)):
                weight, reward = self._sums.get(key, (0.0, 0.0))
                self._sums[key] = (weight + float(row[0]), reward + float(row[-1]))

    def of(self, model: str, kind: str, agent: str) -> float:
        """How well a model is expected to do, 0 to 1."""
        mean = self._priors.get(model, 0.5)
        for key in ((model,), (model, kind), (model, kind, agent)):
            weight, reward = self._sums.get(key, (0.0, 0.0))
            mean = (reward + PRIOR * mean) / (weight + PRIOR)
        return min(max(mean, 0.0), 1.0)


def compared(
    old: PolicySnapshot, new: PolicySnapshot, samples: Sequence[Sample], expectation: Expectation
) -> Comparison:
    """Decides all samples by both policies. Those that one of them refuses are left out."""
    routers = Router(old), Router(new)
    figures = [
        row for sample in samples if (row := _row(sample, (old, new), routers, expectation)) is not None
    ]
    if not figures:
        return Comparison(samples=0)
    rows = np.array(figures)
    weights = rows[:, 0] / rows[:, 0].sum()
    mean = float(weights @ rows[:, 1])
    spread = SIGMAS * sqrt(float(weights**2 @ (rows[:, 1] - mean) ** 2))
    success, gate, old_cost, new_cost = (float(weights @ rows[:, place]) for place in (2, 3, 4, 5))
    return Comparison(
        samples=len(rows),
        changed=int(rows[:, 6].sum()),
        difference=mean,
        low=mean - spread,
        high=mean + spread,
        success=success,
        gate=gate,
        old_cost_usd_micros=old_cost,
        new_cost_usd_micros=new_cost,
    )


def _row(
    sample: Sample,
    policies: tuple[PolicySnapshot, PolicySnapshot],
    routers: tuple[Router, Router],
    expectation: Expectation,
) -> tuple[float, ...] | None:
    """Weight, difference, success of the new choice, gate, both costs, and whether the choice changed."""
    try:
        old, new = (router.decide(sample.features).target for router in routers)
    except PointsmanError:
        return None
    targets = policies[0].targets[old], policies[1].targets[new]
    kind = slice_of(sample.features.task_type)
    values = []
    for target in targets:
        value = expectation.of(target.model.name, kind, sample.agent_id)
        if target.model.name == sample.model:
            value += (sample.reward - value) / max(sample.propensity, LEAST_PROPENSITY)
        values.append(value)
    costs = [expected_cost_usd_micros(target.model, sample.features) for target in targets]
    gate = policies[1].profile(sample.agent_id).gate
    changed = targets[0].model.name != targets[1].model.name
    return sample.weight, values[1] - values[0], values[1], gate, *costs, changed
