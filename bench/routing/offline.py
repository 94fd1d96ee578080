"""Full answers are learned from one part of the prompts; routing is measured on the other."""

import numpy as np
from bench.routing import metrics
from bench.routing.data import Outcomes
from bench.routing.rivals import ensemble, kernel_vote, ridge, task_table
from bench.routing.world import FINE, learned, profile_of, routed, snapshot_of
from msgspec import Struct

from pointsman.core.posterior import Posterior

OURS = "pointsman worth"
RIVALS = ("kNN", "ridge", "kNN + ridge + cluster table")
HELD_OUT = 0.3
LEAST_TASK = 30
LEAST_COST_USD = 1e-12
LEFT_OUT_PROMPTS = 500


class Effort(Struct, frozen=True, kw_only=True):
    """How thorough to be: settings in a sweep, prompts to measure on, tasks to leave out."""

    points: int = 40
    prompts: int = 3000
    tasks: int = 12


class Offline(Struct, frozen=True, kw_only=True):
    """What one split shows of one router: `aiq`; `accuracy`: quality at half of the best single model's cost;
    `match`: the cost of that model's quality, as a share of its cost (infinite: not reached); `best`: the
    quality when money plays no part."""

    router: str
    aiq: float
    accuracy: float
    match: float
    best: float


def splits(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Prompts to learn from and to measure on."""
    order = np.random.default_rng(seed).permutation(count)
    held = int(count * HELD_OUT)
    return order[held:], order[:held]


def measure(outcomes: Outcomes, seed: int, effort: Effort) -> list[Offline]:
    """Pointsman beside single models mixed at random, an oracle and plain algorithms, on one split."""
    train, test = splits(len(outcomes.scores), seed)
    test, points = test[: effort.prompts], effort.points
    usual = outcomes.costs[train].mean(axis=0)
    evidence = learned(outcomes, train, list(range(len(outcomes.models))))
    made = [
        _sweep(OURS, outcomes, test, _worths(outcomes, evidence, test, usual, points)),
        _sweep("pointsman reliable", outcomes, test, _gates(outcomes, evidence, test, usual, points)),
    ]
    tables = {
        "kNN": kernel_vote(outcomes, train, test),
        "ridge": ridge(outcomes, train, test),
        "kNN + ridge + cluster table": ensemble(outcomes, train, test),
        "per-task table (told the task)": task_table(outcomes, train, test),
        "oracle": outcomes.scores[test],
    }
    for name, predicted in tables.items():
        made.append(_sweep(name, outcomes, test, _by_table(predicted, usual, points)))
    single = [np.full(len(test), model) for model in range(len(outcomes.models))]
    return [*made, _sweep("hull of single models", outcomes, test, single)]


def _sweep(name: str, outcomes: Outcomes, test: np.ndarray, choices: list[np.ndarray]) -> Offline:
    """The measures of a router from its choices at several settings. The cheapest model alone is always to
    be had."""
    scores, costs = outcomes.scores[test], outcomes.costs[test]
    quality, cost = scores.mean(axis=0), costs.mean(axis=0)
    rows, cheapest = np.arange(len(test)), int(cost.argmin())
    choices = [np.full(len(test), cheapest), *choices]
    curve = metrics.hull(
        np.array([costs[rows, chosen].mean() for chosen in choices]),
        np.array([scores[rows, chosen].mean() for chosen in choices]),
    )
    best = int(quality.argmax())
    return Offline(
        router=name,
        aiq=metrics.aiq(curve, float(cost.min()), float(cost.max())),
        accuracy=metrics.quality_at(curve, float(cost[best]) / 2.0),
        match=metrics.cost_for(curve, float(quality[best])) / max(float(cost[best]), LEAST_COST_USD),
        best=float(curve[1][-1]),
    )


def _numbers(outcomes: Outcomes, names: list[str]) -> np.ndarray:
    number = {model: place for place, model in enumerate(outcomes.models)}
    return np.array([number[name] for name in names])


def _worths(
    outcomes: Outcomes, evidence: Posterior, test: np.ndarray, usual: np.ndarray, points: int
) -> list[np.ndarray]:
    """The objective `worth`, from where only the cheapest pays to where only quality counts."""
    snapshot = snapshot_of(outcomes.models, usual, profile_of("worth"), evidence)
    dearest = float(usual.max()) * FINE * 1e6
    worths = [int(dearest * factor) for factor in np.geomspace(0.05, 1000.0, points)]
    return [
        _numbers(outcomes, routed(snapshot, outcomes.vectors[test], worth_usd_micros=max(worth, 1)))
        for worth in (*worths, 10**15)
    ]


def _gates(
    outcomes: Outcomes, evidence: Posterior, test: np.ndarray, usual: np.ndarray, points: int
) -> list[np.ndarray]:
    """The objective `reliable`, over all thresholds."""
    snapshot = snapshot_of(outcomes.models, usual, profile_of("reliable"), evidence)
    vectors = outcomes.vectors[test]
    return [
        _numbers(outcomes, routed(snapshot, vectors, gate=float(gate)))
        for gate in np.linspace(0.02, 1.0, points)
    ]


def _by_table(predicted: np.ndarray, usual: np.ndarray, points: int) -> list[np.ndarray]:
    factors = np.geomspace(0.05, 1000.0, points)
    settings = [predicted - usual / (factor * usual.max()) for factor in factors]
    return [setting.argmax(axis=1) for setting in (*settings, predicted)]


class Pair(Struct, frozen=True, kw_only=True):
    """RouteLLM's measures for two models."""

    strong: str
    weak: str
    apgr: float
    cpt50: float
    cpt80: float


NAMED_PAIR = ("gpt-4-1106-preview", "mixtral-8x7b-chat")


def pair_of(outcomes: Outcomes) -> tuple[int, int]:
    """The strong and the weak model: RouteLLM's own pair if the file has it, else the best model and the best
    that costs at most a tenth of it (or else the cheapest)."""
    if all(name in outcomes.models for name in NAMED_PAIR):
        return outcomes.models.index(NAMED_PAIR[0]), outcomes.models.index(NAMED_PAIR[1])
    quality, cost = outcomes.scores.mean(axis=0), outcomes.costs.mean(axis=0)
    strong = int(quality.argmax())
    cheap = np.flatnonzero(cost <= cost[strong] / 10.0)
    if not len(cheap):
        cheap = np.array([int(cost.argmin())])
    return strong, int(cheap[quality[cheap].argmax()])


def measure_pair(outcomes: Outcomes, seed: int, effort: Effort) -> Pair | None:
    """RouteLLM's measures on one split; calls to the strong model count alike. None if it is not better."""
    train, test = splits(len(outcomes.scores), seed)
    test = test[: effort.prompts]
    strong, weak = pair_of(outcomes)
    scores = outcomes.scores[test]
    low, high = float(scores[:, weak].mean()), float(scores[:, strong].mean())
    if strong == weak or high <= low:
        return None
    names = [outcomes.models[weak], outcomes.models[strong]]
    evidence = learned(outcomes, train, [weak, strong])
    snapshot = snapshot_of(names, np.array([0.0, 0.001]), profile_of("worth"), evidence)
    shares, qualities = [], []
    for worth in np.geomspace(1.0, 1e5, effort.points):
        chosen = routed(snapshot, outcomes.vectors[test], worth_usd_micros=int(worth * 0.001 * FINE * 1e6))
        strongly = np.array([name == names[1] for name in chosen])
        shares.append(strongly.mean())
        qualities.append(np.where(strongly, scores[:, strong], scores[:, weak]).mean())
    apgr, cpt50, cpt80 = metrics.gap_recovered(np.array(shares), np.array(qualities), low, high)
    return Pair(strong=names[1], weak=names[0], apgr=apgr, cpt50=cpt50, cpt80=cpt80)


def unseen(outcomes: Outcomes, effort: Effort) -> list[float]:
    """For some tasks: what routing adds to AIQ over mixing single models, on a task that was left out
    of learning. 0: no harm."""
    tasks, counts = np.unique(outcomes.tasks, return_counts=True)
    left_out = [task for task, count in zip(tasks, counts, strict=True) if count >= LEAST_TASK]
    gains = []
    for task in left_out[: effort.tasks] if len(left_out) > 1 else []:
        test = np.flatnonzero(outcomes.tasks == task)[: min(effort.prompts, LEFT_OUT_PROMPTS)]
        train = np.flatnonzero(outcomes.tasks != task)
        usual = outcomes.costs[train].mean(axis=0)
        evidence = learned(outcomes, train, list(range(len(outcomes.models))))
        choices = _worths(outcomes, evidence, test, usual, effort.points)
        plain = _by_table(np.tile(outcomes.scores[train].mean(axis=0), (len(test), 1)), usual, effort.points)
        gains.append(_sweep("", outcomes, test, choices).aiq - _sweep("", outcomes, test, plain).aiq)
    return gains
