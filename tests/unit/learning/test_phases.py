"""Whose turn it is."""

from datetime import UTC, datetime, timedelta

import pytest

from pointsman.learning.jobs.rules import task_type_of
from pointsman.learning.phases import PHASES, due, early
from pointsman.learning.work import Options
from pointsman.routing.performance import slice_of
from pointsman.store.learned import PhaseRun

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOURLY = PHASES[1]


def ran(began_min: float, ended_min: float | None = None, error: str | None = None) -> PhaseRun:
    """A run that began, and ended, so many minutes ago."""
    ended = None if ended_min is None else NOW - timedelta(minutes=ended_min)
    began = NOW - timedelta(minutes=began_min)
    return PhaseRun(
        phase="confidence",
        started_at=began,
        finished_at=ended,
        runs=1,
        failures=0,
        error=error,
        told=None,
        worker="here:1",
    )


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (None, True),
        (ran(59, 58), False),
        (ran(60, 59), True),
        (ran(1, None), True),  # cut off in its first run
        (ran(1, 61), True),  # cut off in a later one
        (ran(4, None, "failed"), False),
        (ran(5, None, "failed"), True),
    ],
)
def test_a_phase_is_due_when_its_time_has_come_or_it_was_cut_off(last, expected):
    assert due(HOURLY, last, NOW, Options()) is expected


def test_the_configured_interval_counts():
    assert due(HOURLY, ran(2, 1), NOW, Options(intervals_s={"confidence": 60.0}))


@pytest.mark.parametrize(
    ("began_min", "behind", "number", "expected"),
    [(10, 99, 0, False), (10, 100, 0, True), (0.4, 100, 0, False), (10, 400, 10_000, False)],
)
def test_many_new_outcomes_let_confidences_be_learned_early(began_min, behind, number, expected):
    assert early(ran(began_min, began_min - 0.1), NOW, behind, number, Options()) is expected
    assert not early(ran(began_min, 0.1), NOW, behind, number, Options(early_outcomes=0))


def test_the_phases_are_those_of_the_seeds():
    assert [(phase.name, phase.every_s) for phase in PHASES] == [
        ("aggregate", 1800),
        ("confidence", 3600),
        ("rules", 21_600),
        ("experiments", 43_200),
        ("daily", 86_400),
    ]


@pytest.mark.parametrize("kind", ["", "code", "data_science", "side_title"])
def test_a_kinds_task_type_is_of_that_kind(kind):
    assert slice_of(task_type_of(kind)) == kind
