"""What agents report reaches the database once, counts once, and is joined to the request it is about."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.reports_told import REQUEST, begun, ended, feedback, request_id_at
from tests.store_records import NOON_US, a_record

from pointsman.store import batch, outcomes, partitions, reports, tasks
from pointsman.store import feedback as stored_feedback
from pointsman.store.inbox import Refusal, Undelivered
from pointsman.store.rows import time_of

NOW = time_of(NOON_US + 10_000_000)


@pytest.fixture
def log(db_pool):
    async def put(*records):
        async with db_pool.acquire() as connection:
            await partitions.ensure(connection, {time_of(r.started_at_us).date() for r in records})
            await batch.write(connection, records, staged=False)

    return put


@pytest.fixture
def deliver(db_pool):
    async def to_database(*told, complete=True):
        return list(await reports.deliver(db_pool, lambda: complete, told))

    return to_database


def the_request(**changes):
    return a_record(request_id=REQUEST, decision_id=REQUEST, **changes)


async def row_of(pool, request_id=REQUEST, attempt=0):
    return await pool.fetchrow(
        "SELECT outcome, outcome_source, completion_quality FROM gateway_request_log "
        "WHERE request_id = $1 AND attempt = $2",
        *(request_id, attempt),
    )


async def states(pool):
    return [r["state"] for r in await pool.fetch("SELECT state FROM feedback ORDER BY received_at, id")]


async def satisfaction(pool):
    found = await stored_feedback.satisfaction(pool, "claude-code")
    return {model: (one.thumbs_up, one.thumbs_down) for model, one in found.items()}


async def test_an_outcome_is_noted_in_the_log(log, deliver, db_pool):
    await log(the_request())
    assert await deliver(feedback("success", completion_quality=8)) == [None]
    assert tuple(await row_of(db_pool)) == ("success", "told", 8.0)
    (seen,) = await outcomes.of_decision(db_pool, REQUEST)
    assert (seen.source, seen.signal, seen.label, seen.target) == (
        *("told", "told_outcome", 0.8, "somewhere/small"),
    )


async def test_a_repeat_changes_nothing(log, deliver, db_pool):
    await log(the_request())
    told = feedback(thumbs="up")
    assert await deliver(told, told) == [None, None]
    assert await deliver(told) == [None]
    assert await satisfaction(db_pool) == {"small": (1, 0)}
    assert len(await outcomes.of_decision(db_pool, REQUEST)) == 1


async def test_other_content_under_the_same_key_is_a_conflict(log, deliver, db_pool):
    await log(the_request())
    verdicts = await deliver(feedback("success"), feedback("error"))
    assert (verdicts[0], verdicts[1].why) == (None, "conflict")
    assert (await row_of(db_pool))["outcome"] == "success"


async def test_a_correction_takes_the_place_of_what_was_said(log, deliver, db_pool):
    await log(the_request())
    late = NOON_US + 2_000_000
    await deliver(feedback(thumbs="up"), feedback(thumbs="down", key="second", at_us=late))
    assert await satisfaction(db_pool) == {"small": (0, 1)}
    assert (await row_of(db_pool))["outcome"] == "user_rejected"
    assert await states(db_pool) == ["superseded", "applied"]


async def test_a_correction_that_is_about_another_attempt_leaves_nothing_at_the_first(log, deliver, db_pool):
    await log(the_request(model="small"), the_request(attempt=1, started_at_us=NOON_US + 5, model="large"))
    at_us = NOON_US + 2_000_000
    await deliver(feedback("success", completion_quality=9), feedback("fallback", key="new", at_us=at_us))
    assert (await row_of(db_pool, attempt=0))["outcome"] == "fallback"
    assert tuple(await row_of(db_pool, attempt=1)) == (None, None, None)


async def test_a_correction_leaves_nothing_of_the_quality_told_before(log, deliver, db_pool):
    await log(the_request())
    at_us = NOON_US + 2_000_000
    await deliver(feedback("success", completion_quality=9), feedback("error", key="new", at_us=at_us))
    assert tuple(await row_of(db_pool)) == ("error", "told", None)


async def test_the_order_of_arrival_does_not_matter(log, deliver, db_pool):
    await log(the_request())
    late = NOON_US + 2_000_000
    await deliver(feedback(thumbs="down", key="second", at_us=late), feedback(thumbs="up"))
    assert await satisfaction(db_pool) == {"small": (0, 1)}
    assert (await row_of(db_pool))["outcome"] == "user_rejected"


async def test_feedback_waits_for_its_request(log, deliver, db_pool):
    assert await deliver(feedback(thumbs="up"), complete=False) == [None]
    assert await stored_feedback.match_waiting(db_pool, NOW) == 0
    await log(the_request())
    assert await stored_feedback.match_waiting(db_pool, NOW) == 1
    assert await states(db_pool) == ["applied"]
    assert await satisfaction(db_pool) == {"small": (1, 0)}
    assert len(await outcomes.of_decision(db_pool, REQUEST)) == 1


async def test_feedback_does_not_wait_for_ever(deliver, db_pool):
    await deliver(feedback("success"), complete=False)
    await stored_feedback.match_waiting(db_pool, NOW + timedelta(days=8))
    assert await states(db_pool) == ["unmatched"]


async def test_an_old_request_that_is_not_there_is_unknown(deliver, db_pool):
    old = request_id_at(NOON_US - 3_600_000_000)
    (verdict,) = await deliver(feedback("success", request_id=old))
    assert (verdict.why, verdict.param) == ("unknown", "request_id")
    assert await states(db_pool) == []


async def test_a_request_of_another_agent_is_unknown(log, deliver, db_pool):
    await log(the_request(agent_id="codex"))
    (verdict,) = await deliver(feedback("error"))
    assert verdict.why == "unknown"
    assert (await row_of(db_pool))["outcome"] is None


async def test_an_unlogged_agents_feedback_is_kept_alone(deliver, db_pool):
    old = request_id_at(NOON_US - 3_600_000_000)
    assert await deliver(replace(feedback("success", request_id=old), logged=False)) == [None]
    assert await states(db_pool) == ["unlogged"]


async def test_a_fallback_is_the_first_models_fault_and_a_success_the_last_ones_merit(log, deliver, db_pool):
    await log(the_request(), the_request(attempt=1, model="big", started_at_us=NOON_US + 1))
    await deliver(feedback("fallback"), feedback(thumbs="up"))
    assert (await row_of(db_pool))["outcome"] == "fallback"
    assert (await row_of(db_pool, attempt=1))["outcome"] == "success"
    assert await satisfaction(db_pool) == {"big": (1, 0)}


async def test_the_agents_weight_is_kept_with_its_feedback(log, deliver, db_pool):
    await log(the_request())
    await deliver(replace(feedback("success"), weight=2.5))
    assert await db_pool.fetchval("SELECT weight FROM feedback") == 2.5


async def test_a_task_is_begun_once_and_its_outcome_told_bit_by_bit(deliver, db_pool):
    task = begun(key="k", task_id="T-1", priority="P0", domain="infrastructure", complexity="complex")
    told = [ended(task.id, success=True, tests_passed=4), ended(task.id, stakeholder_satisfaction=4.5)]
    assert await deliver(task, task, *told) == [None] * 4
    found = await tasks.get(db_pool, task.id)
    assert found.task_type == "P0_infrastructure_complex"
    assert (found.success, found.tests_passed, found.stakeholder_satisfaction) == (True, 4, 4.5)
    assert (found.agent, found.agent_used, found.task_id) == ("ci", "ci", "T-1")


async def test_what_was_told_of_a_task_stays_unless_it_is_revised(deliver, db_pool):
    task = begun()
    await deliver(task, ended(task.id, quality_score=8.0))
    (verdict,) = await deliver(ended(task.id, quality_score=2.0))
    assert (verdict.why, verdict.param) == ("conflict", "quality_score")
    assert await deliver(ended(task.id, quality_score=2.0, revises=True)) == [None]
    assert (await tasks.get(db_pool, task.id)).quality_score == 2.0


async def test_a_task_that_was_never_begun_or_is_anothers_is_unknown(deliver):
    task = begun("ci")
    stranger = ended(task.id, "codex", success=True)
    verdicts = await deliver(
        ended(begun().id, success=True), task, stranger, ended(task.id, "ci", success=True)
    )
    assert [one and one.why for one in verdicts] == ["unknown", None, "unknown", None]


async def test_the_log_tells_what_a_task_used(log, deliver, db_pool):
    await log(the_request(agent_id="ci"), a_record(1, request_id=request_id_at(NOON_US, 1), agent_id="ci"))
    task = begun()
    requests = (REQUEST, request_id_at(NOON_US, 1))
    await deliver(task, ended(task.id, success=True, request_ids=requests, actual_output_tokens=7))
    assert await tasks.measure(db_pool, time_of(NOON_US)) == 1
    found = await tasks.get(db_pool, task.id)
    assert (found.actual_input_tokens, found.actual_output_tokens) == (200, 7)
    assert (found.actual_cost, found.assigned_model) == (0.002, "small")


async def test_the_history_has_finished_tasks_in_its_own_words(deliver, db_pool):
    task, open_task = begun(task_description="Fix the parser", assigned_model="small"), begun()
    await deliver(task, open_task, ended(task.id, success=False, execution_time_seconds=1.5))
    (row,) = await db_pool.fetch("SELECT * FROM task_history")
    assert (row["task_description"], row["agent_used"], row["model_used"]) == (
        "Fix the parser",
        "ci",
        "small",
    )
    assert (row["success"], row["duration_ms"]) == (False, 1500)


async def test_the_history_takes_a_row_with_an_embedding(db_pool):
    await db_pool.execute(
        "INSERT INTO task_executions "
        "(task_description, task_embedding, embedder, agent_used, assigned_model, success) "
        "VALUES ('t', array_fill(0.1, ARRAY[256])::real[]::halfvec, 'e', 'QA', 'm', true)"
    )
    assert await db_pool.fetchval("SELECT count(*) FROM task_history") == 1


async def test_a_refused_report_nobody_waited_for_is_kept(db_pool):
    lost, told = ended(begun().id, success=True), ended(begun().id, success=True)
    refusal = Refusal("unknown", "no task")
    await reports.keep(db_pool, [Undelivered(lost, refusal, False), Undelivered(told, refusal, True)])
    rows = await db_pool.fetch("SELECT id, why FROM refused_reports")
    assert [tuple(row) for row in rows] == [(lost.id, "unknown: no task")]


TEXTS = st.text(max_size=20)
RESULTS = {
    "success": st.booleans(),
    "quality_score": st.floats(0, 10),
    "tests_passed": st.integers(0, 1_000_000),
    "bugs_introduced": st.integers(0, 1_000_000),
    "stakeholder_satisfaction": st.floats(1, 5),
    "value_delivered": st.floats(-1e12, 1e12),
    "actual_output_tokens": st.integers(0, 10**12),
    "actual_cost": st.floats(0, 1e6),
    "execution_time_seconds": st.floats(0, 31_536_000),
    "error_message": TEXTS,
}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=st.fixed_dictionaries({}, optional=RESULTS), title=TEXTS, at=st.integers(0, 2**50))
async def test_whatever_is_in_range_is_taken_and_told_again(deliver, db_pool, told, title, at):
    task = begun(task_title=title, at_us=at)
    verdicts = await deliver(task, ended(task.id, **told), ended(task.id, **told))
    assert verdicts == [None, None, None]
    found = await tasks.get(db_pool, task.id)
    for name, value in told.items():
        wanted = value.replace("\0", "\ufffd") if isinstance(value, str) else value
        assert getattr(found, name) == wanted


async def test_feedback_goes_with_the_log_and_the_thumbs_stay(log, deliver, db_pool):
    await log(the_request())
    await deliver(feedback(thumbs="up"), feedback("success", at_us=NOON_US + 7 * 86_400_000_000))
    async with db_pool.acquire() as connection:
        await reports.forget(connection, NOW + timedelta(days=1))
    assert await db_pool.fetchval("SELECT count(*) FROM feedback") == 1
    assert await satisfaction(db_pool) == {"small": (1, 0)}


_SAID = st.sampled_from([{"thumbs": "up"}, {"thumbs": "down"}, {"outcome": "error"}, {"outcome": "success"}])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=st.lists(_SAID, min_size=1, max_size=5), data=st.data(), number=st.integers(2, 2**60))
async def test_neither_order_nor_repetition_changes_what_counts(log, deliver, db_pool, said, data, number):
    request_id, agent = request_id_at(NOON_US, number), f"agent-{number}"
    told = [
        feedback(**one, request_id=request_id, agent=agent, key=str(n), at_us=NOON_US + n)
        for n, one in enumerate(said)
    ]
    for table in ("feedback", "user_satisfaction", "gateway_request_log"):
        await db_pool.execute(f"DELETE FROM {table}")
    await log(a_record(2, request_id=request_id, agent_id=agent))
    shuffled = data.draw(st.permutations(told + told[: data.draw(st.integers(0, len(told)))]))
    for report in shuffled:
        await deliver(report)
    newest = next((one["thumbs"] for one in reversed(said) if "thumbs" in one), None)
    found = await stored_feedback.satisfaction(db_pool, agent)
    counts = [(one.thumbs_up, one.thumbs_down) for one in found.values()]
    assert counts == {"up": [(1, 0)], "down": [(0, 1)], None: []}[newest]
    assert (await row_of(db_pool, request_id))["outcome"] == told[-1].outcome
