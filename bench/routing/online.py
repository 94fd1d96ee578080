"""Only the chosen model's outcome is seen. Regret is against the best single model of the file, told in
advance: below 0 is better than any fixed choice could have been."""

from collections.abc import Callable

import numpy as np
from bench.routing.data import Outcomes
from bench.routing.rivals import AtRandom, Bandit, EpsilonGreedy, LinUCB, NearestWithOptimism, Thompson
from bench.routing.world import Learner, profile_of

CHECKPOINTS = (500, 2000, 10_000)
NO_COST = 10**15
CALIBRATION = 50
STREAMS_APART = 1_000_000
OURS = "pointsman"


class Pointsman:
    """The product: the objective `explore` with all requests to learn from, costs left aside. What it draws
    hangs on the request's seed, and each stream has requests of its own."""

    def __init__(self, models: list[str], seed: int) -> None:
        profile = profile_of("explore", exploration=1.0, worth_usd_micros=NO_COST)
        self._models, self._asked = models, seed * STREAMS_APART
        self._number = {model: place for place, model in enumerate(models)}
        self._learner = Learner(models, profile)

    def choose(self, vector: np.ndarray) -> int:
        self._asked += 1
        return self._number[self._learner.choose(vector, self._asked)]

    def tell(self, model: int, vector: np.ndarray, reward: float) -> None:
        self._learner.tell(self._models[model], vector, reward)


def bandits(outcomes: Outcomes, seed: int) -> dict[str, Callable[[], Bandit]]:
    """Everyone who takes part."""
    count, size = len(outcomes.models), outcomes.vectors.shape[1]
    return {
        OURS: lambda: Pointsman(outcomes.models, seed),
        "random": lambda: AtRandom(count, seed),
        "epsilon-greedy": lambda: EpsilonGreedy(count, seed),
        "Thompson": lambda: Thompson(count, seed),
        "LinUCB": lambda: LinUCB(count, size),
        "kNN with optimism": lambda: NearestWithOptimism(count),
    }


def stream(outcomes: Outcomes, bandit: Bandit, seed: int, calibrate: bool, most: int) -> list[float]:
    """Runs one stream of up to `most` prompts in random order. Returns the regret after each. With
    `calibrate`, 50 further prompts have first been answered by all models."""
    order = np.random.default_rng(seed).permutation(len(outcomes.scores))
    if calibrate:
        for row in order[:CALIBRATION]:
            for model in range(len(outcomes.models)):
                bandit.tell(model, outcomes.vectors[row], float(outcomes.scores[row, model]))
        order = order[CALIBRATION:]
    best = int(outcomes.scores.mean(axis=0).argmax())
    total, regrets = 0.0, []
    for row in order[:most]:
        model = bandit.choose(outcomes.vectors[row])
        reward = float(outcomes.scores[row, model])
        bandit.tell(model, outcomes.vectors[row], reward)
        total += float(outcomes.scores[row, best]) - reward
        regrets.append(total)
    return regrets


def at_checkpoints(regrets: list[float]) -> list[float]:
    """The regret after 500, 2,000 and 10,000 prompts, or at the end of a shorter stream."""
    return [regrets[min(point, len(regrets)) - 1] for point in CHECKPOINTS]


def oracle(outcomes: Outcomes) -> float:
    """The regret per prompt of who always knows the best answer."""
    return float(outcomes.scores.mean(axis=0).max() - outcomes.scores.max(axis=1).mean())
