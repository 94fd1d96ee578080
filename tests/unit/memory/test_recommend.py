"""Which agent and which model: by similar tasks, by specification, by tier."""

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.plain_control import a_policy, a_target

from pointsman.core.errors import NotPermitted
from pointsman.core.money import Price
from pointsman.memory.recommend import Evidence, price_of, rank_agents, recommend
from pointsman.routing.names import target_of
from pointsman.store.agent_specs import NearAgent
from pointsman.store.model_tiers import ModelTier
from pointsman.store.task_memory import PastTask

TIERS = [
    ModelTier(agent_name=name, default_model=model, updated_us=0)
    for name, model in (("DBA", "haiku"), ("QA_TESTER", "sonnet"), ("COORD_*", "opus"))
]
POLICY = a_policy()


def past(model, similarity=0.9, *, success=True, agent="QA_TESTER"):
    return PastTask(
        id=uuid4(),
        task_id="t",
        task_title="title",
        agent_used=agent,
        assigned_model=model,
        task_type=None,
        success=success,
        quality_score=None,
        actual_cost=None,
        execution_time_seconds=None,
        finished_us=0,
        similarity=similarity,
    )


def advise(*similar, near=(), policy=POLICY, **settled):
    near_agents = [NearAgent(name, similarity) for name, similarity in near]
    evidence = Evidence(similar=similar, near_agents=near_agents, tiers=TIERS)
    return recommend(evidence, policy, **settled)


def test_without_anything_known_the_default_is_told_as_such():
    found = advise()
    assert (found.agent, found.model, found.model_basis) == (None, "sonnet", "default")
    assert found.reliability is None


@pytest.mark.parametrize(("agent", "model"), [("DBA", "haiku"), ("dba", "haiku"), ("COORD_WEB", "opus")])
def test_without_similar_tasks_the_tier_decides(agent, model):
    found = advise(agent=agent)
    assert (found.agent, found.agent_basis, found.model, found.model_basis) == (agent, "asked", model, "tier")


def test_similar_tasks_go_before_the_tier():
    found = advise(past("opus"), agent="QA_TESTER")
    assert (found.model, found.model_basis) == ("opus", "similar_tasks")
    assert "1 similar task " in found.reason


def test_of_equally_reliable_models_the_cheapest_is_taken():
    assert advise(past("opus"), past("haiku"), past("sonnet")).model == "haiku"


def test_tasks_that_have_nothing_to_do_with_it_are_no_evidence():
    found = advise(past("opus", 0.2), agent="QA_TESTER")
    assert (found.model_basis, found.similar, found.models) == ("tier", (), ())
    assert "1 similar task " in advise(past("opus"), past("opus", 0.2)).reason


def test_when_all_that_was_tried_failed_the_next_dearer_model_is_taken():
    found = advise(past("haiku", success=False), past("haiku", success=False), agent="QA_TESTER")
    assert (found.model, found.model_basis, found.reliability) == ("sonnet", "escalated", None)


def test_when_the_dearest_failed_too_the_best_of_them_is_said_with_its_reliability():
    found = advise(*[past(name, success=False) for name in ("haiku", "sonnet", "opus")])
    assert found.model_basis == "similar_tasks"
    assert found.reliability < 0.5


def test_the_own_tasks_of_an_agent_count_more_than_those_of_others():
    others = [past("haiku", success=False, agent="DBA"), past("haiku", success=False, agent="DBA")]
    own = [past("haiku"), past("haiku")]
    assert (
        advise(*own, *others, agent="QA_TESTER").reliability
        > 0.5
        > advise(*own, *others, agent="DBA").models[0].reliability
    )


def test_the_choice_is_bounded_to_the_models_named():
    assert advise(past("haiku"), past("opus"), models=["opus"]).model == "opus"
    assert advise(past("haiku"), models=["opus"]).model == "opus"
    assert advise(models=["sonnet", "opus"], agent="DBA").model == "sonnet"
    assert advise(models=["gpt-9", "gpt-x"], agent="DBA").model == "gpt-x"


def test_the_agent_is_the_one_that_did_similar_tasks_well():
    found = advise(past("sonnet", agent="A"), past("sonnet", agent="B", success=False), near=[("B", 0.5)])
    assert (found.agent, found.agent_basis) == ("A", "similar_tasks")


def test_an_agent_that_did_nothing_similar_is_known_by_its_specification():
    found = advise(near=[("DBA", 0.6), ("QA_TESTER", 0.3)])
    assert (found.agent, found.agent_basis, found.model) == ("DBA", "specification", "haiku")


def test_failures_outweigh_a_specification():
    failed = [past("sonnet", agent="DBA", success=False) for _ in range(3)]
    ranking = rank_agents(Evidence(similar=failed, near_agents=[NearAgent("DBA", 0.9), NearAgent("QA", 0.4)]))
    assert [one.name for one in ranking] == ["QA", "DBA"]


def test_a_failure_does_not_send_a_task_to_who_has_nothing_to_do_with_it():
    failed, near = [past("haiku", success=False)] * 2, [("QA_TESTER", 0.5), ("DBA", 0.12)]
    found = advise(*failed, near=near)
    assert (found.agent, found.model) == ("QA_TESTER", "sonnet")
    other = advise(*failed, near=[("QA_TESTER", 0.5), ("TOOLSMITH", 0.4)])
    assert (other.agent, "of those who did not fail" in other.reason) == ("TOOLSMITH", True)


def test_an_agents_name_is_the_same_in_any_case():
    ranking = rank_agents(Evidence(similar=[past("haiku", agent="dba")], near_agents=[NearAgent("DBA", 0.4)]))
    assert [(one.name, one.tasks) for one in ranking] == [("DBA", 1)]
    own = advise(past("haiku", agent="dba"), agent="DBA").models[0].weight
    assert own > advise(past("haiku", agent="dba"), agent="QA").models[0].weight


def with_targets(*targets):
    names = {target.model.name: (target.id,) for target in targets}
    return replace(POLICY, targets={target.id: target for target in targets}, names=names)


def test_a_name_is_served_by_the_newest_model_it_is_a_part_of():
    models = [a_target("anthropic", f"claude-haiku-{n}", 50.0) for n in (3, 4)]
    newer = replace(models[1], model=replace(models[1].model, created_s=9))
    policy = with_targets(models[0], newer)
    assert target_of("haiku", policy).id == "anthropic/claude-haiku-4"
    assert target_of("claude-haiku-3", policy).id == "anthropic/claude-haiku-3"
    assert target_of("hai", policy) is None
    assert target_of("", policy) is None


def test_tasks_of_a_model_count_together_however_they_name_it():
    policy = with_targets(a_target("x", "claude-haiku-4-5", 50.0), a_target("x", "claude-opus-4-5", 50.0))
    done = [past("claude-haiku-4-5", 0.9), past("haiku", 0.8), past("claude-opus-4-5", 0.85, success=False)]
    found = advise(*done, policy=policy)
    assert [(one.name, one.tasks) for one in found.models] == [
        ("claude-haiku-4-5", 2),
        ("claude-opus-4-5", 1),
    ]
    bound = advise(*done, policy=policy, models=["haiku", "opus"])
    assert (bound.model, bound.model_basis, bound.models[0].tasks) == ("haiku", "similar_tasks", 2)
    assert bound.similar[0].assigned_model == "claude-haiku-4-5"


def test_where_nothing_is_called_like_the_tiers_model_the_nearest_tier_serves():
    fast, large = [a_target("x", name, 50.0) for name in ("small", "big")]
    large = replace(large, model=replace(large.model, tier="large"))
    policy = with_targets(replace(fast, model=replace(fast.model, tier="fast")), large)
    asked = [advise(agent=agent, policy=policy) for agent in ("DBA", "COORD_WEB")]
    assert [(one.model, one.target) for one in asked] == [("haiku", "x/small"), ("opus", "x/big")]
    assert "x/big is the nearest by tier" in asked[1].reason
    assert advise(past("opus"), policy=policy).target is None
    assert advise(models=["opus"], policy=policy).target is None


def test_prices_of_what_is_served_count_before_the_seeds():
    cheap = a_target("x", "opus", 50.0, Price(input_usd_micros=1, output_usd_micros=1))
    dear = a_target("x", "haiku", 50.0, Price(input_usd_micros=9, output_usd_micros=9))
    policy = with_targets(cheap, dear)
    assert price_of("opus", policy) < price_of("haiku", policy)
    assert advise(past("opus"), past("haiku"), policy=policy).model == "opus"
    assert advise(past("opus"), policy=policy).target == "x/opus"


@given(st.lists(st.sampled_from(["gpt-x", "qwen", "opus", "ollama/qwen"])), st.booleans())
def test_a_key_is_told_of_no_model_it_may_not_use(done, success):
    found = advise(*[past(model, success=success) for model in done], permitted=("q*",))
    assert (found.target, {one.name for one in found.models} <= {"qwen", "ollama/qwen"}) == (
        "ollama/qwen",
        True,
    )


def test_a_key_without_a_model_that_is_served_is_refused():
    with pytest.raises(NotPermitted):
        advise(past("gpt-x"), permitted=("claude-*",))
    with pytest.raises(NotPermitted):
        advise(models=["gpt-x"], permitted=("qwen",))
