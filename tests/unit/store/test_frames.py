"""Frames survive whatever happens to the bytes around them."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.store_records import AN_OUTCOME, PLAIN, a_record, an_outcome, outcomes, records

from pointsman.core.events import RequestRecord
from pointsman.core.outcomes import OutcomeRecord
from pointsman.store.frames import MAX_PAYLOAD_BYTES, OUTCOME_MARK, Damage, Frame, Record, encode_frame, scan


def read(data: bytes) -> list[Record | None]:
    return [found.record for found in scan(data, 0) if isinstance(found, Frame)]


@given(st.lists(records() | outcomes(), max_size=4))
def test_what_was_framed_is_read_again(wanted: list[Record]) -> None:
    assert read(b"".join(encode_frame(record) for record in wanted)) == wanted


@given(st.integers(0, 5), st.data())
def test_a_torn_end_costs_only_the_frame_it_tears(count: int, data: st.DataObject) -> None:
    wanted = [a_record(n) for n in range(count)]
    whole = b"".join(encode_frame(record) for record in wanted)
    torn = encode_frame(a_record(99))
    cut = data.draw(st.integers(0, len(torn) - 1))
    assert read(whole + torn[:cut]) == wanted


@given(st.data())
def test_damage_costs_only_the_frames_it_touches(data: st.DataObject) -> None:
    wanted = [a_record(0), an_outcome(1), a_record(2), an_outcome(3)]
    frames = [encode_frame(record) for record in wanted]
    hurt = data.draw(st.integers(0, 3))
    at = data.draw(st.integers(0, len(frames[hurt]) - 1))
    flip = data.draw(st.integers(1, 255))
    broken = bytearray(frames[hurt])
    broken[at] ^= flip
    text = b"".join([*frames[:hurt], bytes(broken), *frames[hurt + 1 :]])
    assert read(text) == [record for n, record in enumerate(wanted) if n != hurt]


def test_one_kind_of_frame_cannot_be_damaged_into_the_other() -> None:
    frame = bytearray(encode_frame(a_record(0)))
    frame[: len(OUTCOME_MARK)] = OUTCOME_MARK
    assert read(bytes(frame)) == []


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_rubbish_around_a_frame_does_not_hide_it(before: bytes, after: bytes) -> None:
    assert PLAIN in read(before + encode_frame(PLAIN) + after)


@given(st.binary(min_size=1, max_size=100))
def test_damage_is_reported_with_its_place(rubbish: bytes) -> None:
    found = [f for f in scan(rubbish + encode_frame(PLAIN), 1000) if isinstance(f, Damage)]
    assert [(d.start, d.end) for d in found] == [(1000, 1000 + len(rubbish))]


def test_offsets_count_from_the_base() -> None:
    frame = encode_frame(PLAIN)
    assert [f.end for f in scan(frame * 2, 50)] == [50 + len(frame), 50 + 2 * len(frame)]


def test_a_record_over_the_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="too large"):
        encode_frame(a_record(1, session_key="x" * MAX_PAYLOAD_BYTES))


def test_a_record_without_the_newest_fields_is_read() -> None:
    values = msgspec.msgpack.decode(msgspec.msgpack.encode(PLAIN))
    older = msgspec.msgpack.decode(msgspec.msgpack.encode(values[:-1]), type=RequestRecord)
    assert older == PLAIN


def test_an_outcome_without_fields_that_came_later_would_be_read() -> None:
    values = msgspec.msgpack.decode(msgspec.msgpack.encode(AN_OUTCOME))
    newer = msgspec.msgpack.encode([*values, "a field of a later version"])
    assert msgspec.msgpack.decode(newer, type=OutcomeRecord) == AN_OUTCOME
