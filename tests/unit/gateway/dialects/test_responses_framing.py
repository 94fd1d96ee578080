from hypothesis import given
from hypothesis import strategies as st

from pointsman.gateway.dialects.framing import SseFramer

LINES = st.sampled_from([b"event: a", b"event: ", b"data: x", b"data:y", b"data: ", b": note", b"id: 3"])
BLOCKS = st.lists(st.lists(LINES, min_size=1, max_size=4), max_size=4)


@given(BLOCKS)
def test_the_short_way_for_usual_events_reads_what_the_general_parser_reads(blocks):
    usual = b"".join(b"\n".join(lines) + b"\n\n" for lines in blocks)
    general = usual.replace(b"\n", b"\r\n")
    assert SseFramer().feed(usual) == SseFramer().feed(general)
