"""The levels of the evidence model and how much each may differ from the one above.

`shared` is how a task's inputs bear on every model alike (its difficulty), `model` how one model departs
from that, `agent` how one agent's outcomes with a model depart, `slice` how they do for one kind of task.
The variances are learned (empirical Bayes), so that a level that explains nothing gets a variance near 0
and vanishes from every estimate.
"""

from typing import Final

import numpy as np
from msgspec import Struct

from pointsman.routing.evidence.geometry import Frame, Vector

NOISE: Final = 0.20
"""Variance of an outcome around its mean before anything is known; 0.25 is that of a fair coin."""
NOISE_WEIGHT: Final = 10.0
"""How many outcomes the pooled noise counts for in a model's own."""
LEAST_NOISE: Final = 0.002
STARTS: Final = {
    "shared.bias": 0.10,
    "shared.embedding": 0.02,
    "shared.surface": 0.01,
    "shared.cluster": 0.02,
    "shared.kind": 0.02,
    "model.bias": 0.03,
    "model.embedding": 0.02,
    "model.surface": 0.01,
    "model.cluster": 0.02,
    "model.kind": 0.02,
    "agent": 0.02,
    "slice": 0.01,
}
"""The variance of success that each level is expected to explain before data says otherwise: 0.02 is a
standard deviation of 14 points. It is also the variance of each single weight, since each part of the inputs
(the embedding as a whole, the surface features, the one cluster, the one kind) has a total variance or a
square of about 1."""
START_WEIGHT: Final = 0.1
"""How many coefficients' worth of evidence the expectation counts for."""
LEAST: Final = 1e-7
MOST: Final = 1.0


class Levels(Struct, frozen=True, kw_only=True):
    """Variances: per input for the `shared` and the `model` level, one for `agent` and `slice` each, and the
    outcomes' own `noise` per model."""

    shared: Vector
    model: Vector
    agent: float
    slice: float
    noise: dict[str, float]
    pooled_noise: float

    def noise_of(self, model: str) -> float:
        """The noise of a model's outcomes; of unknown models, the pooled one."""
        return self.noise.get(model, self.pooled_noise)


def starting_levels(frame: Frame, start: dict[str, float] | None = None) -> Levels:
    """The levels before any data, or those of an earlier fit (`components`), to go on from."""
    known = STARTS | (start or {})
    shared, model = np.empty(frame.size), np.empty(frame.size)
    for name, a, b in frame.blocks:
        shared[a:b] = known[f"shared.{name}"]
        model[a:b] = known[f"model.{name}"]
    return Levels(
        shared=shared,
        model=model,
        agent=known["agent"],
        slice=known["slice"],
        noise={},
        pooled_noise=known.get("noise", NOISE),
    )


def components_of(levels: Levels, frame: Frame) -> dict[str, float]:
    """The levels as named numbers, for people and for the next fit."""
    named = {f"shared.{name}": float(levels.shared[a]) for name, a, _ in frame.blocks}
    named |= {f"model.{name}": float(levels.model[a]) for name, a, _ in frame.blocks}
    return named | {"agent": levels.agent, "slice": levels.slice, "noise": levels.pooled_noise}


def better_variance(name: str, now: float, squares: float, known: float) -> float:
    """One step towards the most likely variance of a level.

    `squares` is the sum of the squared coefficients, `known` how many of them the data determine (0 to
    their number, `count - trace / now`). The geometric mean of the old value and MacKay's estimate rises in
    likelihood at every step (Zhou et al. 2019, MM algorithms for variance components).
    """
    estimate = (squares + START_WEIGHT * STARTS[name]) / (max(known, 0.0) + START_WEIGHT)
    return float(np.clip(np.sqrt(now * estimate), LEAST, MOST))
