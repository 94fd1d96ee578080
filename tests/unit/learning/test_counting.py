"""From signs to contributions, and to what the sums change by."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pointsman.core.snapshot import AgentProfile
from pointsman.learning.counting import Change, changes_of, contributions_of, deltas_of
from pointsman.routing.evidence import Frame, Statistics, plain_geometry
from pointsman.store.learning import Attempted, Sign

FRAME = Frame(plain_geometry(2, 1))
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
VECTOR = np.array([0.5, -0.25, 1.0], "<f4").tobytes()


def profile(agent: str) -> AgentProfile:
    return AgentProfile(id=agent)


def attempt(number: int = 1, **changes) -> Attempted:
    values = {
        "decision_id": f"req_{number}",
        "attempt": 0,
        "started_at": NOON,
        "agent_id": "coder",
        "provider": "shop",
        "model": "good",
        "kind": "request",
        "task_type": "P1_code_simple",
        "session_key": None,
        "vector": VECTOR,
    }
    return Attempted(**{**values, **changes})


def sign(one: Attempted, label: float = 1.0, **changes) -> Sign:
    values = {
        "event_id": f"{one.decision_id}/{one.attempt}",
        "decision_id": one.decision_id,
        "attempt": one.attempt,
        "agent_id": one.agent_id,
        "signal": "tests_turned",
        "label": label,
        "weight": 1.0,
        "source": "observed",
        "outcome": "",
        "seen_at_us": 1,
        "decided_at_us": 0,
    }
    return Sign(**{**values, **changes})


def counted(*pairs, cap: float = 6.0):
    attempts = {(one.decision_id, one.attempt): one for one, _ in pairs}
    signs: dict = {}
    for one, its in pairs:
        for each in its:
            signs.setdefault((one.decision_id, each.attempt), []).append(each)
    return contributions_of(attempts, signs, profile, 0, cap)


def test_an_answer_without_signs_adds_nothing():
    assert counted((attempt(), [])) == {}


def test_signs_of_another_agents_name_add_nothing():
    one = attempt()
    assert counted((one, [sign(one, agent_id="somebody")])) == {}


def test_what_was_told_of_a_task_is_about_the_attempt_that_answered():
    first, last = attempt(attempt=0, model="bad"), attempt(attempt=1)
    found = counted((first, [sign(first, signal="told_task")]), (last, []))
    assert [(key, one.model) for key, one in found.items()] == [(("req_1", 1), "good")]


def test_a_correction_takes_back_what_was_told_of_another_attempt():
    first, last = attempt(attempt=0, model="bad"), attempt(attempt=1)
    told = {"signal": "told_outcome", "source": "told"}
    wrong = sign(last, 0.0, seen_at_us=1, event_id="wrong", **told)
    right = sign(first, 0.0, seen_at_us=2, event_id="right", outcome="fallback", **told)
    thumbs = sign(last, 1.0, seen_at_us=1, event_id="thumbs", source="told", signal="told_thumbs")
    assert set(counted((first, [right]), (last, [wrong]))) == {("req_1", 0)}
    both = counted((first, [right]), (last, [wrong, thumbs]))
    assert {key: one.reward for key, one in both.items()} == {("req_1", 0): 0.0, ("req_1", 1): 1.0}


def test_a_conversation_shares_its_cap_and_others_do_not():
    tasks = [np.array([n, 1.0, 1.0], "<f4").tobytes() for n in range(10)]
    loud = [attempt(n, session_key="a", vector=task) for n, task in enumerate(tasks)]
    calm = attempt(99, session_key="b")
    found = counted(*[(one, [sign(one)]) for one in (*loud, calm)], cap=2.0)
    assert found["req_99", 0].weight == 1.0
    assert sum(one.weight for one in found.values()) == pytest.approx(3.0)


def test_the_cap_is_a_days():
    days = [attempt(n, session_key="a", started_at=NOON.replace(day=n + 1)) for n in range(3)]
    found = counted(*[(one, [sign(one)]) for one in days], cap=1.0)
    assert [one.weight for one in found.values()] == [1.0, 1.0, 1.0]


def test_only_what_differs_is_a_change():
    one, other = attempt(1), attempt(2)
    old = counted((one, [sign(one)]), (other, [sign(other)]))
    new = counted((one, [sign(one)]), (other, [sign(other, 0.0)]))
    assert [(each.old.reward, each.new.reward) for each in changes_of(old, new)] == [(1.0, 0.0)]


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.booleans()), min_size=1, max_size=12))
def test_a_revision_leaves_what_counting_anew_would(told):
    attempts = [attempt(n, vector=VECTOR if seen else b"") for n, (_, _, seen) in enumerate(told)]
    old = counted(*[(one, [sign(one, was)]) for one, (was, _, _) in zip(attempts, told, strict=True)])
    new = counted(*[(one, [sign(one, now)]) for one, (_, now, _) in zip(attempts, told, strict=True)])
    summed = Statistics(FRAME.size)
    for changes in ([Change(None, one) for one in old.values()], changes_of(old, new)):
        for delta in deltas_of(changes, FRAME).values():
            summed.merge(delta)
    (fresh,) = deltas_of([Change(None, one) for one in new.values()], FRAME).values()
    assert summed.sums() == replace(fresh.sums(), seen_s=summed.sums().seen_s)


def test_a_vector_of_another_size_tells_nothing_of_the_task():
    one = counted((attempt(vector=b"1234"), [sign(attempt())]))
    (delta,) = deltas_of([Change(None, each) for each in one.values()], FRAME).values()
    assert delta.cells["coder", "good", "code"].tolist() == [1.0, 0.0, 0.0, 0.0, 1.0]


@pytest.mark.parametrize(
    ("weights", "total"),
    [((0.3, 0.1, 0.15), 1.0), ((0.9, 0.9, 0.9), 1.0), ((0.1, 0.15), 0.25), ((0.1, 0.3), 1.0)],
    ids=["good work leaves few signs", "bad work many", "too few to tell", "a first green run"],
)
def test_a_task_that_shows_how_it_went_counts_once_however_many_signs_it_left(weights, total):
    attempts = [attempt(number, session_key="s") for number in range(len(weights))]
    signs = [[sign(one, weight=weight)] for one, weight in zip(attempts, weights, strict=True)]
    made = counted(*zip(attempts, signs, strict=True))
    assert sum(one.weight for one in made.values()) == pytest.approx(total)


def test_each_model_that_worked_on_a_task_is_told_from_the_others():
    failed, done = attempt(1, session_key="s", model="bad"), attempt(2, session_key="s")
    made = counted((failed, [sign(failed, 0.0)]), (done, [sign(done, 1.0)]))
    assert [(one.model, one.reward, one.weight) for one in made.values()] == [("bad", 0, 1), ("good", 1, 1)]


def test_a_step_that_went_well_is_no_part_of_a_success_when_the_task_fails():
    edited, failed = attempt(1, session_key="s"), attempt(2, session_key="s")
    made = counted((edited, [sign(edited, 1.0, weight=0.2)]), (failed, [sign(failed, 0.0)]))
    assert [one.weight for one in made.values()] == [0.0, 1.0]
    even = counted((edited, [sign(edited, 1.0)]), (failed, [sign(failed, 0.0)]))
    assert [one.weight for one in even.values()] == [0.5, 0.5]


def test_a_task_counts_once_however_many_attempts_it_took():
    other = np.array([1.0, 1.0, 1.0], "<f4").tobytes()
    failed = [attempt(number, session_key="s") for number in range(8)]
    pairs = [(one, [sign(one, 0.0)]) for one in failed]
    done = attempt(9, session_key="s", vector=other)
    made = counted(*pairs, (done, [sign(done, 1.0)]))
    assert sum(one.weight for one in made.values() if one.reward == 0.0) == pytest.approx(1.0)
    assert made[done.decision_id, 0].weight == 1.0
