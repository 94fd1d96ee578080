"""Between the sums as they are stored, a row for each, and as they are computed with."""

from collections.abc import Mapping
from datetime import date, timedelta

from pointsman.learning.work import Work
from pointsman.routing.evidence import Frame, Statistics, Sums, load, total_of
from pointsman.store import day_sums


async def add_to_sums(work: Work, frame: Frame, days: Mapping[date, Statistics]) -> None:
    """Adds to the sums of days, within the running transaction."""
    models = {(day, name): sums for day, some in days.items() for name, sums in some.models.items()}
    cells = {(day, *key): row for day, some in days.items() for key, row in some.cells.items()}
    await day_sums.add(work.connection, frame.geometry.version, models, cells)


async def total(work: Work, frame: Frame) -> tuple[Statistics, tuple[str, ...]]:
    """All evidence of the days that are kept, older days fading, and what was left out because it cannot be
    true."""
    since = work.now.date() - timedelta(days=work.options.sums_days)
    parts, dropped = [(Statistics(frame.size, frame.geometry.version), 1.0)], []
    found = await day_sums.read(work.connection, frame.geometry.version, since)
    for day, (models, cells) in found.items():
        sums = Sums(size=frame.size, geometry=frame.geometry.version, models=models, cells=cells)
        statistics, bad = load(sums)
        parts.append((statistics, left_of(day, work)))
        dropped += [f"{day}/{name}" for name in bad]
    return total_of(parts), tuple(dropped)


def left_of(day: date, work: Work) -> float:
    """The share of a day's evidence that still counts, 0 to 1."""
    age_days = max((work.now.date() - day).days, 0)
    return float((1.0 - work.options.forget_per_day) ** age_days)
