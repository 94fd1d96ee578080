"""What signs say together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.core.snapshot import AgentProfile
from pointsman.learning.labels import Label, capped, label_of, task_label
from pointsman.store.learning import Sign, ToldTask

AGENT = AgentProfile(id="coder")
DAY_US = 86_400_000_000


def a_sign(number: int = 0, label: float = 1.0, weight: float = 1.0, **changes) -> Sign:
    values = {
        "event_id": f"out_{number}",
        "decision_id": "req_1",
        "attempt": 0,
        "agent_id": "coder",
        "signal": f"signal_{number}",
        "source": "observed",
        "outcome": "",
        "seen_at_us": number,
        "decided_at_us": 0,
    }
    return Sign(label=label, weight=weight, **{**values, **changes})


def told(number: int, label: float, **changes) -> Sign:
    return a_sign(number, label, **{"source": "told", "signal": "told_outcome", **changes})


def a_task(**changes) -> ToldTask:
    names = [name for name in ToldTask.__struct_fields__ if name not in changes]
    return ToldTask(**dict.fromkeys(names), **changes)


SIGNS = st.lists(
    st.builds(
        a_sign,
        st.integers(0, 20),
        st.floats(0, 1),
        st.floats(0, 1),
        source=st.sampled_from(["observed", "inferred", "told"]),
        signal=st.sampled_from(["ended", "told_outcome", "tool_result", "tests_turned"]),
        seen_at_us=st.integers(0, 3 * DAY_US),
    ),
    max_size=12,
    unique_by=lambda one: one.event_id,
)


def test_silence_says_nothing():
    assert label_of([], AGENT) is None


def test_a_conversation_that_just_ended_is_a_weak_sign_however_often_it_is_seen():
    signs = [a_sign(n, 1.0, 0.5, signal="ended", source="inferred") for n in range(9)]
    assert label_of(signs, AGENT) == Label(1.0, 0.05)


def test_the_newest_of_what_was_told_counts():
    assert label_of([told(2, 0.0), told(1, 1.0)], AGENT) == Label(0.0, 1.0)


def test_what_was_told_outweighs_what_was_seen():
    label = label_of([told(1, 1.0), a_sign(2, 0.0)], AGENT)
    assert label == Label(0.8, 1.25)


def test_an_agents_feedback_counts_by_its_weight():
    heavy = AgentProfile(id="coder", feedback_weight=4.0)
    assert label_of([told(1, 1.0)], heavy) == Label(1.0, 4.0)


def test_feedback_without_weight_leaves_what_was_seen():
    mute = AgentProfile(id="coder", feedback_weight=0.0)
    assert label_of([told(1, 1.0), a_sign(2, 0.0)], mute) == Label(0.0, 1.0)


def test_a_timeout_told_says_little_of_quality():
    assert label_of([told(1, 0.0, outcome="timeout")], AGENT) == Label(0.0, 0.25)
    assert label_of([told(1, 0.0, outcome="error")], AGENT) == Label(0.0, 1.0)


def test_a_retry_counts_half():
    assert label_of([a_sign(1, 1.0, 0.5)], AGENT, "retry") == Label(1.0, 0.25)


def test_weak_signs_do_not_speak_against_much_stronger_ones():
    applied, red = a_sign(1, 1.0, 0.1), a_sign(2, 0.0, 0.7)
    assert label_of([applied, red], AGENT) == Label(0.0, 0.7)
    assert label_of([applied, a_sign(2, 0.0, 0.3)], AGENT).reward == pytest.approx(0.25)


def test_many_signs_of_one_answer_are_one_sure_outcome():
    label = label_of([a_sign(n, 0.0) for n in range(10)], AGENT)
    assert (label.reward, label.weight) == (0.0, pytest.approx(1.0))


def test_what_is_inferred_a_day_later_counts_half():
    late = a_sign(1, 1.0, 0.4, source="inferred", seen_at_us=DAY_US)
    assert label_of([late], AGENT) == Label(1.0, 0.2)


@given(SIGNS, st.randoms())
def test_order_and_repeats_do_not_matter(signs, chance):
    mixed = signs + signs[:3]
    chance.shuffle(mixed)
    assert label_of(mixed, AGENT) == label_of(signs, AGENT)


@given(SIGNS, st.floats(0, 100))
def test_a_label_is_always_one_that_can_be_counted(signs, weight):
    label = label_of(signs, AgentProfile(id="coder", feedback_weight=weight))
    assert label is None or (0.0 <= label.reward <= 1.0 and 0.0 < label.weight <= 16.0)


@given(SIGNS)
def test_a_label_lies_between_its_signs(signs):
    label = label_of(signs, AGENT)
    if label is not None:
        labels = [one.label for one in signs]
        assert min(labels) - 1e-9 <= label.reward <= max(labels) + 1e-9


@given(st.lists(st.floats(0, 16), max_size=30), st.floats(0.1, 20))
def test_a_cap_holds_and_keeps_proportions(weights, cap):
    found = capped(weights, cap)
    assert sum(found) <= max(cap, 0.0) * (1 + 1e-9)
    assert all(after <= before for after, before in zip(found, weights, strict=True))


@pytest.mark.parametrize(
    ("told_of_it", "label"),
    [
        ({"success": False, "quality_score": 9.0}, 0.0),
        ({"success": True}, 1.0),
        ({"success": True, "quality_score": 8.0}, 0.8),
        ({"tests_passed": 3, "tests_failed": 1}, 0.75),
        ({"success": True, "revision_needed": True}, 0.5),
        ({"success": True, "stakeholder_satisfaction": 3.0, "quality_score": 10.0}, 0.75),
        ({}, None),
    ],
)
def test_a_task_is_as_good_as_what_was_told_of_it(told_of_it, label):
    assert task_label(a_task(**told_of_it)) == label
