"""Every 30 minutes: counts new outcomes, and those that correct older ones, into the sums of their days.

Cursor, contributions and sums move in one transaction, so that a kill at any moment neither loses a label
nor counts one twice; a decision that is looked at again is counted by its difference to what it added.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from msgspec.structs import replace

from pointsman.learning.counting import Key, changes_of, contributions_of, conversation_of, deltas_of
from pointsman.learning.frames import frame_in_use
from pointsman.learning.jobs.told import note_answers_in_time, note_tasks
from pointsman.learning.sums import add_to_sums
from pointsman.learning.work import Work
from pointsman.routing.evidence import Frame
from pointsman.routing.names import model_of
from pointsman.store import learning
from pointsman.store.learning import TASK, Attempted, Cursor

PATIENCE: Final = timedelta(days=1)
"""How long outcomes wait for their request to come into the log."""
OUTCOMES: Final = "outcomes"
CHANGES: Final = "changes"
"""The cursor that counts how often contributions changed."""


async def run(work: Work) -> None:
    """Counts everything there is."""
    await note_tasks(work)
    await note_answers_in_time(work)
    frame = await frame_in_use(work)
    cursor = await learning.cursor(work.connection, OUTCOMES)
    total = await learning.outcomes_behind(work.connection, cursor.number)
    work.told.update(outcomes=total, decisions=0, changed=0)
    await _count_waiting(work, frame)
    while await _count_next(work, frame):
        done = (await learning.cursor(work.connection, OUTCOMES)).number - cursor.number
        work.progress("outcomes", min(done, total), total)
    for day in (work.now.date() - timedelta(days=1), work.now.date()):
        await _measure(work, day)


async def _measure(work: Work, day: date) -> None:
    work.progress("performance", 0, 0)
    await learning.measure_performance(work.connection, day)


async def _count_next(work: Work, frame: Frame) -> bool:
    """Counts the next outcomes. False when there are none."""
    async with work.connection.transaction():
        cursor = await learning.cursor(work.connection, OUTCOMES)
        decisions, number = await learning.new_decisions(work.connection, cursor.number, work.options.batch)
        if not decisions:
            return False
        await _count(work, frame, decisions)
        await learning.put_cursor(work.connection, OUTCOMES, Cursor(number))
    return True


async def _count_waiting(work: Work, frame: Frame) -> None:
    """Counts decisions again that were not in the log last time."""
    async with work.connection.transaction():
        waiting = await learning.waiting(work.connection, work.options.batch)
        await learning.wait_no_more(work.connection, waiting, work.now - PATIENCE)
        if waiting:
            await _count(work, frame, waiting)


async def _attempted(work: Work, decisions: Sequence[str]) -> dict[Key, Attempted]:
    """The attempts of some decisions. A task may name its model by a part of the name."""
    found = await learning.attempted(work.connection, decisions)
    return {
        key: replace(one, model=model_of(one.model, work.policy)) if one.decision_id.startswith(TASK) else one
        for key, one in found.items()
    }


async def _count(work: Work, frame: Frame, decisions: Sequence[str]) -> None:
    """Counts decisions, and the conversations they are in as these share a cap."""
    connection = work.connection
    attempts = await _attempted(work, decisions)
    known = {decision for decision, _ in attempts}
    missing = [one for one in decisions if one not in known]
    if missing:
        await learning.wait_for(connection, missing, work.now)
    conversations = {one for attempt in attempts.values() if (one := conversation_of(attempt)) is not None}
    beside = set(await learning.of_conversations(connection, sorted(conversations))) - known
    attempts |= await _attempted(work, sorted(beside))
    everything = sorted({decision for decision, _ in attempts})
    old = await learning.contributions(connection, everything)
    new = contributions_of(
        attempts,
        await learning.signs(connection, everything),
        work.profile,
        frame.geometry.version,
        work.options.conversation_weight,
    )
    changes = changes_of({key: one for key, one in old.items() if key in attempts}, new)
    await add_to_sums(work, frame, deltas_of(changes, frame))
    await learning.put_contributions(connection, [one.new for one in changes if one.new is not None])
    gone = [(one.old.decision_id, one.old.attempt) for one in changes if one.new is None and one.old]
    await learning.drop_contributions(connection, gone)
    work.told["decisions"] += len(known)
    work.told["changed"] += len(changes)
    if changes:
        before = await learning.cursor(connection, CHANGES)
        await learning.put_cursor(connection, CHANGES, Cursor(before.number + len(changes)))
