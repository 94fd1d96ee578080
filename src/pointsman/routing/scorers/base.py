"""What a scorer is: a number for one candidate, as a sum of named terms."""

from typing import ClassVar

from msgspec import Struct

from pointsman.core.decision import Term
from pointsman.core.features import Features
from pointsman.core.snapshot import PolicySnapshot, Target


class Score(Struct, frozen=True, kw_only=True):
    """`value` is the sum of `terms`; higher is better."""

    value: float
    terms: tuple[Term, ...]


class ScoreExample(Struct, frozen=True, kw_only=True):
    """A case for the conformance suite: the score of the target `target_id` must be `value`."""

    target_id: str
    features: Features
    snapshot: PolicySnapshot
    value: float


class Scorer:
    """Base of the scorers. Plans keep scores, so a score may hang only on the target, the snapshot and
    the features that `plan.py` keys its plans by."""

    name: ClassVar[str]

    def score(self, target: Target, features: Features, snapshot: PolicySnapshot) -> Score:
        """The target's score for this agent and task. Finite whatever the snapshot holds."""
        raise NotImplementedError

    def examples(self) -> tuple[ScoreExample, ...]:
        """Cases with their known values, which the conformance suite runs all its checks on."""
        raise NotImplementedError
