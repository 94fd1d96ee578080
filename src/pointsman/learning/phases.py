"""When what is learned: the table of phases, who runs them, and what happens when one fails.

One process of all that share a database runs a phase at a time. Its place is a lock that its connection
holds, and all of a phase's work goes over that connection: who loses the place cannot go on by mistake.
"""

import logging
import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec import Struct

from pointsman.learning import publishing
from pointsman.learning.alerts import raise_alert
from pointsman.learning.jobs import aggregate, confidence, daily, experiments, rules
from pointsman.learning.work import Options, Progress, Work, in_silence
from pointsman.store import learned, learning
from pointsman.store.learned import PhaseRun
from pointsman.store.pool import AWAY, Connection

STATEMENT_TIMEOUT_MS: Final = 900_000
AGAIN_AFTER: Final = timedelta(minutes=5)
"""A phase that failed is tried again so soon, if that is sooner than its turn."""
EARLY_AFTER: Final = timedelta(seconds=30)
EARLY_SHARE: Final = 0.05
"""Confidences are learned before their time for this share of all outcomes, but not more often than that."""
_logger = logging.getLogger("pointsman.learning")


class Phase(Struct, frozen=True, kw_only=True):
    """A job and how often it is done."""

    name: str
    every_s: float
    what: str
    run: Callable[[Work], Awaitable[None]]


PHASES: Final = (
    Phase(name="aggregate", every_s=1800, what="count new outcomes", run=aggregate.run),
    Phase(name="confidence", every_s=3600, what="learn and publish", run=confidence.run),
    Phase(name="rules", every_s=21_600, what="rules and divergences", run=rules.run),
    Phase(name="experiments", every_s=43_200, what="measure experiments", run=experiments.run),
    Phase(name="daily", every_s=86_400, what="let silence fade, forget", run=daily.run),
)
"""All phases, in the order in which they are run when several are due."""


CONFIDENCE: Final = next(phase for phase in PHASES if phase.name == "confidence")


class Ran(Struct, frozen=True, kw_only=True):
    """One phase that was run. `error` is None when it went well."""

    phase: str
    seconds: float
    told: dict[str, Any]
    error: str | None = None


def due(phase: Phase, last: PhaseRun | None, now: datetime, options: Options) -> bool:
    """Whether it is a phase's turn: its time has come since it last began, or it was cut off."""
    if last is None:
        return True
    every = timedelta(seconds=options.intervals_s.get(phase.name, phase.every_s))
    if last.error is not None:
        return now - last.started_at >= min(every, AGAIN_AFTER)
    if last.finished_at is None or last.finished_at < last.started_at:
        return True
    return now - last.started_at >= every


def early(last: PhaseRun | None, now: datetime, behind: int, number: int, options: Options) -> bool:
    """Whether confidences shall be learned before their time: `behind` outcomes have come since number
    `number`, which is many beside those before."""
    if last is None or not options.early_outcomes or now - last.started_at < EARLY_AFTER:
        return False
    return last.error is None and behind >= enough_outcomes(number, options)


def enough_outcomes(number: int, options: Options) -> int:
    """How many new outcomes are many beside the `number` of those before."""
    return max(options.early_outcomes, round(EARLY_SHARE * number))


async def run_due(
    connection: Connection, options: Options, clock: Callable[[], datetime], progress: Progress = in_silence
) -> list[Ran] | None:
    """Runs the phases whose turn it is, and mends what a gateway's publication has lost; None when another
    process is at it. A phase that fails does not keep the others."""
    if not await learned.try_lease(connection):
        return None
    try:
        await publishing.mend(connection, clock())
        last = await learned.phases(connection)
        wanted = [phase for phase in PHASES if due(phase, last.get(phase.name), clock(), options)]
        if CONFIDENCE not in wanted and await _early(connection, last.get("confidence"), clock(), options):
            wanted.append(CONFIDENCE)
        return [await run(connection, phase, options, clock, progress) for phase in wanted]
    finally:
        await _let_go(connection)


async def run_these(
    connection: Connection,
    names: Sequence[str],
    options: Options,
    clock: Callable[[], datetime],
    progress: Progress = in_silence,
) -> list[Ran] | None:
    """Runs phases by name, in their order, due or not; None when another process is at it."""
    if not await learned.try_lease(connection):
        return None
    try:
        wanted = [phase for phase in PHASES if phase.name in names]
        return [await run(connection, phase, options, clock, progress) for phase in wanted]
    finally:
        await _let_go(connection)


async def run(
    connection: Connection,
    phase: Phase,
    options: Options,
    clock: Callable[[], datetime],
    progress: Progress = in_silence,
) -> Ran:
    """Runs one phase; the caller has the place. What goes wrong is noted, with an alert, and told; only the
    loss of the database is raised."""
    began = clock()
    await learned.begin_phase(connection, phase.name, began, f"{socket.gethostname()}:{os.getpid()}")
    if (await publishing.newest(connection)).spoiled:
        await publishing.restore(connection, began)
    policy = await publishing.latest(connection)
    work = Work(connection=connection, now=began, options=options, policy=policy, progress=progress)
    error = None
    try:
        await phase.run(work)
        await learned.end_phase(connection, phase.name, clock(), work.told)
    except Exception as failure:
        if isinstance(failure, AWAY) and connection.is_closed():
            raise
        _logger.exception("The phase %s failed.", phase.name)
        error = f"{type(failure).__name__}: {failure}"
        await learned.fail_phase(connection, phase.name, error)
        detail = {"phase": phase.name, "error": error[:500]}
        await raise_alert(work, "phase_failed", detail, about=(phase.name,))
    seconds = (clock() - began).total_seconds()
    return Ran(phase=phase.name, seconds=seconds, told=work.told, error=error)


async def _early(connection: Connection, last: PhaseRun | None, now: datetime, options: Options) -> bool:
    number = (await learning.cursor(connection, aggregate.OUTCOMES)).number
    enough = enough_outcomes(number, options)
    return early(last, now, await learning.outcomes_behind(connection, number, enough), number, options)


async def _let_go(connection: Connection) -> None:
    if not connection.is_closed():
        await learned.end_lease(connection)
