"""What similar tasks of the past say, as votes that people can read (seed E)."""

from collections.abc import Sequence
from math import exp, isfinite
from typing import Final

from pointsman.core.decision import Term
from pointsman.core.features import Features, Neighbour
from pointsman.core.snapshot import AgentProfile, Model, PolicySnapshot, Target
from pointsman.routing.confidence import Belief
from pointsman.routing.scorers.base import Score, ScoreExample, Scorer, shop_of
from pointsman.routing.scorers.reliable import reliable_score

REACH: Final = 0.1
"""How fast a vote loses weight with similarity: at 0.1 less it counts for a third."""
DOUBT: Final = 0.2
"""The weight of the vote that nobody cast, which stands at one half."""


def vote(model: str, neighbours: Sequence[Neighbour]) -> tuple[float, float]:
    """The share of a model's similar tasks that succeeded, the nearer counting more, and the weight of all
    its votes. Failures count as much as successes.

    >>> near = Neighbour(model="opus", similarity=0.95, success=True)
    >>> far = Neighbour(model="haiku", similarity=0.6, success=True)
    >>> [round(vote(name, (near, far))[0], 2) for name in ("opus", "haiku", "sonnet")]
    [0.88, 0.54, 0.5]
    """
    weight, won = DOUBT, DOUBT / 2.0
    for one in neighbours:
        if one.model == model and isfinite(one.similarity):
            kernel = exp((min(one.similarity, 1.0) - 1.0) / REACH)
            weight += kernel
            won += kernel * one.success
    return won / weight, weight - DOUBT


class Similar(Scorer):
    """Reliability by the votes of similar tasks first, then price (DESIGN, section 6, on seed E). Without
    any similar task it is the cheapest reliable model by the confidence known otherwise."""

    name = "similar"
    per_request = True

    def scores(
        self,
        targets: Sequence[Target],
        features: Features,
        snapshot: PolicySnapshot,
        beliefs: Sequence[Belief],
    ) -> list[Score]:
        """As the scorer `reliable`, with the vote for confidence."""
        gate, near = snapshot.profile(features.agent).gate, features.neighbours
        if not near:
            return [reliable_score(belief, gate) for belief in beliefs]
        return [_voted(vote(target.model.name, near)[0], gate) for target in targets]

    def examples(self) -> tuple[ScoreExample, ...]:
        """Both of seed E's cases, a failure, and no similar task."""
        near = Neighbour(model="m1", similarity=0.95, success=True)
        far = Neighbour(model="m1", similarity=0.6, success=True)
        failed = Neighbour(model="m1", similarity=1.0, success=False)
        return (
            _example((near,), 1.0),
            _example((far,), (exp(-4.0) + 0.1) / (exp(-4.0) + 0.2)),
            _example((near, failed), (exp(-0.5) + 0.1) / (exp(-0.5) + 1.2)),
            _example((), 0.6),
        )


def _voted(confidence: float, gate: float) -> Score:
    voted = Term(name="vote", value=confidence)
    if confidence < gate:
        return Score(value=confidence, own=(voted,), confidence=confidence)
    enough = Term(name="enough", value=1.0 - confidence)
    return Score(value=1.0, own=(voted, enough), confidence=confidence)


def _example(neighbours: tuple[Neighbour, ...], value: float) -> ScoreExample:
    model = Model(name="m1", capability={"general": 60.0})
    snapshot = shop_of(model, profile=AgentProfile(id="agent", gate=0.7))
    features = Features(agent="agent", requested="m1", dialect="openai_chat", neighbours=neighbours)
    return ScoreExample(target_id="shop/m1", features=features, snapshot=snapshot, value=value)
