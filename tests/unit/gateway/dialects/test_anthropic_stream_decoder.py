from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.gateway.dialects.anthropic_samples import event

from pointsman.core.chat import Finish, Usage
from pointsman.core.errors import UpstreamBroken, UpstreamLimited, UpstreamOverloaded
from pointsman.core.stream import (
    Finished,
    Ping,
    Started,
    StreamFailed,
    TextDelta,
    ThinkingDelta,
    ThinkingSigned,
    ToolCallDelta,
    ToolCallStarted,
    UsageReported,
)
from pointsman.gateway.dialects.anthropic import CODEC


def start(usage=None, **more):
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "content": []}
    usage = usage or {"input_tokens": 10, "cache_read_input_tokens": 90, "output_tokens": 1}
    return event({"type": "message_start", "message": {**message, "usage": usage, **more}})


def opened(index, kind, **fields):
    block = {"type": kind, **fields}
    return event({"type": "content_block_start", "index": index, "content_block": block})


def delta(index, kind, **fields):
    return event({"type": "content_block_delta", "index": index, "delta": {"type": kind, **fields}})


def closed(index):
    return event({"type": "content_block_stop", "index": index})


def stopping(reason="end_turn", sequence=None, **usage):
    stop = {"stop_reason": reason, "stop_sequence": sequence}
    return event({"type": "message_delta", "delta": stop, "usage": usage or {"output_tokens": 7}})


PING = event({"type": "ping"})
STOP = event({"type": "message_stop"})

WHOLE = b"".join(
    [
        start(),
        PING,
        opened(0, "thinking", thinking="", signature=""),
        delta(0, "thinking_delta", thinking="hm\n\n"),
        delta(0, "signature_delta", signature="c2ln"),
        closed(0),
        opened(1, "redacted_thinking", data="aGlk"),
        closed(1),
        opened(2, "server_tool_use", id="srv", name="web_search", input={}),
        delta(2, "input_json_delta", partial_json='{"query":"x"}'),
        closed(2),
        opened(3, "text", text=""),
        delta(3, "text_delta", text="Grüße 🚂"),
        delta(3, "citations_delta", citation={"type": "page_location"}),
        closed(3),
        opened(4, "tool_use", id="toolu_1", name="ls", input={}),
        delta(4, "input_json_delta", partial_json=""),
        delta(4, "input_json_delta", partial_json='{"at"'),
        delta(4, "input_json_delta", partial_json=':"."}'),
        closed(4),
        event({"type": "brand_new", "delta": "words"}),
        stopping("tool_use", output_tokens=7, output_tokens_details={"thinking_tokens": 3}),
        STOP,
    ]
)
EXPECTED = [
    UsageReported(Usage(input_tokens=100, output_tokens=1, cached_input_tokens=90, estimated=True)),
    Ping(),
    ThinkingDelta(0, "hm\n\n"),
    ThinkingSigned(0, "c2ln", None, "anthropic"),
    ThinkingSigned(1, None, "aGlk", "anthropic"),
    TextDelta(2, "Grüße 🚂"),
    ToolCallStarted(3, "toolu_1", "ls"),
    ToolCallDelta(3, '{"at"'),
    ToolCallDelta(3, ':"."}'),
    UsageReported(Usage(input_tokens=100, output_tokens=7, cached_input_tokens=90, reasoning_tokens=3)),
    Finished(Finish.TOOL_CALLS),
]


def read(*chunks):
    decoder = CODEC.stream_decoder()
    events = [found for chunk in chunks for found in decoder.feed(chunk)]
    return decoder, events + decoder.end()


def test_a_whole_stream():
    decoder, (first, *rest) = read(WHOLE)
    assert isinstance(first, Started)
    assert (first.id, first.model, first.created_s > 0) == ("msg_1", "claude-x", True)
    assert rest == EXPECTED
    assert (decoder.complete, decoder.pending_bytes) == (True, 0)


@given(st.lists(st.integers(0, len(WHOLE)), max_size=12), st.booleans())
def test_chunks_may_be_cut_anywhere(cuts, crlf):
    whole = WHOLE.replace(b"\n", b"\r\n") if crlf else WHOLE
    chunks = [whole[a:b] for a, b in pairwise([0, *sorted(cuts), len(whole)])]
    decoder, (_, *rest) = read(*chunks)
    assert rest == EXPECTED
    assert decoder.complete


@given(st.integers(0, len(WHOLE) - 2))
def test_a_cut_stream_is_not_complete_and_says_what_is_pending(cut):
    decoder = CODEC.stream_decoder()
    decoder.feed(WHOLE[:cut])
    assert not decoder.complete
    assert decoder.pending_bytes == cut - (WHOLE.rfind(b"\n\n", 0, cut) + 2 if b"\n\n" in WHOLE[:cut] else 0)


def test_a_last_event_without_its_blank_line_counts():
    decoder, events = read(start(), stopping(), STOP.rstrip(b"\n"))
    assert decoder.complete
    assert events[-1] == Finished(Finish.STOP)


def test_events_without_names_are_told_by_their_type():
    nameless = b"".join(line + b"\n" for line in WHOLE.split(b"\n") if not line.startswith(b"event: "))
    decoder, (_, *rest) = read(nameless)
    assert rest == EXPECTED
    assert decoder.complete


@pytest.mark.parametrize(
    ("given_input", "arguments"), [({}, "{}"), ({"at": "."}, '{"at": "."}'), (None, "{}")]
)
def test_input_that_comes_whole_is_taken_from_the_start(given_input, arguments):
    block = opened(0, "tool_use", id="t", name="ls", input=given_input)
    _, events = read(start(), block, closed(0))
    assert events[-1] == ToolCallDelta(0, arguments)


def test_text_inside_the_block_start_is_kept():
    _, events = read(opened(0, "text", text="a"), delta(0, "text_delta", text="b"))
    assert events == [TextDelta(0, "a"), TextDelta(0, "b")]


def test_a_delta_of_a_block_that_never_started_is_ignored():
    assert read(delta(5, "text_delta", text="x"))[1] == []


@pytest.mark.parametrize(
    ("word", "finish"),
    [
        ("end_turn", Finish.STOP),
        ("max_tokens", Finish.LENGTH),
        ("model_context_window_exceeded", Finish.LENGTH),
        ("refusal", Finish.REFUSAL),
        ("pause_turn", Finish.PAUSE),
        ("brand_new", Finish.OTHER),
    ],
)
def test_stop_reasons(word, finish):
    assert read(stopping(word))[1][-1] == Finished(finish)


def test_the_stop_sequence_is_told():
    assert read(stopping("stop_sequence", "END"))[1][-1] == Finished(Finish.STOP_SEQUENCE, "END")


def test_counts_in_the_middle_are_no_end():
    _, events = read(start(), stopping(None, output_tokens=3))
    assert [type(found) for found in events] == [Started, UsageReported, UsageReported]


def test_later_counts_replace_earlier_ones_and_zero_counts_too():
    _, events = read(start(), stopping(output_tokens=9, input_tokens=5, cache_read_input_tokens=0))
    assert events[-2] == UsageReported(Usage(input_tokens=5, output_tokens=9))


@pytest.mark.parametrize(
    ("word", "error"),
    [
        ("overloaded_error", UpstreamOverloaded),
        ("rate_limit_error", UpstreamLimited),
        ("api_error", UpstreamBroken),
        ("brand_new", UpstreamBroken),
    ],
)
def test_an_error_event_fails_the_stream(word, error):
    said = {"type": "error", "error": {"type": word, "message": "Busy"}}
    decoder, events = read(start(), event(said), delta(0, "text_delta", text="late"))
    assert isinstance(events[-1], StreamFailed)
    assert (type(events[-1].error), events[-1].error.message) == (error, "Busy")
    assert decoder.complete


@pytest.mark.parametrize(
    "junk",
    [
        b"event: content_block_delta\ndata: {broken\n\n",
        b'event: content_block_delta\ndata: {"index":0}\n\n',
        b"event: message_start\ndata: []\n\n",
        b"data: <html>\n\n",
        b"event: content_block_start\ndata: {}\n\n",
    ],
)
def test_an_unreadable_event_fails_the_stream(junk):
    _, events = read(junk, delta(0, "text_delta", text="late"))
    (failure,) = events
    assert isinstance(failure, StreamFailed)
    assert isinstance(failure.error, UpstreamBroken)


def test_another_dialects_terminator_is_harmless():
    decoder, events = read(start(), b"data: [DONE]\n\n", stopping(), STOP)
    assert events[-1] == Finished(Finish.STOP)
    assert decoder.complete


@given(st.binary(max_size=200))
def test_noise_never_raises(noise):
    read(b"event: content_block_delta\ndata: " + noise + b"\n\n", noise)
