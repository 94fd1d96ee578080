"""When a logged decision counts as the same, made again."""

import pytest
from msgspec.structs import replace
from tests.plain_control import a_policy, features_of
from tests.store_records import PLAIN

from pointsman.core.events import FinishState
from pointsman.routing.explain import explain
from pointsman.web.decisions import compared

CHOSEN = replace(PLAIN, provider="openai", model="gpt-x", confidence=0.9, reason_code="best_score")
REFUSED = replace(
    PLAIN,
    provider="",
    model="",
    finish_state=FinishState.REFUSED,
    reason_code="model_not_found",
    confidence=0.0,
)


def replay(record, requested="auto"):
    features = features_of(requested)
    return compared(record, features, explain(features, a_policy()))


def test_the_same_choice_for_the_same_reason_is_the_same():
    told = replay(CHOSEN)
    assert (told.same, told.note) == (True, None)
    assert told.recorded["target"] == told.replayed["chosen"] == "openai/gpt-x"


@pytest.mark.parametrize(
    "changed", [{"model": "qwen"}, {"reason_code": "gate_unmet"}, {"confidence": 0.91}], ids=str
)
def test_another_choice_reason_or_confidence_differs(changed):
    assert replay(replace(CHOSEN, **changed)).same is False


def test_a_refusal_that_comes_again_is_the_same():
    assert replay(REFUSED, requested="no-such-model").same is True


def test_a_refusal_for_another_reason_differs():
    assert replay(replace(REFUSED, reason_code="no_target"), requested="no-such-model").same is False


def test_a_request_refused_after_the_decision_cannot_be_compared():
    told = replay(replace(REFUSED, reason_code="insufficient_quota"))
    assert told.same is None
    assert "refused by something other" in told.note


def test_an_attempt_that_was_not_the_first_does_not_tell_the_choice():
    assert replay(replace(CHOSEN, attempt=1)).same is None
    assert replay(replace(CHOSEN, fallback_used=True)).same is None


def test_the_terms_of_each_score_add_up():
    for one in replay(CHOSEN).replayed["candidates"]:
        assert sum(term["value"] for term in one["terms"]) == pytest.approx(one["score"])
