"""Cheapest reliable, with a share of requests spent on learning which models are better than believed."""

from collections.abc import Sequence
from random import Random
from typing import Final

import numpy as np

from pointsman.core.decision import Term
from pointsman.core.features import Features
from pointsman.core.snapshot import AgentProfile, Model, PolicySnapshot, Target
from pointsman.routing.confidence import Belief
from pointsman.routing.cost import price_order
from pointsman.routing.scorers.base import Score, ScoreExample, Scorer, shop_of
from pointsman.routing.scorers.reliable import reliable_score
from pointsman.routing.scorers.worth import cost_share

LEAST_DEVIATION: Final = 1e-6
BOLDNESS: Final = 0.5
"""Draws spread half as wide as the posterior. Every request draws anew, so the full width pays for more
exploration than it can use (Chapelle and Li 2011, An Empirical Evaluation of Thompson Sampling)."""
_GRID = np.linspace(-6.0, 6.0, 2401)
_STEPS_PER_DEVIATION: Final = 200.0
_BELL = np.exp(-0.5 * _GRID**2) / np.sqrt(2.0 * np.pi)
_RISE = np.concatenate([[0.0], np.cumsum((_BELL[1:] + _BELL[:-1]) / 2.0) * (_GRID[1] - _GRID[0])])
"""The normal density and distribution, tabled."""
_NODES: Final = np.array([-3.6, -2.6, -1.8, -1.1, -0.5, 0.0, 0.5, 1.1, 1.8, 2.6, 3.6])
"""Where to look at each figure, in its deviations."""


def chances_of_most(means: Sequence[float], deviations: Sequence[float]) -> list[float]:
    """How likely each of several independent normal figures is to be the largest.

    >>> [round(chance, 2) for chance in chances_of_most([0.5, 0.5], [0.1, 0.1])]
    [0.5, 0.5]
    >>> [round(chance, 2) for chance in chances_of_most([0.6, 0.5], [0.1, 0.0001])]
    [0.84, 0.16]
    """
    centre, spread = np.array(means), np.maximum(np.array(deviations), LEAST_DEVIATION)
    points = np.sort((centre[:, None] + spread[:, None] * _NODES).ravel())
    steps = (points - centre[:, None]) * (_STEPS_PER_DEVIATION / spread)[:, None] + len(_GRID) // 2
    below = _RISE[np.minimum(np.maximum(steps, 0.0), len(_GRID) - 1.0).astype(np.intp)]
    risen = below[:, 1:] - below[:, :-1]
    middles = (below[:, 1:] + below[:, :-1]) / 2.0
    chances = (risen / np.maximum(middles, 1e-300) * middles.prod(axis=0)).sum(axis=1)
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
        share = min(max(profile.exploration, 0.0), 1.0)
        exploring = Random(features.seed).random() < share  # noqa: S311
        chances = _chances(targets, features, profile, beliefs, share)
        made = []
        for target, belief, chance in zip(targets, beliefs, chances, strict=True):
            if exploring:
                score = _drawn(target, features, profile, belief)
            else:
                score = reliable_score(belief, profile.gate)
            made.append(Score(value=score.value, own=score.own, belief=belief, propensity=chance))
        return made

    def examples(self) -> tuple[ScoreExample, ...]:
        """Nothing to spend; all to spend, with nothing in doubt."""
        return (_example(0.0, 90.0, 1.0), _example(0.0, 60.0, 0.6), _example(1.0, 100.0, 1.0))


def boldness(belief: Belief) -> float:
    """The spread of a draw. What is not known of a model in general is drawn; what is not known of it on this
    very task would cost each kind of task its own exploration, and shows in the course of things."""
    return BOLDNESS * belief.level_deviation


def _drawn(target: Target, features: Features, profile: AgentProfile, belief: Belief) -> Score:
    """A draw that hangs on the seed and the target's id, not on who else is there."""
    random = Random(f"{features.seed}/{target.id}")  # noqa: S311
    noise = random.gauss(0.0, 1.0) * boldness(belief)
    cost = cost_share(target, features, profile)
    own = (Term(name="drawn", value=noise), Term(name="cost", value=-cost))
    return Score(value=belief.confidence + noise - cost, own=own, belief=belief)


def _chances(
    targets: Sequence[Target],
    features: Features,
    profile: AgentProfile,
    beliefs: Sequence[Belief],
    share: float,
) -> list[float]:
    """The probability of each to be chosen: by exploring, and by being the usual choice."""
    safe = [place for place, belief in enumerate(beliefs) if belief.confidence >= profile.gate]
    if safe:
        usual = min(safe, key=lambda place: price_order(targets[place], features))
    else:
        safe = list(range(len(targets)))
        usual = min(safe, key=lambda p: (-round(beliefs[p].confidence, 6), price_order(targets[p], features)))
    chances = [0.0] * len(targets)
    chances[usual] = 1.0 - share
    if share > 0.0:
        worth = [beliefs[p].confidence - cost_share(targets[p], features, profile) for p in safe]
        for place, chance in zip(
            safe, chances_of_most(worth, [boldness(beliefs[p]) for p in safe]), strict=True
        ):
            chances[place] += share * chance
    return chances


def _example(share: float, capability: float, value: float) -> ScoreExample:
    model = Model(name="m1", capability={"general": capability})
    snapshot = shop_of(model, profile=AgentProfile(id="agent", gate=0.7, exploration=share))
    features = Features(agent="agent", requested="m1", dialect="openai_chat", seed=7)
    return ScoreExample(target_id="shop/m1", features=features, snapshot=snapshot, value=value)
