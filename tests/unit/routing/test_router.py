"""`Router` keeps plans; whatever it keeps, its answers are those of `decide`."""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.unit.routing.evidence.evidence_world import FRAME, counted, outcomes
from tests.unit.routing.routing_world import SHOPS, asks, model, seen, target, world

from pointsman.core.errors import PointsmanError
from pointsman.core.features import Features, Neighbour
from pointsman.core.snapshot import AgentProfile, Alias
from pointsman.routing.engine import Router, decide
from pointsman.routing.evidence import fit
from pointsman.routing.scorers import SCORERS

PROVIDERS = ("openai", "azure", "ollama", "mistral")
PRICES = st.sampled_from([0, 1_000, 2_000_000])
MODELS = st.builds(
    model,
    st.sampled_from(["m1", "m2", "m3"]),
    st.sampled_from([40.0, 75.0, 90.0]),
    PRICES,
    tier=st.sampled_from(["fast", "medium", "large"]),
    abilities=st.integers(0, 3),
    context_window_tokens=st.sampled_from([0, 1000, 8000]),
    kind=st.sampled_from(["chat", "chat", "chat", "embedding"]),
    max_output_tokens=st.sampled_from([0, 500]),
)
TARGETS = st.builds(target, st.sampled_from(PROVIDERS), MODELS)
ENTRIES = st.sampled_from(["*", "local", "external", *PROVIDERS])
OBJECTIVES = st.sampled_from(sorted(SCORERS))
PROFILES = st.builds(
    AgentProfile,
    id=st.just("agent"),
    objective=OBJECTIVES,
    exploration=st.sampled_from([0.0, 0.5, 1.0]),
    gate=st.sampled_from([0.0, 0.7, 0.95]),
    fallback=st.lists(ENTRIES, max_size=3, unique=True).map(tuple),
    route_concrete=st.booleans(),
    tiers=st.sampled_from([(), ("fast", "medium")]),
    allowed_models=st.sampled_from([(), ("m1", "m2"), ("ollama/*",)]),
)
IDS = st.sampled_from([f"{p}/m{i}" for p in PROVIDERS for i in (1, 2, 3)])
CELLS = st.builds(seen, st.integers(0, 50), st.sampled_from([0.5, 0.95, 1.0]), st.sampled_from([10.0, 900.0]))
PERFORMANCE = st.dictionaries(st.sampled_from(["", "agent"]), st.dictionaries(IDS, CELLS, max_size=5))
LEARNED = fit(counted([*outcomes("m1", 30, 3, agent="agent"), *outcomes("m2", 5, 9, x=0.5)]), FRAME)


def a_world(targets, profile, performance, objective, evidence):
    """Targets of the same id count once."""
    each = {one.id: one for one in targets}.values()
    some = Alias(name="some", candidates=("m1", "ollama/m2"), objective=objective)
    made = world(*each, agents=(profile,), performance=performance, aliases=(some,))
    return replace(made, evidence=evidence)


SNAPSHOTS = st.builds(
    a_world,
    st.lists(TARGETS, min_size=1, max_size=8),
    PROFILES,
    PERFORMANCE,
    OBJECTIVES,
    st.none() | st.just(LEARNED),
)
NEIGHBOURS = st.builds(
    Neighbour, model=st.sampled_from(["m1", "m2"]), similarity=st.floats(0, 1), success=st.booleans()
)
FEATURES = st.builds(
    Features,
    agent=st.sampled_from(["agent", "someone", "claude-code"]),
    requested=st.sampled_from(["auto", "some", "m1", "m2", "openai/m1", "nobody"]),
    dialect=st.just("openai_chat"),
    needs=st.sampled_from([0, 0, 1, 3, 128]),
    context_tokens=st.integers(-10, 10_000),
    max_output_tokens=st.integers(0, 2000),
    task_type=st.sampled_from(["", "P1_code_simple", "side_title"]),
    unhealthy=st.lists(IDS, max_size=6).map(tuple),
    budget_left_usd_micros=st.none() | st.integers(-5, 5000) | st.just(10**9),
    allowed_models=st.sampled_from([(), ("m?",), ("m3",)]),
    seed=st.integers(0, 9),
    vector=st.sampled_from([b"", b"\0" * 8, b"\0\0\0\x3f" * 2, b"\xff" * 8]),
    neighbours=st.lists(NEIGHBOURS, max_size=3).map(tuple),
)


def answer(decide_, *question, **options):
    """The decision, or the refusal in full."""
    try:
        return decide_(*question, **options)
    except PointsmanError as error:
        return type(error), error.message, error.code


@given(SNAPSHOTS, st.lists(FEATURES, min_size=1, max_size=6))
@settings(max_examples=300, deadline=None)
def test_a_router_answers_as_decide_does(snapshot, questions):
    router = Router(snapshot, max_plans=2)
    for features in questions * 2:
        assert answer(router.decide, features) == answer(decide, features, snapshot)


@given(SNAPSHOTS, FEATURES)
@settings(deadline=None)
def test_a_traced_answer_differs_only_in_its_trace(snapshot, features):
    traced = answer(Router(snapshot).decide, features, trace=True)
    assert traced == answer(decide, features, snapshot, trace=True)
    if not isinstance(traced, tuple):
        assert traced.trace
        assert replace(traced, trace=()) == decide(features, snapshot)


@given(SNAPSHOTS, FEATURES)
@settings(deadline=None)
def test_nobody_is_chosen_twice_and_everybody_chosen_exists(snapshot, features):
    decision = answer(decide, features, snapshot)
    if not isinstance(decision, tuple):
        chain = (decision.target, *decision.fallbacks)
        assert len(set(chain)) == len(chain)
        assert set(chain) <= snapshot.targets.keys()
        assert 0.0 <= decision.confidence <= 1.0


def test_plans_are_kept_apart_by_all_that_they_hang_on():
    router = Router(SHOPS)
    questions = [
        asks("auto"),
        asks("auto", agent="chatgpt"),
        asks("pair"),
        asks("auto", needs=1),
        asks("auto", task_type="P1_code_simple"),
        asks("auto", allowed_models=("qwen",)),
    ]
    for features in questions * 2:
        assert router.decide(features) == decide(features, SHOPS)
    assert router._plan.cache_info().currsize == len(questions)
    assert router._plan.cache_info().hits == len(questions)


def test_kept_plans_are_bounded():
    router = Router(SHOPS, max_plans=3)
    for number in range(50):
        router.decide(asks("auto", agent=f"made-up-{number}"))
    assert router._plan.cache_info().currsize == 3
