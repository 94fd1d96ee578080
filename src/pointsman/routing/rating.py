"""Candidates with what was computed for them, and their order."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import Final

from msgspec import Struct

from pointsman.core.features import Features
from pointsman.core.snapshot import PolicySnapshot, Target
from pointsman.routing.confidence import Belief, beliefs_of, estimator_of
from pointsman.routing.cost import price_orders
from pointsman.routing.scorers import SCORERS
from pointsman.routing.scorers.base import SCORE_DIGITS, Score

Standing = tuple[bool, float]
_BY_ID: Final = attrgetter("id")
_BY_STANDING_AND_PRICE: Final = itemgetter(0, 1)


class Candidate(Struct, frozen=True):
    """A target with what was computed for it. `confidence` is what the gate goes by: the scorer's own, else
    the belief's. `standing` sorts before price: gate met, then score. `entry` is the place of its provider
    in the profile's fallback, or -1."""

    target: Target
    belief: Belief
    score: Score
    confidence: float
    standing: Standing
    entry: int


class Rater:
    """Rates candidates from one snapshot. The evidence is prepared once, when it is made."""

    __slots__ = ("estimator", "snapshot")

    def __init__(self, snapshot: PolicySnapshot) -> None:
        self.snapshot = snapshot
        self.estimator = estimator_of(snapshot)

    def per_request(self, objective: str) -> bool:
        """Whether ratings hang on more than the features that plans are kept by."""
        return self.estimator is not None or SCORERS[objective].per_request

    def beliefs(self, targets: Sequence[Target], features: Features) -> dict[str, Belief]:
        """The beliefs by target id (`confidence.beliefs_of`). They are computed in a fixed order, so that the
        same targets get the same to the bit."""
        ordered = sorted(targets, key=_BY_ID)
        found = beliefs_of(ordered, features, self.snapshot, self.estimator)
        return {target.id: belief for target, belief in zip(ordered, found, strict=True)}

    def rated(
        self, targets: Sequence[Target], features: Features, objective: str, beliefs: Mapping[str, Belief]
    ) -> list[Candidate]:
        """The targets as candidates, in their order."""
        if not targets:
            return []
        profile = self.snapshot.profile(features.agent)
        mine = [beliefs[target.id] for target in targets]
        scores = SCORERS[objective].scores(targets, features, self.snapshot, mine)
        gate, fallback = profile.gate, tuple(profile.fallback)
        made = []
        for target, belief, score in zip(targets, mine, scores, strict=True):
            confidence = belief.confidence if score.confidence is None else score.confidence
            standing = (confidence < gate, -round(score.value, SCORE_DIGITS))
            entry = _entry_of(target.provider, target.local, fallback)
            made.append(Candidate(target, belief, score, confidence, standing, entry))
        return made


def ranked(candidates: Sequence[Candidate], features: Features) -> list[Candidate]:
    """Best first: the gate met, the higher score, the lower expected price, the lower tier, the id."""
    prices = price_orders([one.target for one in candidates], features)
    keyed = [(one.standing, price, one) for one, price in zip(candidates, prices, strict=True)]
    return [one for _, _, one in sorted(keyed, key=_BY_STANDING_AND_PRICE)]


def entry_of(target: Target, fallback: Sequence[str]) -> int:
    """The first entry that names the target's provider or a group it is in.

    >>> from pointsman.routing.gates.base import asking, example
    >>> target = example(True, asking()).target
    >>> entry_of(target, ("ollama", "local", "external", "*")), entry_of(target, ("mistral", "shop"))
    (2, 1)
    """
    return _entry_of(target.provider, target.local, tuple(fallback))


@lru_cache(maxsize=4096)
def _entry_of(provider: str, local: bool, fallback: tuple[str, ...]) -> int:
    names = (provider, "local" if local else "external", "*")
    return next((place for place, entry in enumerate(fallback) if entry in names), -1)
