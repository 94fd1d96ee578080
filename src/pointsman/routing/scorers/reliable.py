"""The cheapest model that is reliable enough for this agent; if none is, the most reliable one."""

from collections.abc import Sequence

from pointsman.core.decision import Term
from pointsman.core.features import Features
from pointsman.core.snapshot import AgentProfile, Model, PolicySnapshot, Target
from pointsman.routing.confidence import Belief
from pointsman.routing.scorers.base import Score, ScoreExample, Scorer, shop_of


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


class Reliable(Scorer):
    """The default objective (DESIGN: cheapest reliable): among those whose confidence meets the agent's gate
    the lowest expected cost; if none does, the highest confidence, and the decision says so."""

    name = "reliable"

    def scores(
        self,
        targets: Sequence[Target],
        features: Features,
        snapshot: PolicySnapshot,
        beliefs: Sequence[Belief],
    ) -> list[Score]:
        """See `reliable_score`."""
        gate = snapshot.profile(features.agent).gate
        return [reliable_score(belief, gate) for belief in beliefs]

    def examples(self) -> tuple[ScoreExample, ...]:
        """Above, on and below the gate."""
        cases = ((90.0, 0.7, 1.0), (70.0, 0.7, 1.0), (69.0, 0.7, 0.69), (0.0, 0.0, 1.0))
        return tuple([_example(capability, gate, value) for capability, gate, value in cases])


def _example(capability: float, gate: float, value: float) -> ScoreExample:
    snapshot = shop_of(
        Model(name="m1", capability={"general": capability}), profile=AgentProfile(id="agent", gate=gate)
    )
    features = Features(agent="agent", requested="m1", dialect="openai_chat")
    return ScoreExample(target_id="shop/m1", features=features, snapshot=snapshot, value=value)
