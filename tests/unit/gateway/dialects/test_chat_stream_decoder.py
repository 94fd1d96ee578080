from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.gateway.dialects.chat_samples import chunk, stream_of

from pointsman.core.chat import Finish, Usage
from pointsman.core.errors import UpstreamBroken, UpstreamLimited
from pointsman.core.stream import (
    Finished,
    RefusalDelta,
    Started,
    StreamFailed,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    ToolCallStarted,
    UsageReported,
)
from pointsman.gateway.dialects.openai_chat import CODEC

DONE = b"data: [DONE]\n\n"
START = Started("chatcmpl-1", "up", 7)


def read(*chunks):
    decoder = CODEC.stream_decoder()
    found = [event for data in chunks for event in decoder.feed(data)]
    return found + decoder.end(), decoder


def said(*deltas):
    """The events of a stream of these deltas, less its start."""
    found, _ = read(*[chunk(delta) for delta in deltas])
    assert found[0] == START
    return found[1:]


def called(**fields):
    return {"tool_calls": [fields]}


NATIVE = [
    chunk({"role": "assistant", "content": "", "refusal": None}, usage=None),
    chunk({"content": "he"}, usage=None),
    chunk({"content": "llo"}, usage=None),
    chunk({}, "stop", usage=None),
    chunk(
        None,
        usage={"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}},
    ),
    DONE,
]
NATIVE_EVENTS = [
    START,
    TextDelta(0, "he"),
    TextDelta(0, "llo"),
    Finished(Finish.STOP),
    UsageReported(Usage(input_tokens=9, output_tokens=2, cached_input_tokens=4)),
]


def test_a_native_stream_becomes_canonical():
    found, decoder = read(*NATIVE)
    assert found == NATIVE_EVENTS
    assert decoder.complete


def test_the_events_are_the_same_wherever_the_network_cuts():
    stream = b": hello\r\n\r\n" + b"".join(NATIVE)
    for cut in range(len(stream) + 1):
        found, decoder = read(stream[:cut], stream[cut:])
        assert (found, decoder.complete, decoder.pending_bytes) == (NATIVE_EVENTS, True, 0)
    assert read(*[stream[i : i + 1] for i in range(len(stream))])[0] == NATIVE_EVENTS


def test_blocks_are_numbered_as_they_open():
    assert said(
        {"reasoning_content": "a"}, {"reasoning": "b", "content": ""}, {"content": "c"}, {"refusal": "d"}
    ) == [ThinkingDelta(0, "a"), ThinkingDelta(0, "b"), TextDelta(1, "c"), RefusalDelta(2, "d")]


def test_thinking_nested_in_content_is_read():
    nested = {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]}
    assert said(nested, {"content": [{"type": "text", "text": "a"}]}) == [
        ThinkingDelta(0, "hm"),
        TextDelta(1, "a"),
    ]


def test_parallel_calls_interleave_by_index():
    assert said(
        {"content": "a"},
        called(index=0, id="c0", type="function", function={"name": "f", "arguments": ""}),
        called(index=1, id="c1", type="function", function={"name": "g", "arguments": "{"}),
        called(index=0, function={"arguments": "{}"}),
        called(index=1, function={"arguments": "}"}),
    ) == [
        TextDelta(0, "a"),
        ToolCallStarted(1, "c0", "f"),
        ToolCallStarted(2, "c1", "g"),
        ToolCallDelta(2, "{"),
        ToolCallDelta(1, "{}"),
        ToolCallDelta(2, "}"),
    ]


TWO_CALLS = [
    ToolCallStarted(0, "a", "f"),
    ToolCallDelta(0, "1"),
    ToolCallStarted(1, "b", "f"),
    ToolCallDelta(1, "2"),
    ToolCallDelta(1, "3"),
]


def two_calls(first, second, rest):
    return said(
        called(**first, function={"name": "f", "arguments": "1"}),
        called(**second, function={"name": "f", "arguments": "2"}),
        called(**rest, function={"arguments": "3"}),
    )


@pytest.mark.parametrize(
    ("first", "second", "rest"),
    [
        ({"id": "a"}, {"id": "b"}, {}),
        ({"id": "a"}, {"id": "b"}, {"id": "b"}),
        ({"index": 0, "id": "a"}, {"index": 0, "id": "b"}, {"index": 0}),
        ({"index": 0, "id": "a"}, {"index": 1, "id": "b"}, {"index": 1, "id": "b"}),
        ({"index": 3, "id": "a"}, {"index": 7, "id": "b"}, {"index": 7, "id": ""}),
    ],
)
def test_calls_are_told_apart_by_index_or_id(first, second, rest):
    assert two_calls(first, second, rest) == TWO_CALLS


def test_a_call_without_an_id_gets_one():
    found = said(called(function={"name": "f", "arguments": {"a": 1}}))
    assert found == [ToolCallStarted(0, "call_1_0", "f"), ToolCallDelta(0, '{"a":1}')]


def test_arguments_wait_for_the_name():
    parts = [{"arguments": "{"}, {"name": "f", "arguments": "}"}]
    found = said(*[called(index=0, id="c", function=part) for part in parts])
    assert found == [ToolCallStarted(0, "c", "f"), ToolCallDelta(0, "{"), ToolCallDelta(0, "}")]


def test_custom_and_older_calls():
    assert said(called(index=0, id="c", type="custom", custom={"name": "p", "input": "x"})) == [
        ToolCallStarted(0, "c", "p", True),
        ToolCallDelta(0, "x"),
    ]
    assert said(
        {"function_call": {"name": "f", "arguments": ""}}, {"function_call": {"arguments": "{}"}}
    ) == [
        ToolCallStarted(0, "call_1_0", "f"),
        ToolCallDelta(0, "{}"),
    ]


@pytest.mark.parametrize(
    ("delta", "reason", "finish"),
    [
        ({"content": "a"}, "length", Finish.LENGTH),
        (called(index=0, id="c", function={"name": "f"}), "stop", Finish.TOOL_CALLS),
        ({"refusal": "no"}, "stop", Finish.REFUSAL),
    ],
)
def test_the_finish_goes_by_what_was_said(delta, reason, finish):
    found, _ = read(chunk(delta, reason), chunk({}, reason))
    assert [event for event in found if isinstance(event, Finished)] == [Finished(finish)]


def test_only_the_first_choice_is_read():
    second = b'data: {"id":"x","choices":[{"index":1,"delta":{"content":"b"},"finish_reason":"stop"}]}\n\n'
    found, decoder = read(chunk({"content": "a"}), second)
    assert (found, decoder.complete) == ([START, TextDelta(0, "a")], False)


def test_a_chunk_about_the_prompt_does_not_start_the_answer():
    prompt = b'data: {"id":"","model":"","created":0,"choices":[],"prompt_filter_results":[]}\n\n'
    assert read(prompt, *NATIVE)[0] == NATIVE_EVENTS


def test_a_finished_stream_without_an_end_mark_is_complete_at_its_end():
    decoder = CODEC.stream_decoder()
    decoder.feed(b"".join(NATIVE[:-1]))
    assert not decoder.complete
    decoder.end()
    assert decoder.complete


def test_a_stream_that_just_ends_is_not_complete():
    assert not read(*NATIVE[:3])[1].complete


@pytest.mark.parametrize(
    "error",
    [
        b'{"error":{"message":"why","type":"requests","code":"rate_limit_exceeded"}}',
        b'{"id":"x","choices":[],"error":{"code":429,"message":"why"}}',
        b'{"id":"x","choices":[{"index":0,"delta":{},"finish_reason":"error"}],'
        b'"error":{"code":429,"message":"why"}}',
    ],
)
def test_an_error_object_ends_the_stream(error):
    found, decoder = read(NATIVE[1], b"data: " + error + b"\n\n", DONE)
    assert isinstance(found[-1].error, UpstreamLimited)
    assert (found[-1].error.message, decoder.complete) == ("why", True)


@pytest.mark.parametrize(
    "bad",
    [
        b"data: {\n\n",
        b"data: <html>\n\n",
        b"data: [1]\n\n",
        b'data: {"choices":[{"delta":{"content":5}}]}\n\n',
        b"data: \xff\xfe\n\n",
        b'data: {"choices":[{"delta":{},"finish_reason":"error"}]}\n\n',
        b'data: {"error":"why"}\n\n',
    ],
)
def test_an_unreadable_event_is_the_providers_fault(bad):
    found, _ = read(bad, DONE)
    assert isinstance(found[-1], StreamFailed)
    assert isinstance(found[-1].error, UpstreamBroken)


def test_pending_bytes_are_those_of_the_unfinished_event():
    decoder = CODEC.stream_decoder()
    decoder.feed(NATIVE[0] + b"data: {")
    assert decoder.pending_bytes == 7


def test_nothing_is_read_after_the_end_mark():
    assert read(*NATIVE, NATIVE[1])[0] == NATIVE_EVENTS


WORDS = st.text(min_size=1, max_size=10)


@st.composite
def streams(draw):
    """Events as a decoder yields them: blocks in order, calls' fragments interleaved at the end."""
    events = [Started("chatcmpl-01abc", "up", 7)]
    index = 0
    for kind in draw(st.permutations([ThinkingDelta, TextDelta, RefusalDelta]))[: draw(st.integers(0, 3))]:
        events += [kind(index, text) for text in draw(st.lists(WORDS, min_size=1, max_size=3))]
        index += 1
    calls = list(range(index, index + draw(st.integers(0, 3))))
    events += [ToolCallStarted(number, f"call_{number}", "f", number % 2 == 1) for number in calls]
    order = calls + draw(st.lists(st.sampled_from(calls), max_size=6)) if calls else []
    events += [ToolCallDelta(number, draw(WORDS)) for number in order]
    refused = any(isinstance(event, RefusalDelta) for event in events)
    finish = Finish.TOOL_CALLS if calls else Finish.REFUSAL if refused else Finish.STOP
    return [*events, Finished(draw(st.sampled_from([finish, Finish.LENGTH])))]


@given(streams(), st.data())
def test_a_stream_survives_the_way_out_and_back_however_it_is_cut(events, data):
    stream = stream_of(events)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=12)))
    edges = [0, *cuts, len(stream)]
    found, decoder = read(*[stream[a:b] for a, b in pairwise(edges)])
    assert found == events
    assert (decoder.complete, decoder.pending_bytes) == (True, 0)


JSON_BYTES = st.sampled_from(
    [b'data: {"choices":', b"[{", b'"delta":', b"null", b"}", b"]", b"\n\n", b"1", b'"a"']
)


@given(st.lists(st.binary(max_size=60) | JSON_BYTES, max_size=12))
def test_no_bytes_make_the_decoder_raise(chunks):
    found, _ = read(*chunks, b"\n\n")
    assert all(isinstance(value, StreamFailed | Started | Finished) for value in found)
