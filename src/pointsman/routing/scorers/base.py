"""What a scorer is: a number for each candidate, as a sum of named terms."""

from collections.abc import Sequence
from typing import ClassVar, Final

from msgspec import Struct

from pointsman.core.decision import Term
from pointsman.core.features import Features
from pointsman.core.snapshot import AgentProfile, Model, PolicySnapshot, Target
from pointsman.routing.confidence import Belief, beliefs_of, estimator_of

SCORE_DIGITS: Final = 6
"""Scores that agree to this many digits are a tie."""


class Score(Struct, frozen=True, kw_only=True):
    """`value` is the sum of `terms`: those of the `belief` that it started from, if any, and its own; higher
    is better. `confidence` is the scorer's own, where it has one that the gate shall go by. `propensity` is
    how likely the candidate was to come first, whatever the seed; None when the seed plays no part.
    `explored` says that its confidence is what it may be, not what it is believed to be."""

    value: float
    own: tuple[Term, ...] = ()
    belief: Belief | None = None
    confidence: float | None = None
    propensity: float | None = None
    explored: bool = False

    @property
    def terms(self) -> tuple[Term, ...]:
        """The addends of `value`."""
        return self.own if self.belief is None else (*self.belief.terms, *self.own)


class ScoreExample(Struct, frozen=True, kw_only=True):
    """A case for the conformance suite: the score of the target `target_id` must be `value`."""

    target_id: str
    features: Features
    snapshot: PolicySnapshot
    value: float


class Scorer:
    """Base of the scorers; each writes `score` or `scores`.

    Unless it is `per_request`, a score may hang only on the target, its belief, the snapshot and the
    features that `plan.py` keys its plans by. A candidate's value must not hang on who else is there.
    """

    name: ClassVar[str]
    per_request: ClassVar[bool] = False

    def score(self, target: Target, features: Features, snapshot: PolicySnapshot) -> Score:
        """The target's score for this agent and task. Finite whatever the snapshot holds."""
        beliefs = beliefs_of([target], features, snapshot, estimator_of(snapshot))
        return self.scores([target], features, snapshot, beliefs)[0]

    def scores(
        self,
        targets: Sequence[Target],
        features: Features,
        snapshot: PolicySnapshot,
        beliefs: Sequence[Belief],
    ) -> list[Score]:
        """The scores of all candidates, in their order."""
        return [self.score(target, features, snapshot) for target in targets]

    def examples(self) -> tuple[ScoreExample, ...]:
        """Cases with their known values, which the conformance suite runs all its checks on."""
        raise NotImplementedError


def shop_target(model: Model) -> Target:
    """A plain target `shop/NAME`, for examples."""
    return Target(
        id=f"shop/{model.name}",
        provider="shop",
        model=model,
        upstream_model=model.name,
        dialects=("openai_chat",),
    )


def shop_of(*models: Model, profile: AgentProfile) -> PolicySnapshot:
    """A snapshot of plain targets and one agent, for examples."""
    targets = [shop_target(model) for model in models]
    return PolicySnapshot(
        version=1,
        targets={target.id: target for target in targets},
        names={target.model.name: (target.id,) for target in targets},
        aliases={},
        agents={profile.id: profile},
        default_agent=AgentProfile(id="default"),
    )
