"""The cheapest model that is reliable enough for this agent; if none is, the most reliable one. A small share
of requests goes to the cheapest that may be reliable enough, or it would never be known."""

from collections.abc import Sequence
from random import Random
from typing import Final

from msgspec.structs import replace

from pointsman.core.decision import Term
from pointsman.core.features import Features
from pointsman.core.snapshot import AgentProfile, Model, PolicySnapshot, Target
from pointsman.routing.confidence import Belief
from pointsman.routing.cost import price_order
from pointsman.routing.scorers.base import Score, ScoreExample, Scorer, shop_of

HOPE: Final = 1.0
"""A model may reach the gate if it is believed to be no more deviations than this below it. What evidence
rules out is not tried again."""


def reliable_score(belief: Belief, gate: float) -> Score:
    """1 for whoever meets the gate, so that price decides among them; the confidence for the others.

    >>> reliable_score(Belief(0.81, 0.04, 0.62, task=0.11, agent=0.08), 0.7).value
    1.0
    >>> reliable_score(Belief(0.65, 0.04, 0.65), 0.7).value
    0.65
    """
    confidence = belief.confidence
    if confidence < gate:
        return Score(value=confidence, belief=belief)
    enough = Term(name="enough", value=1.0 - confidence)
    return Score(value=1.0, own=(enough,), belief=belief)


def hope_of(belief: Belief, gate: float) -> float:
    """What the belief's confidence may lack to the gate, if that is within its deviation; else 0."""
    most = min(belief.confidence + HOPE * belief.level_deviation, 1.0)
    return most - belief.confidence if belief.confidence < gate <= most else 0.0


class Reliable(Scorer):
    """The default objective (DESIGN: cheapest reliable): among those whose confidence meets the agent's gate
    the lowest expected cost; if none does, the highest confidence, and the decision says so. Once there is
    evidence, the agent's exploration share of requests also takes those that may meet the gate as far as is
    known (optimism); a turn that is running is not explored with."""

    name = "reliable"

    def scores(
        self,
        targets: Sequence[Target],
        features: Features,
        snapshot: PolicySnapshot,
        beliefs: Sequence[Belief],
    ) -> list[Score]:
        """See `reliable_score`."""
        profile = snapshot.profile(features.agent)
        gate, share = profile.gate, min(max(profile.exploration, 0.0), 1.0)
        scores = [reliable_score(belief, gate) for belief in beliefs]
        if snapshot.evidence is None or not share or features.held:
            return scores
        hopes = [hope_of(belief, gate) for belief in beliefs]
        if not any(hopes):
            return scores
        exploring = Random(features.seed).random() < share  # noqa: S311
        chances = _chances(targets, features, scores, hopes, share)
        made = []
        for score, belief, hope, chance in zip(scores, beliefs, hopes, chances, strict=True):
            base = _hopeful(belief, hope) if exploring and hope else score
            made.append(replace(base, propensity=chance))
        return made

    def examples(self) -> tuple[ScoreExample, ...]:
        """Above, on and below the gate."""
        cases = ((90.0, 0.7, 1.0), (70.0, 0.7, 1.0), (69.0, 0.7, 0.69), (0.0, 0.0, 1.0))
        return tuple([_example(capability, gate, value) for capability, gate, value in cases])


def _hopeful(belief: Belief, hope: float) -> Score:
    most = belief.confidence + hope
    own = (Term(name="hope", value=hope), Term(name="enough", value=1.0 - most))
    return Score(value=1.0, own=own, belief=belief, confidence=most, explored=True)


def _chances(
    targets: Sequence[Target],
    features: Features,
    scores: Sequence[Score],
    hopes: Sequence[float],
    share: float,
) -> list[float]:
    """The probability of each to come first: as usual, and when exploring."""
    order = sorted(range(len(targets)), key=lambda place: price_order(targets[place], features))
    usual = min(order, key=lambda place: -round(scores[place].value, 6))
    tried = min(order, key=lambda place: -1.0 if hopes[place] else -round(scores[place].value, 6))
    chances = [0.0] * len(targets)
    chances[usual] += 1.0 - share
    chances[tried] += share
    return chances


def _example(capability: float, gate: float, value: float) -> ScoreExample:
    snapshot = shop_of(
        Model(name="m1", capability={"general": capability}), profile=AgentProfile(id="agent", gate=gate)
    )
    features = Features(agent="agent", requested="m1", dialect="openai_chat")
    return ScoreExample(target_id="shop/m1", features=features, snapshot=snapshot, value=value)
