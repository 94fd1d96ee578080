"""Confidence from evidence, and what happens without or with a spoilt one."""

import numpy as np
import pytest
from msgspec.structs import replace
from tests.unit.routing.evidence.evidence_world import FRAME, counted, outcomes
from tests.unit.routing.routing_world import asks, model, seen, target, world

from pointsman.routing.confidence import beliefs_of, estimator_of
from pointsman.routing.engine import Router, decide
from pointsman.routing.evidence import fit

SHOP = [target("a", model("m1", 80.0)), target("b", model("m2", 80.0))]
LEARNED = fit(
    counted([*outcomes("m1", 50, 50, agent="x"), *outcomes("m1", 30, 0, kind="code", x=0.5)]), FRAME
)


def beliefs(snapshot, **fields):
    features = asks(agent="a", **fields)
    return beliefs_of(list(snapshot.targets.values()), features, snapshot, estimator_of(snapshot))


def learned(*targets, evidence=LEARNED):
    return replace(world(*targets), evidence=evidence)


def test_the_terms_add_up_to_the_confidence():
    for belief in beliefs(learned(*SHOP), task_type="P1_code_simple"):
        assert sum(term.value for term in belief.terms) == pytest.approx(belief.confidence)


def test_the_agents_own_success_is_a_term_of_its_own():
    mine, _ = beliefs(learned(*SHOP), task_type="P1_code_simple")
    assert mine.agent > 0.1
    assert mine.confidence > 0.7


def test_a_model_never_seen_stands_at_its_capability_corrected_by_the_others():
    _, new = beliefs(learned(*SHOP))
    assert new.agent == 0.0
    assert new.deviation > 0.15


def test_capability_in_the_domain_counts_as_long_as_little_is_known():
    coder = replace(SHOP[1].model, capability={"general": 50.0, "code": 90.0})
    snapshot = learned(SHOP[0], replace(SHOP[1], model=coder))
    _, new = beliefs(snapshot, task_type="P1_code_simple")
    assert new.domain == pytest.approx(0.4)


def test_without_evidence_it_is_the_capability_times_how_often_it_answered():
    snapshot = world(*SHOP, performance={"": {"a/m1": seen(30, 0.4)}, "a": {"a/m1": seen(10, 1.0)}})
    mine, other = beliefs(snapshot)
    assert mine.common == pytest.approx(0.8 * (30 * 0.4 + 10) / 40)
    assert mine.confidence == pytest.approx(0.8 * (10 + 10 * 0.55) / 20)
    assert other.confidence == pytest.approx(0.8)


def test_answers_of_which_nobody_said_anything_make_no_model_trusted():
    snapshot = world(*SHOP, performance={"": {"a/m1": seen(100_000, 1.0)}})
    assert beliefs(snapshot)[0].confidence == pytest.approx(0.8)


def test_an_agents_spoilt_deltas_never_cost_a_request():
    for data in (b"odd", b"\xff" * 16):
        snapshot = learned(*SHOP, evidence=replace(LEARNED, agents={"a": data}))
        assert beliefs(snapshot)[0].agent == 0.0


@pytest.mark.parametrize("spoil", ["means", "covariances", "usual", "centre", "weights"])
@pytest.mark.parametrize("data", [b"", b"\x00\x00\xc0\x7f", None])
def test_spoilt_evidence_never_costs_a_request(spoil, data):
    whole = getattr(LEARNED, spoil)
    poison = np.full(len(whole) // 4, np.nan, "<f4").tobytes() if data is None else data
    snapshot = learned(*SHOP, evidence=replace(LEARNED, **{spoil: poison}))
    decision = decide(asks("auto"), snapshot)
    assert 0.0 <= decision.confidence <= 1.0


def test_a_model_asked_for_by_name_needs_no_rating_of_the_request():
    router = Router(learned(*SHOP))
    vectors = (b"", b"\0\0\x80\x3f" * 2)
    one, other = (router.decide(asks("m1", agent="a", vector=vector)) for vector in vectors)
    assert one is other
    one, other = (router.decide(asks("auto", agent="a", vector=vector)) for vector in vectors)
    assert one.confidence != other.confidence
