import json

import pytest
from hypothesis import given, settings
from tests.unit.routing.routing_world import SHOPS, TOOLS, asks, model, seen, target, world
from tests.unit.routing.test_router import FEATURES, SNAPSHOTS, answer

from pointsman.routing.engine import decide
from pointsman.routing.explain import explain
from pointsman.routing.reasons import REASON_CODES


def test_the_reason_adds_up_and_names_the_next():
    rows = {"openai/gpt-y": seen(100, 0.99, 120.0)}
    snapshot = world(
        target("openai", model("gpt-y", 85.0)), target("openai", model("gpt-x", 80.1)), performance={"": rows}
    )
    told = explain(asks("auto"), snapshot)
    assert told["reason"] == (
        "adaptive 88.95 = 51.00 capability + 24.75 success + 13.20 latency; next openai/gpt-x 80.1"
    )


def test_a_penalty_is_subtracted_in_the_reason():
    rows = {"a/m": seen(100, 0.6, 450.0)}
    told = explain(asks("auto"), world(target("a", model("m", 88.0)), performance={"": rows}))
    assert told["reason"].endswith("= 52.80 capability + 15.00 success + 8.25 latency - 38.02 low_success")


def test_every_fallback_says_why_it_stands_there():
    told = explain(asks("gpt-x", agent="claude-code"), SHOPS)
    assert [one["why"] for one in told["fallbacks"]] == [
        "the same model at another provider",
        "fallback entry 1, ollama",
        "fallback entry 3, mistral",
        "fallback entry 4, groq",
    ]


def test_a_refusal_is_told_with_what_each_gate_said():
    told = explain(asks("large-m", needs=TOOLS), SHOPS)
    assert (told["chosen"], told["error"]["status"], told["error"]["code"]) == (
        None,
        400,
        "unsupported_feature",
    )
    verdicts = {verdict["gate"]: verdict["reason"] for verdict in told["candidates"][0]["verdicts"]}
    assert verdicts["capability"] == "lacks tools"


@pytest.mark.parametrize("name", ["nobody", "gone"])
def test_a_name_without_candidates_is_told(name):
    told = explain(asks(name), SHOPS)
    assert (told["candidates"], told["chosen"]) == ([], None)
    assert told["error"]["status"] in (404, 503)


def test_degraded_targets_are_shown_as_let_through():
    told = explain(asks("quick", unhealthy=("groq/quick",)), SHOPS)
    assert told["candidates"][0]["verdicts"][-1] == {
        "gate": "health",
        "passed": True,
        "reason": "degraded: unhealthy",
    }


@pytest.mark.parametrize("name", ["m\r\nset-cookie: x", "m\x00\x7f", "m\u00e9\u2028", "m" * 300])
def test_no_name_can_break_the_header(name):
    reason = decide(asks(name), world(target("a", model(name)))).reason
    assert reason.isascii()
    assert reason.isprintable()
    assert len(reason) <= 200


@given(SNAPSHOTS, FEATURES)
@settings(deadline=None)
def test_an_explanation_is_json_and_agrees_with_the_decision(snapshot, features):
    told = json.loads(json.dumps(explain(features, snapshot)))
    decision = answer(decide, features, snapshot)
    if isinstance(decision, tuple):
        assert decision[1:] == (told["error"]["message"], told["error"]["code"])
        return
    assert (told["chosen"], told["reason"]) == (decision.target, decision.reason)
    assert [one["target"] for one in told["fallbacks"]] == list(decision.fallbacks)
    assert told["reason_meaning"] == REASON_CODES[decision.reason_code]
    assert len(decision.reason) <= 200
    for one in told["candidates"]:
        assert sum(term["value"] for term in one["terms"]) == pytest.approx(one["score"])
        assert sum(term["value"] for term in one["confidence_terms"]) == pytest.approx(one["confidence"])
        if one["target"] == decision.target:
            assert one["confidence"] == decision.confidence
