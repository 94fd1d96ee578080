"""Sees that a model does otherwise than before, and lets what it did before count little.

Fading by the day is too slow for a model that changes at noon. The newest outcomes of each agent, model and
kind of task are held against those before, in a short and a long window (a test of two means); kinds of
task apart, so that an agent whose work changes is not taken for a model that does.
"""

from collections.abc import Iterable
from datetime import timedelta
from math import sqrt
from typing import Final

from pointsman.learning.counting import Change, deltas_of
from pointsman.learning.work import Work
from pointsman.routing.evidence import Frame, Statistics
from pointsman.store import drifts, learned
from pointsman.store.drifts import Drift, Window
from pointsman.store.learned import Alert

SIZES: Final = (20, 60)
LEAST_BEFORE: Final = 20
MOST: Final = 400
WITHIN: Final = timedelta(days=7)
SIGMAS: Final = 3.5
"""Chance alone reaches this now and then, which costs little: the newest outcomes stay, and the rest counts
a tenth."""
LEAST_SPREAD: Final = 0.05
LEAST_DIFFERENCE: Final = 0.2
KEPT: Final = 0.1
"""The share of what was before a drift that still counts."""
MOST_OLD: Final = 50_000


async def look(work: Work) -> None:
    """Notes the drifts there are, with an alert each."""
    day = (work.now - WITHIN).date()
    found = await drifts.windows(work.connection, day, SIZES, most=MOST, least_before=LEAST_BEFORE)
    drifted = drifts_in(found)
    work.told["drifts"] = len(drifted)
    for drift in drifted:
        async with work.connection.transaction():
            await drifts.put(work.connection, drift, work.now)
            await learned.raise_alert(work.connection, _alert(drift, work))


async def fade(work: Work, frame: Frame, statistics: Statistics) -> None:
    """Takes out of the sums what is older than the drifts, but for the share that is kept."""
    today = work.now.date()
    for drift in await drifts.known(work.connection):
        day = today - timedelta(days=work.options.log_days)
        old = await drifts.before(work.connection, drift, day, MOST_OLD)
        for when, delta in deltas_of([Change(None, one) for one in old], frame).items():
            keep = (1.0 - work.options.forget_per_day) ** max((today - when).days, 0)
            statistics.merge(delta.scaled(-(1.0 - KEPT) * keep))


def drifts_in(windows: Iterable[Window]) -> list[Drift]:
    """One drift for each cell that has any: that of the window in which it is surest."""
    surest: dict[tuple[str, str, str], tuple[float, Drift]] = {}
    for window in windows:
        before = window.old_reward / window.old_weight
        after = window.new_reward / window.new_weight
        sigmas = sigmas_of(window)
        cell = (window.agent_id, window.model, window.slice)
        if abs(after - before) < LEAST_DIFFERENCE or sigmas < SIGMAS:
            continue
        if cell not in surest or sigmas > surest[cell][0]:
            drift = Drift(
                agent_id=window.agent_id,
                model=window.model,
                slice=window.slice,
                since=window.since,
                before_mean=before,
                after_mean=after,
            )
            surest[cell] = (sigmas, drift)
    return [drift for _, (_, drift) in sorted(surest.items())]


def sigmas_of(window: Window) -> float:
    """By how many standard deviations both means differ, if nothing has changed."""
    after, before = window.new_reward / window.new_weight, window.old_reward / window.old_weight
    doubt = max(after * (1.0 - after), LEAST_SPREAD) * window.new_square / window.new_weight**2
    doubt += max(before * (1.0 - before), LEAST_SPREAD) * window.old_square / window.old_weight**2
    return abs(after - before) / sqrt(doubt)


def _alert(drift: Drift, work: Work) -> Alert:
    detail = {
        "model": drift.model,
        "kind_of_task": drift.slice,
        "before": round(drift.before_mean, 4),
        "after": round(drift.after_mean, 4),
        "since": drift.since.isoformat(),
    }
    return Alert(
        key=f"drift {drift.agent_id} {drift.model} {drift.slice} {drift.since.isoformat()}",
        kind="drift",
        agent_id=drift.agent_id,
        detail=detail,
        at=work.now,
    )
