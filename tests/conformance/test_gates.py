"""Every gate in the table, held to every check. A new gate is taken in by being in the table."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pointsman.core.errors import PointsmanError
from pointsman.core.features import Features
from pointsman.core.snapshot import AgentProfile, Model, Target
from pointsman.routing.gates import GATES

EXAMPLES = [(gate, example) for gate in GATES for example in gate.examples()]
NAMES = [f"{gate.name}-{number}" for number, (gate, _) in enumerate(EXAMPLES)]
every_gate = pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.name)
every_example = pytest.mark.parametrize(("gate", "example"), EXAMPLES, ids=NAMES)

WORDS = st.text(max_size=6) | st.sampled_from(["shop/m1", "m1", "*", "[", "[z-a]", "?", "\r\n"])
COUNTS = st.integers(-(10**20), 10**20)
ODD_FEATURES = st.builds(
    Features,
    agent=WORDS,
    requested=WORDS,
    dialect=WORDS,
    needs=st.integers(0, 1 << 50),
    context_tokens=COUNTS,
    max_output_tokens=COUNTS,
    task_type=WORDS,
    unhealthy=st.lists(WORDS, max_size=3).map(tuple),
    budget_left_usd_micros=st.none() | COUNTS,
    allowed_models=st.lists(WORDS, max_size=3).map(tuple),
    seed=COUNTS,
)
ODD_MODELS = st.builds(
    Model,
    name=WORDS,
    tier=st.sampled_from(["fast", "medium", "large"]),
    abilities=st.integers(0, 1 << 50),
    context_window_tokens=COUNTS,
    kind=st.sampled_from(["chat", "embedding"]),
)
ODD_TARGETS = st.builds(
    Target,
    id=WORDS,
    provider=WORDS,
    model=ODD_MODELS,
    upstream_model=WORDS,
    dialects=st.just(("openai_chat",)),
)
ODD_PROFILES = st.builds(
    AgentProfile,
    id=WORDS,
    tiers=st.sampled_from([(), ("fast",), ("fast", "large")]),
    allowed_models=st.lists(WORDS, max_size=3).map(tuple),
)


@every_example
def test_a_gate_says_what_its_examples_say(gate, example):
    verdict = gate.verdict(example.target, example.features, example.profile)
    assert (verdict == "") is example.passes, verdict


@every_gate
def test_a_gate_has_examples_of_both_outcomes(gate):
    assert {example.passes for example in gate.examples()} == {True, False}


@every_example
def test_a_gate_is_deterministic(gate, example):
    first = gate.verdict(example.target, example.features, example.profile)
    assert all(gate.verdict(example.target, example.features, example.profile) == first for _ in range(3))


@every_gate
def test_the_order_of_candidates_is_irrelevant(gate):
    examples = gate.examples()
    for asking in examples:
        verdicts = [gate.verdict(one.target, asking.features, asking.profile) for one in examples]
        again = [gate.verdict(one.target, asking.features, asking.profile) for one in reversed(examples)]
        assert verdicts == again[::-1]


@every_example
def test_asking_for_more_never_turns_a_refusal_into_a_pass(gate, example):
    steps = [example.features]
    for _ in range(4):
        steps.append(gate.stricter(steps[-1]))
    passed = [gate.verdict(example.target, one, example.profile) == "" for one in steps]
    assert all(before or not after for before, after in pairwise(passed))


@every_gate
@given(ODD_TARGETS, ODD_FEATURES, ODD_PROFILES)
def test_a_gate_never_raises(gate, target, features, profile):
    verdict = gate.verdict(target, features, profile)
    assert verdict.isascii()


@every_gate
@given(st.lists(ODD_TARGETS, min_size=1, max_size=4), ODD_FEATURES, ODD_PROFILES)
def test_a_gate_that_leaves_nobody_has_an_error_to_raise(gate, targets, features, profile):
    error = gate.error(targets, features, profile)
    assert isinstance(error, PointsmanError)
    assert 400 <= error.status < 600
    assert error.message


@every_gate
@given(st.lists(ODD_TARGETS, max_size=4), ODD_FEATURES, ODD_PROFILES)
def test_a_clearance_is_never_wrong(gate, targets, features, profile):
    if gate.clearance(targets)(features):
        assert not [one for one in targets if gate.verdict(one, features, profile)]


@every_example
def test_a_clearance_is_not_wrong_at_the_edges_that_examples_show(gate, example):
    assert example.passes or not gate.clearance([example.target])(example.features)


@every_gate
@given(ODD_TARGETS, ODD_FEATURES, ODD_FEATURES, ODD_PROFILES)
def test_a_planned_gate_hangs_only_on_what_plans_are_keyed_by(gate, target, features, other, profile):
    if not gate.per_request:
        changed = replace(
            other,
            agent=features.agent,
            requested=features.requested,
            needs=features.needs,
            task_type=features.task_type,
            allowed_models=features.allowed_models,
        )
        assert gate.verdict(target, features, profile) == gate.verdict(target, changed, profile)


def test_every_gate_has_a_name_of_its_own():
    assert len({gate.name for gate in GATES}) == len(GATES)
