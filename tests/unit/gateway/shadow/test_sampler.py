from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.features import Features
from pointsman.core.money import Price
from pointsman.core.snapshot import AgentProfile, Alias, Model, PolicySnapshot, Target
from pointsman.gateway.shadow.sampler import impartial, is_sampled, next_cheaper

FEATURES = Features(agent="a", requested="auto", dialect="openai_chat", context_tokens=1000)


def target(name, usd_micros, **fields):
    price = Price(input_usd_micros=usd_micros, output_usd_micros=usd_micros)
    model = Model(name=name, price=price, **fields)
    return Target(
        id=f"shop/{name}", provider="shop", model=model, upstream_model=name, dialects=("openai_chat",)
    )


def shop(*targets):
    return PolicySnapshot(
        version=1,
        targets={one.id: one for one in targets},
        names={one.model.name: (one.id,) for one in targets},
        aliases={"auto": Alias(name="auto")},
        agents={},
        default_agent=AgentProfile(id="default"),
    )


@given(st.text(max_size=40), st.floats(0, 1), st.floats(0, 1))
def test_a_greater_share_holds_all_of_a_smaller_one(request_id, one, other):
    low, high = sorted((one, other))
    assert is_sampled(request_id, "a", high) or not is_sampled(request_id, "a", low)


def test_a_share_is_a_share():
    assert 150 < sum(is_sampled(f"req_{n}", "a", 0.2) for n in range(1000)) < 250
    assert not any(is_sampled(f"req_{n}", "a", 0.0) for n in range(100))


def test_the_next_cheaper_candidate_is_chosen():
    dear, middle, cheap = target("dear", 900), target("middle", 500), target("cheap", 10)
    chosen = next_cheaper(FEATURES, shop(cheap, dear, middle), dear)
    assert chosen == middle
    assert next_cheaper(FEATURES, shop(cheap, dear, middle), cheap) is None


def test_candidates_that_a_gate_refuses_are_not_chosen():
    dear, small, cheap = target("dear", 900), target("s", 500, context_window_tokens=10), target("c", 10)
    assert next_cheaper(FEATURES, shop(dear, small, cheap), dear) == cheap


def test_the_same_model_elsewhere_is_no_comparison():
    dear = target("dear", 900)
    twin = Target(id="other/dear", provider="other", model=dear.model, upstream_model="dear", dialects=())
    assert next_cheaper(FEATURES, shop(dear, twin), dear) is None


def test_a_judge_is_of_no_family_that_it_judges():
    dear, cheap, judge = target("claude-opus-4-5", 900), target("claude-haiku-4-5", 10), target("gpt-5", 5)
    kin = target("vendor/Claude-3", 1)
    assert impartial(FEATURES, shop(dear, cheap, judge, kin), dear, cheap).allowed_models == ("gpt-5",)
    assert impartial(FEATURES, shop(dear, cheap, kin), dear, cheap) == FEATURES
