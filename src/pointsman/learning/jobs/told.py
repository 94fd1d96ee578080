"""Outcomes that learning itself notes: what was told of tasks, at the requests made for them, and answers in
time of agents whose success shows there. Written as any outcome, so that all are counted in one way."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final

from pointsman.core.outcomes import OutcomeRecord, OutcomeSource, event_id_of
from pointsman.core.snapshot import AgentProfile
from pointsman.learning.labels import IN_TIME, IN_TIME_WEIGHT, TOLD_TASK, in_time, task_label
from pointsman.learning.work import Work
from pointsman.store import latencies, learning, outcomes
from pointsman.store.feedback import began_us
from pointsman.store.learning import TASK, Cursor, ToldTask
from pointsman.store.rows import EPOCH, us_of

PAGE: Final = 5_000
TASK_OVERLAP: Final = timedelta(minutes=5)
"""A change may become visible so long after its time."""
LOG_OVERLAP: Final = timedelta(hours=2)
"""The same for the log, whose journals may come late."""


async def note_tasks(work: Work) -> None:
    """Notes what was told of tasks since the last time. What was noted before is not noted again."""
    cursor = await learning.cursor(work.connection, TOLD_TASK)
    after, told = max(cursor.at, EPOCH + TASK_OVERLAP) - TASK_OVERLAP, 0
    while True:
        tasks = await learning.tasks_changed(work.connection, after, PAGE)
        async with work.connection.transaction():
            if tasks:
                after = tasks[-1].changed_at
                at = max(after, cursor.at)
                await learning.put_cursor(work.connection, TOLD_TASK, Cursor(0, at))
                told += len([one for one in tasks if one.changed_at > cursor.at])
                await outcomes.add(work.connection, [sign for one in tasks for sign in _of_task(one)])
        if len(tasks) < PAGE:
            break
    if told:
        await learning.refresh_models(work.connection)


async def note_answers_in_time(work: Work) -> None:
    """Notes the answers of agents whose `success_signal` is the time they take."""
    profiles = work.policy.agents.values() if work.policy is not None else ()
    timed = {one.id: one for one in profiles if one.success_signal == "completion_time"}
    cursor = await learning.cursor(work.connection, IN_TIME)
    after = max(cursor.at, EPOCH + LOG_OVERLAP) - LOG_OVERLAP
    while timed:
        rows = await latencies.answered(work.connection, sorted(timed), after, PAGE)
        async with work.connection.transaction():
            if rows:
                after = rows[-1]["started_at"]
                await learning.put_cursor(work.connection, IN_TIME, Cursor(0, max(after, cursor.at)))
                await outcomes.add(work.connection, [sign for row in rows for sign in _of_answer(row, timed)])
        if len(rows) < PAGE:
            return


def _of_task(task: ToldTask) -> Iterable[OutcomeRecord]:
    """The signs that a task's end is: one at each request made for it, which share its weight; at the task
    itself when no request is named."""
    label = task_label(task)
    if label is None or not (task.request_ids or task.assigned_model):
        return
    requests = sorted(set(task.request_ids)) or [f"{TASK}{task.id}"]
    for decision in requests:
        at_us = us_of(task.timestamp) if decision.startswith(TASK) else began_us(decision)
        yield OutcomeRecord(
            event_id=event_id_of(decision, TOLD_TASK, f"{task.id}\0{us_of(task.outcome_at)}"),
            decision_id=decision,
            attempt=0,
            target="",
            agent_id=task.agent_id,
            signal=TOLD_TASK,
            label=label,
            weight=1.0 / len(requests),
            source=OutcomeSource.TOLD,
            outcome="success" if task.success else "error" if task.success is False else "",
            detail="task",
            seen_at_us=us_of(task.outcome_at),
            decided_at_us=at_us,
        )


def _of_answer(row: Mapping[str, Any], profiles: Mapping[str, AgentProfile]) -> Iterable[OutcomeRecord]:
    """The sign that an answer came in time or late; none for what did not stream, if chunks are timed."""
    profile = profiles[row["agent_id"]]
    taken_ms = row["chunk_ms"] if profile.latency_slo_of == "chunk" else row["latency_ms"]
    if taken_ms is None:
        return
    label = in_time(taken_ms, profile)
    yield OutcomeRecord(
        event_id=event_id_of(row["request_id"], IN_TIME, str(row["attempt"])),
        decision_id=row["request_id"],
        attempt=row["attempt"],
        target=f"{row['provider']}/{row['model']}",
        agent_id=row["agent_id"],
        signal=IN_TIME,
        label=label,
        weight=IN_TIME_WEIGHT,
        source=OutcomeSource.OBSERVED,
        outcome="success" if label >= 1.0 else "timeout" if label <= 0.0 else "",
        detail="in_time" if label >= 1.0 else "late",
        seen_at_us=us_of(row["started_at"]) + int(row["latency_ms"] * 1000),
        decided_at_us=us_of(row["started_at"]),
    )
