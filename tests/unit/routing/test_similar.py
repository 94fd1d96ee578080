"""The scorer `similar` with similarities as the bundled embedder has them: related texts lie about 0.5."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.routing.routing_world import asks, model, target, world

from pointsman.core.features import Neighbour
from pointsman.core.snapshot import AgentProfile, Alias
from pointsman.routing.engine import decide

SHOPS = [target("shop", model(name, 50.0, usd)) for name, usd in (("haiku-9", 1), ("opus-9", 100))]
WORLD = world(
    *SHOPS,
    agents=(AgentProfile(id="a", objective="similar", gate=0.7),),
    aliases=(Alias(name="auto", objective="similar"),),
)


def near(name, similarity, success=True):
    return Neighbour(model=name, similarity=similarity, success=success)


def chosen(*neighbours):
    return decide(asks("auto", agent="a", neighbours=neighbours), WORLD, trace=True)


def confidence(name, *neighbours):
    return next(one.confidence for one in chosen(*neighbours).trace if one.target == f"shop/{name}")


def test_a_few_related_successes_make_a_model_reliable():
    decision = chosen(*[near("opus-9", similarity) for similarity in (0.55, 0.53, 0.52, 0.5)])
    assert (decision.target, decision.reason_code) == ("shop/opus-9", "cheapest_reliable")


def test_related_failures_speak_against_the_cheaper_model():
    assert chosen(near("haiku-9", 0.5, success=False), near("opus-9", 0.5)).target == "shop/opus-9"


def test_the_cheapest_of_those_that_did_it_wins():
    both = [near(name, similarity) for name in ("opus-9", "haiku-9") for similarity in (0.6, 0.58, 0.57)]
    assert chosen(*both).target == "shop/haiku-9"


def test_a_task_may_name_its_model_by_a_part():
    assert confidence("opus-9", near("Opus", 0.6)) == confidence("opus-9", near("opus-9", 0.6))
    assert confidence("haiku-9", near("opus", 0.6)) == 0.5


def test_unrelated_tasks_say_nothing():
    assert confidence("opus-9", near("opus-9", 0.2), near("opus-9", float("nan"))) == 0.5


@given(st.lists(st.tuples(st.floats(-1, 1), st.booleans()), max_size=8))
def test_the_terms_add_up_to_the_confidence(votes):
    neighbours = [near("opus-9", similarity, success) for similarity, success in votes]
    for one in chosen(*neighbours).trace:
        assert sum(term.value for term in one.confidence_terms) == pytest.approx(one.confidence)
        assert 0.0 <= one.confidence <= 1.0
