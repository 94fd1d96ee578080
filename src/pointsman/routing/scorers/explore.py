"""Cheapest reliable, with a share of requests spent on learning which models are better than believed."""

from collections.abc import Sequence
from math import sqrt
from random import Random
from typing import Final

import numpy as np

from pointsman.core.decision import Term
from pointsman.core.features import Features
from pointsman.core.snapshot import AgentProfile, Model, PolicySnapshot, Target
from pointsman.routing.confidence import Belief
from pointsman.routing.scorers.base import Score, ScoreExample, Scorer, shop_of
from pointsman.routing.scorers.reliable import exploring_share, first_reliable, reliable_score
from pointsman.routing.scorers.worth import cost_share

LEAST_DEVIATION: Final = 1e-6
BOLDNESS: Final = 0.5
"""Draws spread half as wide as what is not known. Every request draws anew, so the full width pays for more
exploration than it can use (Chapelle and Li 2011, An Empirical Evaluation of Thompson Sampling)."""
_GRID = np.linspace(-6.0, 6.0, 2401)
_STEPS_PER_DEVIATION: Final = 200.0
_BELL = np.exp(-0.5 * _GRID**2) / np.sqrt(2.0 * np.pi)
_RISE = np.concatenate([[1e-9], np.cumsum((_BELL[1:] + _BELL[:-1]) / 2.0) * (_GRID[1] - _GRID[0])])
"""The normal density and distribution, tabled; nowhere 0, so that one may divide by it."""
_NODES: Final = np.array([-3.4, -2.2, -1.4, -0.7, 0.0, 0.7, 1.4, 2.2, 3.4])
"""Where to look at each figure, in its deviations."""


def chances_of_most(means: Sequence[float], deviations: Sequence[float]) -> list[float]:
    """How likely each of several independent normal figures is to be the largest.

    >>> [round(chance, 2) for chance in chances_of_most([0.5, 0.5], [0.1, 0.1])]
    [0.5, 0.5]
    >>> [round(chance, 2) for chance in chances_of_most([0.6, 0.5], [0.1, 0.0001])]
    [0.84, 0.16]
    """
    centre, spread = np.array(means), np.maximum(np.array(deviations), LEAST_DEVIATION)
    points = (centre[:, None] + spread[:, None] * _NODES).ravel()
    points.sort()
    scale = (_STEPS_PER_DEVIATION / spread)[:, None]
    steps = points * scale
    steps -= scale * centre[:, None] - len(_GRID) // 2
    below = _RISE.take(steps.astype(np.intp), mode="clip")
    left, right = below[:, :-1], below[:, 1:]
    middles = right + left
    middles *= 0.5
    chances = ((right - left) / middles) @ middles.prod(axis=0)
    return (chances / max(float(chances.sum()), 1e-12)).tolist()  # type: ignore[no-any-return]


class Explore(Scorer):
    """In the agent's exploration share of requests, a model is drawn with the probability that it is the most
    worth of all that meet the gate (posterior sampling: Thompson 1933; Russo et al. 2018); otherwise as
    `reliable`. Never a model below the gate while one meets it. The probability of each choice is recorded,
    so that what another policy would have got can be estimated from the log."""

    name = "explore"
    per_request = True

    def scores(
        self,
        targets: Sequence[Target],
        features: Features,
        snapshot: PolicySnapshot,
        beliefs: Sequence[Belief],
    ) -> list[Score]:
        """As `reliable`, or the worth by a drawn success rate.

        >>> example = Explore().examples()[0]
        >>> shop = example.snapshot
        >>> [term.name for term in Explore().score(shop.targets["shop/m1"], example.features, shop).terms]
        ['global', 'enough']
        """
        profile = snapshot.profile(features.agent)
        share = exploring_share(profile.exploration, snapshot)
        exploring = Random(features.seed).random() < share  # noqa: S311
        spreads = [boldness(belief) for belief in beliefs]
        costs = [cost_share(target, features, profile) for target in targets]
        confidences = [belief.confidence for belief in beliefs]
        usual = first_reliable(targets, features, confidences, profile.gate)
        chances = _chances(confidences, costs, spreads, profile.gate, share, usual)
        if not exploring:
            gate = profile.gate
            return [
                reliable_score(belief, gate, chance) for belief, chance in zip(beliefs, chances, strict=True)
            ]
        return [
            _drawn(f"{features.seed}/{target.id}", belief, spread, cost, chance)
            for target, belief, spread, cost, chance in zip(
                targets, beliefs, spreads, costs, chances, strict=True
            )
        ]

    def examples(self) -> tuple[ScoreExample, ...]:
        """Nothing to spend; all to spend, with nothing in doubt."""
        return (_example(0.0, 90.0, 1.0), _example(0.0, 60.0, 0.6), _example(1.0, 100.0, 1.0))


def boldness(belief: Belief) -> float:
    """The spread of a draw. What is not known of a model in general is drawn. What is not known of it beyond
    that, on this very task, is drawn the less the better the model is known: a new model that failed at a few
    tasks is not given up on all others, while with a known one it would cost each kind of task its own
    exploration, and shows in the course of things.

    >>> boldness(Belief(0.7, 0.1, 0.7, level_deviation=0.1))
    0.05
    >>> round(boldness(Belief(0.7, 0.2, 0.7, level_deviation=0.1)), 3)
    0.1
    >>> round(boldness(Belief(0.7, 0.2, 0.7, level_deviation=0.1, newness=0.0)), 3)
    0.05
    """
    level = belief.level_deviation**2
    further = max(belief.deviation**2 - level, 0.0)
    return BOLDNESS * sqrt(level + belief.newness * further)


def _drawn(seed: str, belief: Belief, spread: float, cost: float, propensity: float) -> Score:
    """The worth by a drawn success rate. A draw hangs on the request and the target, not on who else is
    there."""
    noise = Random(seed).gauss(0.0, 1.0) * spread  # noqa: S311
    own = (Term(name="drawn", value=noise), Term(name="cost", value=-cost))
    return Score(value=belief.confidence + noise - cost, own=own, belief=belief, propensity=propensity)


def _chances(
    confidences: Sequence[float],
    costs: Sequence[float],
    spreads: Sequence[float],
    gate: float,
    share: float,
    usual: int,
) -> list[float]:
    """The probability of each to be chosen: by exploring among those that meet the gate (all, if none does),
    in the `share` of requests that do, and by being the `usual` choice, in the others."""
    safe = [place for place, confidence in enumerate(confidences) if confidence >= gate]
    safe = safe or list(range(len(confidences)))
    chances = [0.0] * len(confidences)
    chances[usual] = 1.0 - share
    if share > 0.0:
        worth = [confidences[place] - costs[place] for place in safe]
        for place, chance in zip(safe, chances_of_most(worth, [spreads[p] for p in safe]), strict=True):
            chances[place] += share * chance
    return chances


def _example(share: float, capability: float, value: float) -> ScoreExample:
    model = Model(name="m1", capability={"general": capability})
    snapshot = shop_of(model, profile=AgentProfile(id="agent", gate=0.7, exploration=share))
    features = Features(agent="agent", requested="m1", dialect="openai_chat", seed=7)
    return ScoreExample(target_id="shop/m1", features=features, snapshot=snapshot, value=value)
