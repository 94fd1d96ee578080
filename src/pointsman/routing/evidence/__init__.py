"""The evidence model: what is believed of a model, for an agent and a task, and how surely.

    p(success) = global[model] + task(model, inputs) + agent[agent, model, slice]

The way of the data, each step pure (no I/O, no clock):

1. `Frame(geometry).inputs(vector)`: a task's vector becomes the model's inputs. `plain_geometry` serves
   until there is traffic, `fit_geometry` then learns scales and task clusters from it.
2. `Observation`s (agent, model, slice, inputs, reward 0-1, weight) are counted by `Statistics.add`, taken
   back by `subtract`, put together by `merge`. Sums are exact: the same set of observations gives the same
   bytes, in whatever order and parts. `sums()` and `load()` are their stored form. What is older may count
   less: `total_of([(today, 1.0), (yesterday, 0.99), ...])`.
3. `fit(statistics, frame, now_s=..., options=FitOptions(...))` gives a `core.posterior.Posterior`: means,
   covariances, agents' deltas, and the variance of each level, learned, so that a level which explains
   nothing vanishes. `checked(posterior)` replaces what cannot be true by the prior.
4. The posterior travels in `PolicySnapshot.evidence`. `Estimator(posterior).estimate(agent, inputs, models,
   priors, slice)` gives means, deviations and the terms for all candidates at once.
"""

from pointsman.routing.evidence.estimates import Estimates, Estimator, checked
from pointsman.routing.evidence.fitting import FitOptions, fit
from pointsman.routing.evidence.geometry import Frame, fit_geometry, plain_geometry
from pointsman.routing.evidence.sums import Observation, Statistics, Sums, load, total_of

__all__ = [
    "Estimates",
    "Estimator",
    "FitOptions",
    "Frame",
    "Observation",
    "Statistics",
    "Sums",
    "checked",
    "fit",
    "fit_geometry",
    "load",
    "plain_geometry",
    "total_of",
]
