import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.gateway.dialects.cuts import CUTS, pieces

from pointsman.gateway.dialects.framing import NdjsonFramer, SseFrame, SseFramer

FRAMERS = [SseFramer, NdjsonFramer]
every_framer = pytest.mark.parametrize("framer", FRAMERS)

LINES = st.sampled_from(
    [b"event: a", b"event:b", b"data: x", b"data:y", b"data: ", b"data", b": note", b"id: 3", b"retry: 9"]
)
ENDS = st.sampled_from([b"\n", b"\r\n"])
STREAMS = st.lists(st.tuples(LINES | st.just(b""), ENDS).map(b"".join), max_size=16).map(b"".join)
JSON_LINES = st.lists(st.sampled_from([b'{"a":1}', b"[]", b"", b" ", b'"\xc3\xa4"']), max_size=8).map(
    b"\n".join
)


def frames_of(framer, chunks):
    found = framer()
    frames = [frame for chunk in chunks for frame in found.feed(chunk)]
    return frames, found.pending_bytes, found.end()


@given(STREAMS | JSON_LINES, CUTS)
def test_however_the_network_cuts_a_stream_its_events_are_the_same(stream, cuts):
    for framer in FRAMERS:
        assert frames_of(framer, pieces(stream, cuts)) == frames_of(framer, [stream])


@given(STREAMS)
def test_byte_by_byte_gives_the_same_events(stream):
    assert frames_of(SseFramer, [bytes([byte]) for byte in stream]) == frames_of(SseFramer, [stream])


@given(STREAMS | JSON_LINES, CUTS)
def test_what_pends_is_a_part_of_what_was_fed_and_gone_after_the_end(stream, cuts):
    for framer in FRAMERS:
        found, fed = framer(), 0
        for chunk in pieces(stream, cuts):
            found.feed(chunk)
            fed += len(chunk)
            assert 0 <= found.pending_bytes <= fed
        found.end()
        assert found.pending_bytes == 0


@given(st.lists(st.binary(min_size=1, max_size=9).filter(lambda data: not set(data) & {10, 13}), max_size=5))
def test_pending_bytes_are_those_behind_the_last_whole_event(datas):
    whole = b"".join(b"data: %s\n\n" % data for data in datas)
    framer = SseFramer()
    assert [frame.data for frame in framer.feed(whole + b"data: z\n")] == datas
    assert framer.pending_bytes == len(b"data: z\n")


@every_framer
@given(st.binary(max_size=80), CUTS)
def test_no_bytes_are_too_strange(framer, data, cuts):
    frames_of(framer, pieces(data, cuts))


@every_framer
def test_nothing_fed_is_nothing_found(framer):
    assert frames_of(framer, [b""]) == ([], 0, [])


@pytest.mark.parametrize(
    ("stream", "frames"),
    [
        (b"data: 1\ndata: 2\n\n", [SseFrame(b"", b"1\n2")]),
        (b"event: e\ndata: {}\n\n", [SseFrame(b"e", b"{}")]),
        (b"data: {}\nevent: e\n\n", [SseFrame(b"e", b"{}")]),
        (b"data:  1\n\n", [SseFrame(b"", b" 1")]),
        (b": note\n\n", []),
        (b"event: e\n\n", []),
        (b"\n\n\ndata: 1\n\n", [SseFrame(b"", b"1")]),
        (b"data: 1\r\n\r\ndata: 2\n\n", [SseFrame(b"", b"1"), SseFrame(b"", b"2")]),
        (b"data: 1\r\rdata: 2\r\r", [SseFrame(b"", b"1"), SseFrame(b"", b"2")]),
    ],
)
def test_events_are_read_as_the_standard_says(stream, frames):
    assert SseFramer().feed(stream) == frames


def test_an_event_without_its_blank_line_comes_at_the_end():
    framer = SseFramer()
    assert framer.feed(b"data: 1\n\nevent: e\r\ndata: 2") == [SseFrame(b"", b"1")]
    assert framer.end() == [SseFrame(b"e", b"2")]
    assert framer.end() == []


def test_json_lines_end_with_a_newline_or_the_body():
    framer = NdjsonFramer()
    assert framer.feed(b'{"a":1}\r\n\n{"b"') == [b'{"a":1}\r']
    assert framer.pending_bytes == len(b'{"b"')
    assert (framer.feed(b":2}"), framer.end()) == ([], [b'{"b":2}'])
