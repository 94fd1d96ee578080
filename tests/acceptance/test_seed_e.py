"""Both of seed E's unit tests of the recommendation, decided by the product itself."""

import pytest

from pointsman.core.features import Features, Neighbour
from pointsman.core.money import Price
from pointsman.core.snapshot import AgentProfile, Alias, Model, PolicySnapshot, Target
from pointsman.routing.engine import decide

PRICES = {"haiku": 1_000_000, "sonnet": 10_000_000, "opus": 100_000_000}


def recommend_model(similar_tasks):
    """The model that `decide` chooses with these similar tasks in memory."""
    targets = {
        name: Target(
            id=name,
            provider="anthropic",
            model=Model(name=name, price=Price(input_usd_micros=usd, output_usd_micros=usd)),
            upstream_model=name,
            dialects=("anthropic",),
        )
        for name, usd in PRICES.items()
    }
    snapshot = PolicySnapshot(
        version=1,
        targets=targets,
        names={name: (name,) for name in targets},
        aliases={"auto": Alias(name="auto", objective="similar")},
        agents={},
        default_agent=AgentProfile(id="default"),
    )
    asked = Features(
        agent="ORCHESTRATOR", requested="auto", dialect="anthropic", neighbours=tuple(similar_tasks)
    )
    return decide(asked, snapshot).target


def task(model, similarity, success=True):
    return Neighbour(model=model, similarity=similarity, success=success)


def test_recommend_model_prefers_cheaper():
    assert recommend_model([task("opus", 0.9), task("sonnet", 0.9)]) == "sonnet"


def test_recommend_model_weights_by_similarity():
    assert recommend_model([task("opus", 0.95), task("haiku", 0.6)]) == "opus"


@pytest.mark.parametrize("failures", [1, 3])
def test_failures_are_evidence_too(failures):
    failed = [task("sonnet", 0.9, success=False)] * failures
    assert recommend_model([task("opus", 0.9), task("sonnet", 0.9), *failed]) == "opus"
