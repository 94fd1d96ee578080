"""From sums of observations to what is believed of every model and agent, and how surely.

A linear mixed model, solved exactly block by block (Henderson's equations; Gelman and Hill, Data Analysis
Using Regression and Multilevel Models): a model's weights are the shared ones plus its own departure; agents'
departures are integrated out of the models' equations as they are single numbers, and found again
afterwards. So the cost grows linearly with models and with agents, and no matrix is larger than the inputs.
"""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from pointsman.core.posterior import Posterior
from pointsman.routing.evidence.cells import Cells, by_model, cells_of, deltas_of, records_of
from pointsman.routing.evidence.geometry import Frame, Vector
from pointsman.routing.evidence.levels import (
    LEAST_NOISE,
    NOISE_WEIGHT,
    Levels,
    better_variance,
    components_of,
    starting_levels,
)
from pointsman.routing.evidence.sums import Statistics

KEEP_PER_SILENT_DAY: Final = 0.90
"""What is left of an agent's own evidence after a day without a word from it (seed A: 10 % a day)."""
STEPS: Final = 12
"""Steps of learning the levels; a fit that goes on from an earlier one needs fewer."""
UNKNOWN: Final = 0.5
ANY_SLICE: Final = "*"
"""The slice that stands for kinds of task an agent has not been seen with."""
DAY_S: Final = 86_400.0


class Task(Struct, frozen=True, kw_only=True):
    """One model's equations. `gram`, `moment` and `square` are the sums less the prior success rate."""

    model: str
    prior: float
    gram: Vector
    moment: Vector
    square: float
    cells: Cells


class Solution(Struct, frozen=True, kw_only=True):
    """Weights and their covariance: `shared` of all models, `own` of each (shared ones included)."""

    shared: Vector
    shared_covariance: Vector
    own: Vector
    own_covariance: Vector
    departures: Vector
    departure_variances: Vector


class FitOptions(Struct, frozen=True, kw_only=True):
    """`priors` is the success rate (0-1) expected of a model by its capability; `keep_per_silent_day` the
    share of an agent's evidence left per day of silence, `agent_keeps` the exceptions; `start` are the
    `components` of an earlier fit; `steps` how often the levels are improved (0: taken as they are)."""

    priors: Mapping[str, float] = {}
    keep_per_silent_day: float = KEEP_PER_SILENT_DAY
    agent_keeps: Mapping[str, float] = {}
    start: Mapping[str, float] = {}
    steps: int = STEPS


def fit(
    statistics: Statistics, frame: Frame, *, now_s: float = 0.0, options: FitOptions | None = None
) -> Posterior:
    """The posterior at `now_s` (Unix seconds; it only serves to tell how long agents have been silent)."""
    options = options or FitOptions()
    if (statistics.size, statistics.geometry) != (frame.size, frame.geometry.version):
        raise ValueError("the statistics were made in another geometry")
    tasks = _tasks(statistics, now_s, options)
    levels = starting_levels(frame, dict(options.start))
    levels = replace(levels, noise={task.model: levels.pooled_noise for task in tasks})
    for _ in range(options.steps if tasks else 0):
        levels = _improved(tasks, _solve(tasks, levels), levels, frame)
    return _posterior(tasks, _solve(tasks, levels), levels, frame)


def _tasks(statistics: Statistics, now_s: float, options: FitOptions) -> list[Task]:
    keep, keyed = _keeping(statistics.seen_s, now_s, options), by_model(statistics)
    made = []
    for model, sums in sorted(statistics.models.items()):
        if sums[0, 0] <= 0:
            continue
        prior = options.priors.get(model, UNKNOWN)
        gram, moment, square = sums[:-1, :-1], sums[:-1, -1], float(sums[-1, -1])
        made.append(
            Task(
                model=model,
                prior=prior,
                gram=gram,
                moment=moment - prior * gram[0],
                square=square - 2.0 * prior * float(moment[0]) + prior**2 * float(gram[0, 0]),
                cells=cells_of(keyed[model], statistics.size, prior, keep),
            )
        )
    return made


def _keeping(seen_s: Mapping[str, float], now_s: float, options: FitOptions) -> Callable[[str], float]:
    def keep(agent: str) -> float:
        silent_days = max(now_s - seen_s.get(agent, now_s), 0.0) / DAY_S
        share = options.agent_keeps.get(agent, options.keep_per_silent_day)
        return float(min(max(share, 0.0), 1.0) ** silent_days)

    return keep


def _solve(tasks: list[Task], levels: Levels) -> Solution:
    """Two sweeps: up, each model says what it knows of the shared weights; down, each gets its own."""
    size, stiff = len(levels.model), 1.0 / levels.model
    precision, pull = np.diag(1.0 / levels.shared), np.zeros(size)
    inner = np.empty((len(tasks), size, size))
    moments = np.empty((len(tasks), size))
    for place, task in enumerate(tasks):
        noise = levels.noise_of(task.model)
        gram, moment = task.cells.integrated_out(task.gram, task.moment, noise, levels)
        inner[place] = np.linalg.inv(gram / noise + np.diag(stiff))
        moments[place] = moment / noise
        precision += np.diag(stiff) - stiff[:, None] * inner[place] * stiff
        pull += stiff * (inner[place] @ moments[place])
    shared_covariance = np.asarray(np.linalg.inv(precision), dtype=np.float64)
    shared = shared_covariance @ pull
    spread = inner * stiff
    own = np.einsum("mij,mj->mi", inner, moments + stiff * shared)
    own_covariance = inner + spread @ shared_covariance @ spread.transpose(0, 2, 1)
    back = np.eye(size) - spread
    departure_variances = np.diagonal(inner, axis1=1, axis2=2) + np.einsum(
        "mij,jk,mik->mi", back, shared_covariance, back, optimize=True
    )
    return Solution(
        shared=shared,
        shared_covariance=shared_covariance,
        own=own,
        own_covariance=own_covariance,
        departures=own - shared,
        departure_variances=departure_variances,
    )


def _improved(tasks: list[Task], found: Solution, levels: Levels, frame: Frame) -> Levels:
    """The levels after one more step."""
    shared, model = levels.shared.copy(), levels.model.copy()
    shared_variances = np.diagonal(found.shared_covariance)
    for name, a, b in frame.blocks:
        now = float(shared[a])
        known = (b - a) - float(shared_variances[a:b].sum()) / now
        shared[a:b] = better_variance(f"shared.{name}", now, float((found.shared[a:b] ** 2).sum()), known)
        now = float(model[a])
        known = len(tasks) * (b - a) - float(found.departure_variances[:, a:b].sum()) / now
        squares = float((found.departures[:, a:b] ** 2).sum())
        model[a:b] = better_variance(f"model.{name}", now, squares, known)
    noise, totals = {}, np.zeros(6)
    for place, task in enumerate(tasks):
        own, covariance = found.own[place], found.own_covariance[place]
        deltas = deltas_of(task.cells, own, covariance, levels.noise_of(task.model), levels)
        residual = _residual(task, own, covariance) - deltas.explained
        noise[task.model] = max(residual, 0.0)
        totals += (*deltas.agent_sums, *deltas.slice_sums, noise[task.model], float(task.gram[0, 0]))
    pooled = max(
        float((totals[4] + NOISE_WEIGHT * levels.pooled_noise) / (totals[5] + NOISE_WEIGHT)), LEAST_NOISE
    )
    for task in tasks:
        seen = float(task.gram[0, 0])
        mixed = (noise[task.model] + NOISE_WEIGHT * pooled) / (seen + NOISE_WEIGHT)
        noise[task.model] = max(mixed, LEAST_NOISE)
    return Levels(
        shared=shared,
        model=model,
        agent=better_variance("agent", levels.agent, *totals[0:2]),
        slice=better_variance("slice", levels.slice, *totals[2:4]),
        noise=noise,
        pooled_noise=pooled,
    )


def _residual(task: Task, own: Vector, covariance: Vector) -> float:
    """The expected squared error of a model's weights, agents' departures apart."""
    fitted = own @ task.gram @ own - 2.0 * own @ task.moment
    return task.square + float(fitted) + float((task.gram * covariance).sum())


def _posterior(tasks: list[Task], found: Solution, levels: Levels, frame: Frame) -> Posterior:
    """Packs it all. The last row is the newcomer's: the shared weights, and all the doubt of both levels."""
    priors = np.array([task.prior for task in tasks])
    means = np.vstack([found.own, found.shared])
    means[:-1, 0] += priors
    newcomer = found.shared_covariance + np.diag(levels.model)
    counts = np.array([task.gram[0, 0] for task in tasks])
    sums = np.array([task.gram[0] for task in tasks]).reshape(-1, frame.size)
    centre = sums.sum(axis=0) / counts.sum() if len(tasks) else np.eye(1, frame.size)[0]
    usual = np.vstack([sums / counts[:, None], centre]) if len(tasks) else centre[None, :]
    slices = [ANY_SLICE, *sorted({kind for task in tasks for kind in task.cells.slices})]
    deltas = [
        (task.cells, deltas_of(task.cells, own, doubt, levels.noise_of(task.model), levels))
        for task, own, doubt in zip(tasks, found.own, found.own_covariance, strict=True)
    ]
    return Posterior(
        geometry=frame.geometry,
        models=tuple([task.model for task in tasks]),
        means=_packed(means),
        covariances=_packed(np.concatenate([found.own_covariance, newcomer[None]])),
        usual=_packed(usual),
        centre=_packed(centre),
        weights=_packed(np.append(counts, 0.0)),
        slices=tuple(slices),
        agents=records_of(deltas, slices),
        components=components_of(levels, frame),
    )


def _packed(values: Vector) -> bytes:
    return values.astype("<f4").tobytes()
