"""Positions in the log survive their way through a URL."""

from hypothesis import given
from hypothesis import strategies as st

from pointsman.store.request_log import Position
from pointsman.web.log import _cursor, _position

TIMES = st.integers(0, 253_370_764_800_000_000 // 10)


@given(TIMES, st.text(min_size=1), st.integers(0, 2**31 - 1))
def test_a_position_comes_back_from_its_text(started_at_us, request_id, attempt):
    position = Position(started_at_us, request_id, attempt)
    assert _position(_cursor(position)) == position
