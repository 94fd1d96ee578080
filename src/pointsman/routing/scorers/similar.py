"""What similar tasks of the past say, as votes that people can read (seed E)."""

from collections.abc import Sequence
from math import isfinite
from typing import Final

from pointsman.core.decision import Term
from pointsman.core.features import Features, Neighbour
from pointsman.core.snapshot import AgentProfile, Model, PolicySnapshot, Target
from pointsman.routing.confidence import Belief
from pointsman.routing.names import has_part
from pointsman.routing.scorers.base import Score, ScoreExample, Scorer, shop_of
from pointsman.routing.scorers.reliable import reliable_score
from pointsman.routing.vote import kernel

OF_CAPABILITY: Final = 1.0
OF_EVIDENCE: Final = 4.0
"""How many successes at the very same task the confidence known otherwise counts for: what is only expected
of a capability, and what outcomes have taught. Few votes say little of one task, so that counting them for
more makes worse choices than to ask nobody."""

Vote = tuple[str, float, float]


def votes_of(neighbours: Sequence[Neighbour]) -> list[Vote]:
    """Each similar task as (model, weight, what of it was won). How near is near differs between embedders
    and tasks, so the weights go by the nearest of all. Failures count as much as successes.

    >>> near = Neighbour(model="opus", similarity=0.55, success=True)
    >>> far = Neighbour(model="haiku", similarity=0.3, success=True)
    >>> [(model, round(weight, 2)) for model, weight, _ in votes_of((near, far))]
    [('opus', 0.4), ('haiku', 0.03)]
    """
    nearest = max([one.similarity for one in neighbours if isfinite(one.similarity)], default=0.0)
    found = []
    for one in neighbours:
        weight = kernel(one.similarity, nearest)
        if weight > 0.0:
            found.append((one.model, weight, weight * one.success))
    return found


def did(name: str, target: Target) -> bool:
    """Whether a task done by the model `name` speaks for the target: tasks may name a model in full or by a
    part of its name (`haiku`)."""
    model = target.model.name
    return name in (model, target.id, target.upstream_model) or has_part(model, name)


class Similar(Scorer):
    """Reliability by what is known otherwise and the votes of similar tasks, then price (seed E). Without any
    similar task it is the cheapest reliable model by the confidence known otherwise."""

    name = "similar"
    per_request = True

    def scores(
        self,
        targets: Sequence[Target],
        features: Features,
        snapshot: PolicySnapshot,
        beliefs: Sequence[Belief],
    ) -> list[Score]:
        """As the scorer `reliable`, with the votes added to the confidence."""
        gate, votes = snapshot.profile(features.agent).gate, votes_of(features.neighbours)
        known = OF_CAPABILITY if snapshot.evidence is None else OF_EVIDENCE
        return [
            _voted(belief, [vote for vote in votes if did(vote[0], target)], known, gate)
            for target, belief in zip(targets, beliefs, strict=True)
        ]

    def examples(self) -> tuple[ScoreExample, ...]:
        """Near, far, failed, done by another model, and no similar task."""
        near = Neighbour(model="m1", similarity=1.0, success=True)
        half = Neighbour(model="m1", similarity=0.625, success=True)
        failed = Neighbour(model="m1", similarity=1.0, success=False)
        other = Neighbour(model="m2", similarity=1.0, success=True)
        return (
            _example((near,), 1.0),
            _example((half,), (0.5 + 0.6) / 1.5),
            _example((near, failed), 1.6 / 3.0),
            _example((other,), 0.6),
            _example((), 0.6),
        )


def _voted(belief: Belief, votes: Sequence[Vote], known: float, gate: float) -> Score:
    weight = sum([vote[1] for vote in votes])
    if not weight:
        return reliable_score(belief, gate)
    won = sum([vote[2] for vote in votes])
    confidence = (known * belief.confidence + won) / (known + weight)
    own = (Term(name="vote", value=confidence - belief.confidence),)
    if confidence < gate:
        return Score(value=confidence, own=own, belief=belief, confidence=confidence)
    enough = Term(name="enough", value=1.0 - confidence)
    return Score(value=1.0, own=(*own, enough), belief=belief, confidence=confidence)


def _example(neighbours: tuple[Neighbour, ...], value: float) -> ScoreExample:
    model = Model(name="m1", capability={"general": 60.0})
    snapshot = shop_of(model, profile=AgentProfile(id="agent", gate=0.75))
    features = Features(agent="agent", requested="m1", dialect="openai_chat", neighbours=neighbours)
    return ScoreExample(target_id="shop/m1", features=features, snapshot=snapshot, value=value)
