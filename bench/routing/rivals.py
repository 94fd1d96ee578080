"""Plain algorithms to compare with, as textbooks have them, on the same vectors."""

from typing import Protocol

import numpy as np
from bench.routing.data import Outcomes

from pointsman.memory.embed import EMBEDDING
from pointsman.routing.evidence import Frame, fit_geometry


class Bandit(Protocol):
    """Chooses a model (its number) for a prompt, and is told what came of it."""

    def choose(self, vector: np.ndarray) -> int: ...
    def tell(self, model: int, vector: np.ndarray, reward: float) -> None: ...


class AtRandom:
    """Any model, alike."""

    def __init__(self, models: int, seed: int) -> None:
        self._models, self._random = models, np.random.default_rng(seed)

    def choose(self, vector: np.ndarray) -> int:
        return int(self._random.integers(self._models))

    def tell(self, model: int, vector: np.ndarray, reward: float) -> None:
        """Learns nothing."""


class EpsilonGreedy:
    """The best mean so far; one in ten at random."""

    def __init__(self, models: int, seed: int, epsilon: float = 0.1) -> None:
        self._random, self._epsilon = np.random.default_rng(seed), epsilon
        self._count, self._sum = np.ones(models), np.full(models, 0.5)

    def choose(self, vector: np.ndarray) -> int:
        if self._random.random() < self._epsilon:
            return int(self._random.integers(len(self._count)))
        return int((self._sum / self._count).argmax())

    def tell(self, model: int, vector: np.ndarray, reward: float) -> None:
        self._count[model] += 1.0
        self._sum[model] += reward


class Thompson:
    """A draw from each model's Beta posterior (uniform prior)."""

    def __init__(self, models: int, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._won, self._lost = np.ones(models), np.ones(models)

    def choose(self, vector: np.ndarray) -> int:
        return int(self._random.beta(self._won, self._lost).argmax())

    def tell(self, model: int, vector: np.ndarray, reward: float) -> None:
        self._won[model] += reward
        self._lost[model] += 1.0 - reward


class LinUCB:
    """A ridge regression per model with optimism (Li et al. 2010), alpha 0.5."""

    def __init__(self, models: int, size: int, alpha: float = 0.5) -> None:
        self._alpha = alpha
        self._inverse = np.tile(np.eye(size + 1), (models, 1, 1))
        self._moment = np.zeros((models, size + 1))

    def choose(self, vector: np.ndarray) -> int:
        x = np.append(1.0, vector)
        spread = self._inverse @ x
        mean = np.einsum("mi,mi->m", spread, self._moment)
        return int((mean + self._alpha * np.sqrt(spread @ x)).argmax())

    def tell(self, model: int, vector: np.ndarray, reward: float) -> None:
        x = np.append(1.0, vector)
        spread = self._inverse[model] @ x
        self._inverse[model] -= np.outer(spread, spread) / (1.0 + x @ spread)
        self._moment[model] += reward * x


class NearestWithOptimism:
    """The mean of a model's 20 nearest outcomes, plus what so few can be wrong by."""

    def __init__(self, models: int, near: int = 20) -> None:
        self._near = near
        self._vectors: list[list[np.ndarray]] = [[] for _ in range(models)]
        self._rewards: list[list[float]] = [[] for _ in range(models)]

    def choose(self, vector: np.ndarray) -> int:
        return int(np.argmax([self._hope(model, vector) for model in range(len(self._rewards))]))

    def tell(self, model: int, vector: np.ndarray, reward: float) -> None:
        self._vectors[model].append(vector)
        self._rewards[model].append(reward)

    def _hope(self, model: int, vector: np.ndarray) -> float:
        rewards = np.array(self._rewards[model])
        if not len(rewards):
            return 2.0
        if len(rewards) > self._near:
            far = ((np.array(self._vectors[model]) - vector) ** 2).sum(axis=1)
            rewards = rewards[np.argpartition(far, self._near)[: self._near]]
        return float(rewards.mean() + 0.5 / np.sqrt(len(rewards)))


def kernel_vote(outcomes: Outcomes, train: np.ndarray, test: np.ndarray, near: int = 30) -> np.ndarray:
    """Success rates by the 30 nearest learned prompts, alike."""
    known, asked = outcomes.vectors[train], outcomes.vectors[test]
    spread = known.std(axis=0) + 1e-6
    known, asked = known / spread, asked / spread
    far = (asked**2).sum(axis=1)[:, None] - 2.0 * asked @ known.T + (known**2).sum(axis=1)
    nearest = np.argpartition(far, min(near, len(train) - 1), axis=1)[:, :near]
    return outcomes.scores[train][nearest].mean(axis=1)


def ridge(outcomes: Outcomes, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """A ridge regression per model, of the strength that leaves the least error on prompts left out."""
    known, asked = outcomes.vectors[train], outcomes.vectors[test]
    centre, spread = known.mean(axis=0), known.std(axis=0) + 1e-6
    left, sizes, right = np.linalg.svd((known - centre) / spread, full_matrices=False)
    usual = outcomes.scores[train].mean(axis=0)
    rest = outcomes.scores[train] - usual

    def error(strength: float) -> float:
        kept = sizes**2 / (sizes**2 + strength)
        fitted = (left * kept) @ (left.T @ rest)
        leverage = (left**2 * kept).sum(axis=1) + 1.0 / len(train)
        return float((((rest - fitted) / (1.0 - leverage)[:, None]) ** 2).mean())

    strength = min(np.geomspace(1.0, 1e5, 16), key=error)
    weights = right.T @ ((sizes / (sizes**2 + strength))[:, None] * (left.T @ rest))
    return usual + (asked - centre) / spread @ weights


def cluster_table(outcomes: Outcomes, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """The mean of each of 32 k-means clusters, ten prompts of the usual mean added."""
    frame = Frame(fit_geometry(outcomes.vectors[train], EMBEDDING, version=1))
    kinds = frame.inputs_of(outcomes.vectors)[:, 1 + frame.raw :] > 0.0
    usual = outcomes.scores[train].mean(axis=0)
    sums = kinds[train].T.astype(float) @ outcomes.scores[train] + 10.0 * usual
    table = sums / (kinds[train].sum(axis=0) + 10.0)[:, None]
    return kinds[test].astype(float) @ table


def ensemble(outcomes: Outcomes, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """The mean of kNN, ridge and cluster table: the best plain algorithm on public data."""
    parts = [part(outcomes, train, test) for part in (kernel_vote, ridge, cluster_table)]
    return np.mean(parts, axis=0)


def task_table(outcomes: Outcomes, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """The mean of each task, for a router that is told the task. No router can know it, so it cheats."""
    means = {
        task: outcomes.scores[train][outcomes.tasks[train] == task].mean(axis=0)
        for task in np.unique(outcomes.tasks[train])
    }
    usual = outcomes.scores[train].mean(axis=0)
    return np.array([means.get(task, usual) for task in outcomes.tasks[test]])
