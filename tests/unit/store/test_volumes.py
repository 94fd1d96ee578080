"""Sums by agent, tier, day and key."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.store_records import NOON_US, a_record, records

from pointsman.core.events import RequestKind, RequestRecord
from pointsman.store.volumes import MAX_COUNT, Volume, sums_of

DAY_US = 86_400_000_000
DAY = date(2026, 3, 1)


@given(st.lists(records(st.sampled_from(["a", "b"])), max_size=8), st.randoms())
def test_order_does_not_change_volumes(given_records: list[RequestRecord], random: object) -> None:
    shuffled = list(given_records)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    first, second = sums_of(given_records), sums_of(shuffled)
    assert (first.volumes, first.keys) == (second.volumes, second.keys)


@given(st.lists(records(st.sampled_from(["a", "b"])), max_size=8))
def test_nothing_is_lost_between_tiers_and_days(given_records: list[RequestRecord]) -> None:
    volumes = sums_of(given_records).volumes.values()
    costs = [min(max(r.cost_usd_micros, 0), MAX_COUNT) for r in given_records]
    assert sum(v.cost_usd_micros for v in volumes) == sum(costs)
    assert sum(v.requests for v in volumes) == sum(
        r.attempt == 0 and r.kind != RequestKind.SHADOW for r in given_records
    )


def test_a_fallback_costs_but_is_no_further_request() -> None:
    sums = sums_of([a_record(0), a_record(0, attempt=1)])
    assert sums.volumes["claude-code", "fast", DAY] == Volume(1, 0, 0, 200, 40, 2000)


@pytest.mark.parametrize(
    ("kind", "retries", "sides"), [(RequestKind.RETRY, 1, 0), (RequestKind.SIDE_TITLE, 0, 1)]
)
def test_retries_and_side_requests_are_counted_apart(kind: str, retries: int, sides: int) -> None:
    (volume,) = sums_of([a_record(0, kind=kind)]).volumes.values()
    assert (volume.requests, volume.retries, volume.side_requests) == (1, retries, sides)


def test_shadows_cost_apart_from_the_agents_own_work() -> None:
    sums = sums_of([a_record(0), a_record(1, kind=RequestKind.SHADOW)])
    assert sums.volumes["claude-code", "fast", DAY] == Volume(1, 0, 0, 100, 20, 1000)
    assert sums.volumes["claude-code", "shadow", DAY] == Volume(0, 0, 0, 100, 20, 1000)


def test_midnight_divides_the_days() -> None:
    sums = sums_of([a_record(0), a_record(1, started_at_us=NOON_US + DAY_US // 2)])
    assert [day for _, _, day in sums.volumes] == [DAY, date(2026, 3, 2)]


def test_keys_are_summed_when_there_are_any() -> None:
    sums = sums_of([a_record(0), a_record(1, key_id="key_1"), a_record(2, key_id="key_1")])
    assert {key: v.requests for key, v in sums.keys.items()} == {("key_1", DAY): 2}


def test_an_agents_source_is_that_of_its_last_request() -> None:
    late = a_record(5, agent_source="key")
    early = a_record(1, agent_source="header")
    seen = sums_of([late, early]).agents["claude-code"]
    assert (seen.source, seen.first_us, seen.last_us) == ("key", early.started_at_us, late.started_at_us)


def test_requests_not_logged_count_too() -> None:
    (volume,) = sums_of([a_record(0, logged=False)]).volumes.values()
    assert volume.cost_usd_micros == 1000
