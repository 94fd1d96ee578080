import msgspec
import pytest
from tests.unit.routing.routing_world import EMBEDDING, SHOPS, TOOLS, asks, model, seen, target, world

from pointsman.core import errors
from pointsman.core.money import Price
from pointsman.core.snapshot import AgentProfile, Alias
from pointsman.routing.engine import decide


def test_a_model_asked_for_by_name_is_served_first_where_it_is_named_first():
    decision = decide(asks("gpt-x"), SHOPS)
    assert (decision.target, decision.fallbacks) == ("openai/gpt-x", ("azure/gpt-x",))
    assert (decision.reason_code, decision.snapshot_version) == ("requested", 7)


def test_a_target_can_be_asked_for_by_its_id():
    assert decide(asks("azure/gpt-x"), SHOPS).target == "azure/gpt-x"


def test_an_alias_goes_to_the_best_score():
    decision = decide(asks("auto"), SHOPS)
    assert (decision.target, decision.reason_code) == ("azure/gpt-x", "best_score")
    assert decision.confidence == pytest.approx(0.9)


def test_an_alias_with_candidates_stays_among_them():
    decision = decide(asks("pair"), SHOPS)
    assert {decision.target, *decision.fallbacks} == {"openai/gpt-mini", "openai/gpt-x", "azure/gpt-x"}


@pytest.mark.parametrize(
    ("own", "agent", "chosen"),
    [
        (None, "cautious", "shop/best"),
        (None, "thrifty", "shop/cheap"),
        ("adaptive", "thrifty", "shop/best"),
    ],
)
def test_an_alias_goes_by_its_own_objective_else_by_the_agents(own, agent, chosen):
    snapshot = world(
        target("shop", model("cheap", 80.0, 100_000)),
        target("shop", model("best", 90.0, 900_000)),
        agents=(
            AgentProfile(id="cautious", objective="adaptive"),
            AgentProfile(id="thrifty", objective="reliable"),
        ),
        aliases=(Alias(name="some", objective=own),),
    )
    assert decide(asks("some", agent), snapshot).target == chosen


def test_an_alias_comes_before_a_model_of_its_name():
    snapshot = world(target("shop", model("auto", 10.0)), target("shop", model("better", 90.0)))
    assert decide(asks("auto"), snapshot).target == "shop/better"


def test_an_agent_whose_requests_may_be_routed_gets_the_best_model_instead():
    assert decide(asks("quick", agent="routed"), SHOPS).target == "azure/gpt-x"


def test_routing_keeps_to_the_kind_of_the_request():
    assert decide(asks("gpt-x", agent="routed", needs=EMBEDDING), SHOPS).target == "openai/vectors"


def test_an_embedding_is_made_by_the_embedding_model():
    assert decide(asks("vectors", needs=EMBEDDING), SHOPS).target == "openai/vectors"


def test_an_unknown_model_is_told_with_near_names():
    with pytest.raises(errors.NotFound, match=r"did you mean gpt-x, .*GET /v1/models") as caught:
        decide(asks("gpt-xx"), SHOPS)
    assert (caught.value.status, caught.value.code, caught.value.param) == (404, "model_not_found", "model")


def test_a_name_that_nobody_serves_has_no_target():
    with pytest.raises(errors.NoTarget, match="pointsman doctor"):
        decide(asks("gone"), SHOPS)


def test_what_no_candidate_can_do_is_named():
    with pytest.raises(errors.CannotCarry, match="can do: tools"):
        decide(asks("large-m", needs=TOOLS), SHOPS)


def test_abilities_that_no_single_candidate_has_together_are_named():
    snapshot = world(target("a", model("m1", abilities=1)), target("b", model("m2", abilities=2)))
    with pytest.raises(errors.CannotCarry, match="all of: tools, images"):
        decide(asks("auto", needs=3), snapshot)


@pytest.mark.parametrize(("name", "needs"), [("vectors", 0), ("gpt-x", EMBEDDING), ("auto", EMBEDDING)])
def test_the_wrong_kind_of_model_is_an_invalid_request(name, needs):
    with pytest.raises(errors.InvalidRequest, match="has no"):
        decide(asks(name, needs=needs), SHOPS)


def test_a_prompt_too_long_for_all_names_both_figures():
    with pytest.raises(errors.ContextTooLong, match=r"200100 tokens .* 100000 tokens"):
        decide(asks("pair", context_tokens=200_000, max_output_tokens=100), SHOPS)


def test_a_long_prompt_leaves_those_that_hold_it():
    assert decide(asks("auto", context_tokens=60_000), SHOPS).fallbacks == ("openai/gpt-x", "groq/quick")


def test_a_key_without_the_model_is_not_permitted():
    with pytest.raises(errors.NotPermitted, match="this key may not use 'gpt-x'"):
        decide(asks("gpt-x", allowed_models=("qwen",)), SHOPS)


def test_key_and_profile_must_both_allow():
    snapshot = world(*SHOPS.targets.values(), agents=(AgentProfile(id="p", allowed_models=("gpt-*",)),))
    assert (
        decide(asks("auto", agent="p", allowed_models=("*mini", "qwen")), snapshot).target
        == "openai/gpt-mini"
    )


def test_lists_that_do_not_meet_permit_nothing():
    snapshot = world(*SHOPS.targets.values(), agents=(AgentProfile(id="p", allowed_models=("gpt-*",)),))
    with pytest.raises(errors.NotPermitted, match="agent 'p' may not use"):
        decide(asks("qwen", agent="p", allowed_models=("qwen",)), snapshot)


def test_a_profile_of_tiers_takes_only_those():
    snapshot = world(*SHOPS.targets.values(), agents=(AgentProfile(id="p", tiers=("fast",)),))
    assert decide(asks("auto", agent="p"), snapshot).target == "ollama/qwen"
    with pytest.raises(errors.NotPermitted, match="tier fast"):
        decide(asks("gpt-x", agent="p"), snapshot)


def test_a_spent_budget_leaves_what_is_free():
    decision = decide(asks("auto", budget_left_usd_micros=0), SHOPS)
    assert (decision.target, decision.fallbacks) == ("ollama/qwen", ())


def test_a_spent_budget_refuses_what_is_not_free():
    with pytest.raises(errors.QuotaExhausted, match=r"0\.005120 USD; it starts anew at 00:00 UTC"):
        decide(asks("gpt-x", budget_left_usd_micros=100), SHOPS)


def test_a_sick_target_is_passed_over():
    decision = decide(asks("gpt-x", unhealthy=("openai/gpt-x",)), SHOPS)
    assert (decision.target, decision.fallbacks, decision.reason_code) == ("azure/gpt-x", (), "requested")


def test_when_all_are_sick_they_are_tried_and_it_is_said():
    decision = decide(asks("gpt-x", unhealthy=("openai/gpt-x", "azure/gpt-x")), SHOPS)
    assert (decision.target, decision.fallbacks) == ("openai/gpt-x", ("azure/gpt-x",))
    assert decision.reason_code == "degraded"


def test_a_sick_model_gives_way_to_those_the_profile_names_and_is_tried_last():
    snapshot = world(
        target("openai", model("gpt-x")), target("groq", model("quick")), target("ollama", model("q"))
    )
    decision = decide(asks("gpt-x", agent="claude-code", unhealthy=("openai/gpt-x",)), snapshot)
    assert (decision.target, decision.fallbacks) == ("ollama/q", ("groq/quick", "openai/gpt-x"))
    assert decision.reason_code == "requested_unhealthy"


def test_confidence_at_the_gate_comes_before_the_score():
    rows = {"a/one": seen(1000, 0.55, 1.0), "b/two": seen(1000, 0.9, 499.0)}
    snapshot = world(
        target("a", model("one", 100.0)), target("b", model("two", 90.0)), performance={"": rows}
    )
    decision = decide(asks("auto"), snapshot)
    assert (decision.target, decision.fallbacks) == ("b/two", ("a/one",))


def test_without_anyone_at_the_gate_the_highest_score_is_taken_and_it_is_said():
    snapshot = world(target("a", model("one", 40.0)), target("b", model("two", 30.0)))
    decision = decide(asks("auto"), snapshot)
    assert (decision.target, decision.reason_code) == ("a/one", "gate_unmet")
    assert decision.reason == "gate 0.70 unmet; adaptive 40.00 = 40.00 capability; next b/two 30.0"


def test_a_tie_goes_to_the_lower_price_of_this_request():
    cheap_in = msgspec.structs.replace(model("m"), price=Price(input_usd_micros=1, output_usd_micros=50))
    cheap_out = msgspec.structs.replace(model("m"), price=Price(input_usd_micros=9, output_usd_micros=10))
    snapshot = world(target("a", cheap_in), target("b", cheap_out))
    assert decide(asks("auto"), snapshot).target == "b/m"
    assert decide(asks("auto", context_tokens=90_000), snapshot).target == "a/m"


def test_a_tie_at_the_same_price_goes_to_the_lower_tier_then_the_id():
    big, small = model("m", tier="large"), model("m", tier="fast")
    snapshot = world(target("a", big), target("b", small), target("c", small))
    assert decide(asks("auto"), snapshot).target == "b/m"


def test_the_domain_of_the_task_chooses_the_capability():
    coder = msgspec.structs.replace(model("coder", 50.0), capability={"general": 50.0, "code": 95.0})
    snapshot = world(target("a", coder), target("b", model("allround", 80.0)))
    assert decide(asks("auto", task_type="P1_code_simple"), snapshot).target == "a/coder"
    assert decide(asks("auto", task_type="P1_law_simple"), snapshot).target == "b/allround"


def test_a_trace_holds_every_candidate_and_every_gates_word():
    trace = decide(asks("auto", context_tokens=60_000), SHOPS, trace=True).trace
    words = {one.target: [v.gate for v in one.verdicts if not v.passed] for one in trace}
    assert words["ollama/qwen"] == ["context_window"]
    assert words["azure/gpt-x"] == []


def test_the_same_question_gets_the_same_bytes():
    encode = msgspec.json.Encoder(order="deterministic").encode
    question = asks("auto", unhealthy=("groq/quick",))
    assert encode(decide(question, SHOPS, trace=True)) == encode(decide(question, SHOPS, trace=True))


def test_vectors_are_never_made_by_another_model_than_the_one_asked_for():
    snapshot = world(
        target("a", model("v1", kind="embedding", abilities=EMBEDDING)),
        target("b", model("v2", kind="embedding", abilities=EMBEDDING)),
        target("b", model("v1", kind="embedding", abilities=EMBEDDING)),
    )
    assert decide(asks("v1", needs=EMBEDDING), snapshot).fallbacks == ("b/v1",)


def test_an_alias_for_vectors_stands_for_one_model():
    snapshot = world(
        target("a", model("v1", kind="embedding", abilities=EMBEDDING)),
        target("b", model("v2", kind="embedding", abilities=EMBEDDING)),
        aliases=(Alias(name="auto-embed", kind="embedding"),),
    )
    decision = decide(asks("auto-embed", needs=EMBEDDING), snapshot)
    assert (decision.target, decision.fallbacks) == ("a/v1", ())
