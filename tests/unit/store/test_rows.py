"""Rows hold what records say, and nothing that a database refuses."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.store_records import PLAIN, a_record, records

from pointsman.core.events import RequestRecord
from pointsman.store.rows import COLUMNS, MAX_TIME_US, record_of, row_of, time_of, us_of

WITHOUT_ZERO = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@given(records(WITHOUT_ZERO))
def test_a_record_comes_back_from_its_row(record: RequestRecord) -> None:
    kept = max(record.cost_usd_micros, -(2**63 - 1))
    wanted = replace(record, logged=True, **{n: max(getattr(record, n), -(2**63 - 1)) for n in COUNTS})
    assert record_of(dict(zip(COLUMNS, row_of(record), strict=True))) == replace(wanted, cost_usd_micros=kept)


COUNTS = (
    "tokens_in",
    "tokens_out",
    "tokens_cached",
    "tokens_cache_write",
    "tokens_reasoning",
    "policy_version",
)


@given(records(st.text(st.sampled_from("a\0"), max_size=3)))
def test_no_text_in_a_row_holds_the_zero_character(record: RequestRecord) -> None:
    assert not any("\0" in value for value in row_of(record) if isinstance(value, str))
    assert not any("\0" in text for value in row_of(record) if isinstance(value, list) for text in value)


def test_zero_characters_inside_features_are_replaced() -> None:
    row = row_of(a_record(0, features=b'{"a":"\\u0000"}'))
    assert row[COLUMNS.index("features")] == b'{"a":"\\ufffd"}'


def test_numbers_are_kept_within_their_columns() -> None:
    row = row_of(a_record(0, tokens_in=2**64, attempt=2**40, cost_usd_micros=-(2**70)))
    values = dict(zip(COLUMNS, row, strict=True))
    assert (values["tokens_in"], values["attempt"]) == (2**63 - 1, 2**31 - 1)
    assert values["cost_usd_micros"] == -(2**63 - 1)


@given(st.integers(0, MAX_TIME_US))
def test_times_survive_to_the_microsecond(us: int) -> None:
    assert us_of(time_of(us)) == us


def test_times_out_of_range_are_brought_into_it() -> None:
    assert time_of(-1) == datetime(1970, 1, 1, tzinfo=UTC)
    assert time_of(10**30) == datetime(9999, 1, 1, tzinfo=UTC)
    assert time_of(PLAIN.started_at_us) == datetime(2026, 3, 1, tzinfo=UTC) + timedelta(hours=12)
