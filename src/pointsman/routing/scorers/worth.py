"""What a request is worth: the chance of success, less its cost in units of what a success is worth."""

from collections.abc import Sequence

from pointsman.core.decision import Term
from pointsman.core.features import Features
from pointsman.core.money import Price
from pointsman.core.snapshot import AgentProfile, Model, PolicySnapshot, Target
from pointsman.routing.confidence import Belief
from pointsman.routing.cost import expected_cost_usd_micros, saved_by_staying
from pointsman.routing.scorers.base import Score, ScoreExample, Scorer, shop_of


def cost_share(target: Target, features: Features, profile: AgentProfile) -> float:
    """The expected cost of a request, less what the conversation saves by staying with its model, as a share
    of what a success is worth to the agent (at least one millionth of a dollar)."""
    cost = expected_cost_usd_micros(target.model, features)
    if target.id == features.warm:
        cost -= sum(saved_by_staying(target, features))
    return cost / max(profile.worth_usd_micros, 1)


class Worth(Scorer):
    """Takes a dearer model just when the successes it adds are worth more than it costs: the price of a
    success is the one figure that the operator sets. Sweeping it gives the best trade of cost for quality
    (a Lagrangian; Hu et al. 2024, RouterBench, draw their curves so)."""

    name = "worth"
    per_request = True

    def scores(
        self,
        targets: Sequence[Target],
        features: Features,
        snapshot: PolicySnapshot,
        beliefs: Sequence[Belief],
    ) -> list[Score]:
        """Confidence less the share of cost.

        >>> example = Worth().examples()[1]
        >>> shop = example.snapshot
        >>> Worth().score(shop.targets[example.target_id], example.features, shop).value
        0.65
        """
        profile = snapshot.profile(features.agent)
        made = []
        for target, belief in zip(targets, beliefs, strict=True):
            share = cost_share(target, features, profile)
            cost = Term(name="cost", value=-share)
            made.append(Score(value=belief.confidence - share, own=(cost,), belief=belief))
        return made

    def examples(self) -> tuple[ScoreExample, ...]:
        """A free model, and one that costs a quarter of a success."""
        return (_example(0, 0.9), _example(2_500_000, 0.65))


def _example(usd_micros: int, value: float) -> ScoreExample:
    model = Model(name="m1", capability={"general": 90.0}, price=Price(input_usd_micros=usd_micros))
    snapshot = shop_of(model, profile=AgentProfile(id="agent", worth_usd_micros=10_000))
    features = Features(agent="agent", requested="m1", dialect="openai_chat", context_tokens=1000)
    return ScoreExample(target_id="shop/m1", features=features, snapshot=snapshot, value=value)
