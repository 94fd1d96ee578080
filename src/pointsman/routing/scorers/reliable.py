"""The cheapest model that is reliable enough for this agent; if none is, the most reliable one. A small share
of requests goes to the cheapest that may be reliable enough, or it would never be known."""

from collections.abc import Sequence
from random import Random
from typing import Final

from pointsman.core.decision import Term
from pointsman.core.features import Features
from pointsman.core.snapshot import AgentProfile, Model, PolicySnapshot, Target
from pointsman.routing.confidence import Belief
from pointsman.routing.cost import price_orders
from pointsman.routing.scorers.base import SCORE_DIGITS, Score, ScoreExample, Scorer, shop_of

HOPE: Final = 1.0
"""A model may reach the gate if it is believed to be no more deviations than this below it. What evidence
rules out is not tried again."""

NEW_FOR: Final = 2_000
"""A gateway is new for so many requests of all agents together. By then agents explore their share, before
more: what is learned early serves all that comes after."""
MOST_OF_NEW: Final = 0.4
SHARE_DIGITS: Final = 4


def exploring_share(exploration: float, snapshot: PolicySnapshot) -> float:
    """The share of an agent's requests (0-1) that may explore by now."""
    return share_after(snapshot.answered, exploration)


def share_after(requests: int, exploration: float) -> float:
    """The same, once the gateway has answered so many requests.

    >>> [share_after(requests, 0.03) for requests in (0, 500, 1000, 2000, 90_000)]
    [0.4, 0.12, 0.06, 0.03, 0.03]
    """
    share = min(max(exploration, 0.0), 1.0)
    if not 0.0 < share < MOST_OF_NEW:
        return share
    return round(min(max(share * NEW_FOR / max(requests, 1), share), MOST_OF_NEW), SHARE_DIGITS)


def reliable_score(belief: Belief, gate: float, propensity: float | None = None) -> Score:
    """1 for whoever meets the gate, so that price decides among them; the confidence for the others.

    >>> reliable_score(Belief(0.81, 0.04, 0.62, task=0.11, agent=0.08), 0.7).value
    1.0
    >>> reliable_score(Belief(0.65, 0.04, 0.65), 0.7).value
    0.65
    """
    confidence = belief.confidence
    if confidence < gate:
        return Score(value=confidence, belief=belief, propensity=propensity)
    enough = Term(name="enough", value=1.0 - confidence)
    return Score(value=1.0, own=(enough,), belief=belief, propensity=propensity)


def hope_of(belief: Belief, gate: float) -> float:
    """By how much a model below the gate may be better than believed, if that would be enough; else 0."""
    if belief.confidence >= gate:
        return 0.0
    most = min(belief.confidence + HOPE * belief.level_deviation, 1.0)
    return most - belief.confidence if most >= gate else 0.0


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
        gate = profile.gate
        tries = snapshot.evidence is not None and profile.exploration > 0.0 and not features.held
        hopes = [hope_of(belief, gate) for belief in beliefs] if tries else []
        if not any(hopes):
            return [reliable_score(belief, gate) for belief in beliefs]
        share = exploring_share(profile.exploration, snapshot)
        exploring = Random(features.seed).random() < share  # noqa: S311
        confidences = [belief.confidence for belief in beliefs]
        usual = first_reliable(targets, features, confidences, gate)
        hoped = [confidence + hope for confidence, hope in zip(confidences, hopes, strict=True)]
        tried = first_reliable(targets, features, hoped, gate)
        made = []
        for place, (belief, hope) in enumerate(zip(beliefs, hopes, strict=True)):
            chance = (1.0 - share) * (place == usual) + share * (place == tried)
            of_hope = exploring and hope > 0.0
            made.append(_hopeful(belief, hope, chance) if of_hope else reliable_score(belief, gate, chance))
        return made

    def examples(self) -> tuple[ScoreExample, ...]:
        """Above, on and below the gate."""
        cases = ((90.0, 0.7, 1.0), (70.0, 0.7, 1.0), (69.0, 0.7, 0.69), (0.0, 0.0, 1.0))
        return tuple([_example(capability, gate, value) for capability, gate, value in cases])


def first_reliable(
    targets: Sequence[Target], features: Features, confidences: Sequence[float], gate: float
) -> int:
    """Where the cheapest target stands whose confidence meets the gate; if none does, the surest one."""
    first = [place for place, confidence in enumerate(confidences) if confidence >= gate]
    if not first:
        rounded = [round(confidence, SCORE_DIGITS) for confidence in confidences]
        most = max(rounded)
        first = [place for place, confidence in enumerate(rounded) if confidence == most]
    if len(first) == 1:
        return first[0]
    return min(zip(price_orders([targets[place] for place in first], features), first, strict=True))[1]


def _hopeful(belief: Belief, hope: float, propensity: float) -> Score:
    most = belief.confidence + hope
    own = (Term(name="hope", value=hope), Term(name="enough", value=1.0 - most))
    return Score(value=1.0, own=own, belief=belief, confidence=most, propensity=propensity, explored=True)


def _example(capability: float, gate: float, value: float) -> ScoreExample:
    snapshot = shop_of(
        Model(name="m1", capability={"general": capability}), profile=AgentProfile(id="agent", gate=gate)
    )
    features = Features(agent="agent", requested="m1", dialect="openai_chat")
    return ScoreExample(target_id="shop/m1", features=features, snapshot=snapshot, value=value)
