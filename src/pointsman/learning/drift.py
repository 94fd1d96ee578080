"""Sees that a model does otherwise than before, and lets what it did before count little.

Fading by the day is too slow for a model that changes at noon. The newest tasks of each agent, model and
kind are held against those before, in windows of several lengths (a test of two means); kinds of task apart,
so that an agent whose work changes is not taken for a model that does. The same is looked for in what all
agents have of a model together, since it mostly changes for all: each agent is compared with itself, so that
it does not matter who happened to ask last, and the differences are added up.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from math import log, sqrt
from typing import Any, Final

from pointsman.learning.alerts import ONCE, raise_alert
from pointsman.learning.counting import Change, deltas_of
from pointsman.learning.sums import left_of
from pointsman.learning.work import Work
from pointsman.routing.evidence import Frame, Statistics
from pointsman.routing.evidence.sums import cell_row
from pointsman.store import drifts
from pointsman.store.drifts import Cell, Drift, Window

SIZES: Final = (5, 7, 10, 14, 20, 28, 40, 56, 80, 160)
"""Of windows, in tasks: the shorter, the sooner a great change is seen; the longer, the smaller a change may
be."""
LEAST_BEFORE: Final = 7
MOST: Final = 400
MOST_SHARED: Final = 2_000
LEAST_WEIGHT: Final = 2.0
"""What is older and newer must weigh as much as two outcomes each."""
WITHIN: Final = timedelta(days=7)
SIGMAS: Final = 3.0
"""Chance alone reaches this now and then, which costs little: the newest outcomes stay, and the rest counts
a tenth."""
LEAST_AGENTS: Final = 2
LEAST_SPREAD: Final = 0.05
LEAST_DIFFERENCE: Final = 0.2
KEPT: Final = 0.1
MOST_KEPT: Final = 2.0
"""The share of what was before a drift that still counts, and how many outcomes that makes at most: years of
what is not so any more must not outweigh a day of what is."""
MOST_OLD: Final = 50_000


async def look(work: Work) -> None:
    """Notes the drifts there are, with an alert for each agent that sees one itself."""
    day = (work.now - WITHIN).date()
    found = await drifts.windows(work.connection, day, SIZES, most=MOST, least_before=LEAST_BEFORE)
    shared = await drifts.shared_windows(work.connection, day, SIZES, most=MOST_SHARED)
    drifted = drifts_in(found, shared_drifts_in(shared))
    work.told["drifts"] = len(drifted)
    for drift in drifted:
        async with work.connection.transaction():
            await drifts.put(work.connection, drift, work.now)
            if drift.after_mean != drift.before_mean:
                about = (drift.model, drift.slice, drift.since.isoformat())
                await raise_alert(
                    work, "drift", _told(drift), agent_id=drift.agent_id, about=about, each=ONCE
                )


async def fade(work: Work, frame: Frame, statistics: Statistics) -> None:
    """Takes out of the sums what is older than the drifts, but for the share that is kept: contribution by
    contribution where the log still has them, by the sums of their days where it has not."""
    today, options = work.now.date(), work.options
    summed_since = today - timedelta(days=options.sums_days)
    made_since = max(today - timedelta(days=options.log_days), summed_since)
    version = frame.geometry.version
    summed = await drifts.summed_before(work.connection, version, summed_since, made_since)
    for drift in await drifts.known(work.connection):
        old = await drifts.before(work.connection, drift, made_since, MOST_OLD)
        rows = [(day, cell_row(data, frame.size)) for day, data in summed.get(drift.cell, ())]
        older = [(day, row) for day, row in rows if row is not None and row[0] > 0]
        gone = 1.0 - kept_of(sum([one.weight for one in old]) + sum([float(row[0]) for _, row in older]))
        for day, delta in deltas_of([Change(None, one) for one in old], frame).items():
            statistics.merge(delta.scaled(-gone * left_of(day, work)))
        for day, row in older:
            statistics.take_out(drift.cell, row, gone * left_of(day, work))


def sure_among(cells: int) -> float:
    """How many standard deviations make a drift where so many are looked at: of many, some one is always far
    from its mean by chance, and the farthest by about sqrt(2 ln n).

    >>> round(sure_among(20), 1), round(sure_among(5000), 1)
    (3.0, 4.1)
    """
    return max(SIGMAS, sqrt(2.0 * log(max(cells, 1))))


def kept_of(weight: float) -> float:
    """The share that still counts of what was before a drift and weighed so much.

    >>> kept_of(5.0), kept_of(200.0)
    (0.1, 0.01)
    """
    return min(KEPT, MOST_KEPT / weight) if weight > 0 else KEPT


def drifts_in(windows: Iterable[Window], shared: Iterable[Drift] = ()) -> list[Drift]:
    """One drift for each cell that has any: that of the window in which it is surest, else the one that it
    has a part in."""
    surest: dict[Cell, tuple[float, Drift]] = {one.cell: (0.0, one) for one in shared}
    windows = list(windows)
    least = sure_among(len({one.cell for one in windows}))
    for window in windows:
        if min(window.old_weight, window.new_weight) < LEAST_WEIGHT:
            continue
        sigmas, difference = sigmas_of(window), _difference(window)
        cell = window.cell
        if abs(difference) < LEAST_DIFFERENCE or sigmas < least:
            continue
        if cell not in surest or sigmas > surest[cell][0]:
            surest[cell] = (sigmas, _drift(window))
    return [drift for _, (_, drift) in sorted(surest.items())]


def shared_drifts_in(windows: Iterable[Window]) -> list[Drift]:
    """A drift of each agent that has a part in one that all agents' outcomes together show: of those that
    see the same change, or have asked for nothing since."""
    groups: dict[tuple[str, str, int], list[Window]] = {}
    for window in windows:
        groups.setdefault((window.model, window.slice, window.size), []).append(window)
    surest: dict[tuple[str, str], tuple[float, list[Drift]]] = {}
    least = sure_among(len({one.cell for group in groups.values() for one in group}))
    for (model, kind, _), group in groups.items():
        both = [one for one in group if one.old_weight > 0 and one.new_weight > 0]
        if len(both) < LEAST_AGENTS or sum([one.old_weight for one in both]) < LEAST_WEIGHT:
            continue
        difference, sigmas = _together(both)
        if abs(difference) < LEAST_DIFFERENCE or sigmas <= max(least, surest.get((model, kind), (0.0,))[0]):
            continue
        parts = [one for one in group if one.old_weight > 0 and _agrees(one, difference)]
        surest[model, kind] = (sigmas, [_drift(one) for one in parts])
    return [drift for _, found in surest.values() for drift in found]


def _together(windows: Sequence[Window]) -> tuple[float, float]:
    """By how much all agents' newer outcomes differ from their own older ones, and in how many standard
    deviations. How far outcomes spread is told by all of them: one agent's may be too few to show it."""
    total = difference = doubt = 0.0
    spread = _spread(windows)
    for one in windows:
        share = one.new_weight * one.old_weight / (one.new_weight + one.old_weight)
        total += share
        difference += share * _difference(one)
        doubt += share**2 * _doubt(one, spread)
    return difference / total, abs(difference) / sqrt(doubt)


def _agrees(window: Window, difference: float) -> bool:
    return window.new_weight == 0 or _difference(window) * difference > 0


def _difference(window: Window) -> float:
    return window.new_reward / window.new_weight - window.old_reward / window.old_weight


def _spread(windows: Sequence[Window]) -> float:
    """The variance of single outcomes around their common mean."""
    weight = sum([one.new_weight + one.old_weight for one in windows])
    mean = sum([one.new_reward + one.old_reward for one in windows]) / weight
    return max(mean * (1.0 - mean), LEAST_SPREAD)


def _doubt(window: Window, spread: float) -> float:
    """The variance of a window's difference, when its outcomes spread so."""
    return spread * (window.new_square / window.new_weight**2 + window.old_square / window.old_weight**2)


def _drift(window: Window) -> Drift:
    before = window.old_reward / window.old_weight
    return Drift(
        agent_id=window.agent_id,
        model=window.model,
        slice=window.slice,
        since=window.since,
        before_mean=before,
        after_mean=window.new_reward / window.new_weight if window.new_weight else before,
    )


def sigmas_of(window: Window) -> float:
    """By how many standard deviations both means differ, each with a success and a failure added: without
    these, three failures in a row would be a sure sign (Agresti and Caffo 2000)."""
    after, after_doubt = _added(window.new_weight, window.new_reward, window.new_square)
    before, before_doubt = _added(window.old_weight, window.old_reward, window.old_square)
    return abs(after - before) / sqrt(after_doubt + before_doubt)


def _added(weight: float, reward: float, square: float) -> tuple[float, float]:
    """The mean of outcomes with a success and a failure more, and its variance."""
    count = weight**2 / square
    mean = (reward / weight * count + 1.0) / (count + 2.0)
    return mean, mean * (1.0 - mean) / (count + 2.0)


def _told(drift: Drift) -> dict[str, Any]:
    return {
        "model": drift.model,
        "kind_of_task": drift.slice,
        "before": round(drift.before_mean, 4),
        "after": round(drift.after_mean, 4),
        "since": drift.since.isoformat(),
    }
