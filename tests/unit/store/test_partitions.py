"""Names and ages of the log's partitions."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.store.partitions import day_of, days_ahead, name_of
from pointsman.store.retention import expired

DAYS = st.dates(date(1970, 1, 1), date(9999, 1, 1))


@given(DAYS)
def test_a_name_tells_its_day(day: date) -> None:
    assert day_of(name_of(day)) == day


@given(DAYS, DAYS)
def test_names_sort_as_their_days(one: date, other: date) -> None:
    assert (name_of(one) < name_of(other)) == (one < other)


@pytest.mark.parametrize("name", ["gateway_request_log", "gateway_request_log_p20261399", "agents", ""])
def test_other_tables_are_no_partitions(name: str) -> None:
    assert day_of(name) is None


def test_partitions_are_made_for_today_and_the_days_after() -> None:
    assert days_ahead(date(2026, 2, 27))[:3] == [date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 1)]


@given(st.lists(st.dates(date(2000, 1, 1), date(2100, 1, 1)), max_size=20), st.integers(1, 400))
def test_exactly_the_older_days_expire(days: list[date], keep_days: int) -> None:
    today = date(2050, 1, 1)
    gone = expired(days, today, keep_days)
    assert all(day + timedelta(days=keep_days) < today for day in gone)
    assert all(day in gone or day + timedelta(days=keep_days) >= today for day in days)


def test_keeping_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        expired([], date(2026, 1, 1), 0)
