import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.gateway.dialects.responses_samples import stream_of

from pointsman.core.chat import Finish, Usage
from pointsman.core.errors import UpstreamBroken, UpstreamLimited
from pointsman.core.stream import (
    Finished,
    RefusalDelta,
    Started,
    StreamFailed,
    TextDelta,
    ThinkingDelta,
    ThinkingSigned,
    ToolCallDelta,
    ToolCallStarted,
    UsageReported,
)
from pointsman.gateway.dialects.openai_responses import CODEC


def event(kind, **fields):
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def read(*chunks):
    decoder = CODEC.stream_decoder()
    found = [event for chunk in chunks for event in decoder.feed(chunk)]
    return found + decoder.end(), decoder


COMPLETED = event("response.completed", response={"id": "r", "model": "m", "status": "completed"})


def test_a_native_stream_becomes_canonical():
    usage = {"input_tokens": 9, "output_tokens": 3, "input_tokens_details": {"cached_tokens": 4}}
    response = {"id": "resp_1", "model": "gpt", "created_at": 7.0}
    found, decoder = read(
        event("response.created", response={**response, "status": "in_progress", "usage": None}),
        event("response.output_text.delta", output_index=0, content_index=0, delta="hi", item_id="m"),
        event("response.completed", response={**response, "status": "completed", "usage": usage}),
    )
    assert found == [
        Started("resp_1", "gpt", 7),
        TextDelta(0, "hi"),
        UsageReported(Usage(input_tokens=9, output_tokens=3, cached_input_tokens=4)),
        Finished(Finish.STOP),
    ]
    assert decoder.complete


def test_calls_are_announced_with_the_id_that_clients_answer_by():
    item = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": ""}
    found, _ = read(
        event("response.output_item.added", output_index=1, item=item),
        event("response.function_call_arguments.delta", output_index=1, delta="{}"),
        event("response.output_item.done", output_index=1, item={**item, "arguments": "{}"}),
        COMPLETED,
    )
    assert found[:2] == [ToolCallStarted(0, "call_1", "f"), ToolCallDelta(0, "{}")]
    assert found[-1] == Finished(Finish.TOOL_CALLS)


def test_parts_of_a_summary_are_paragraphs():
    kind = "response.reasoning_summary_text.delta"
    found, _ = read(
        event(kind, output_index=0, summary_index=0, delta="a"),
        event(kind, output_index=0, summary_index=1, delta="b"),
    )
    assert found == [ThinkingDelta(0, "a"), ThinkingDelta(0, "\n\nb")]


def test_encrypted_reasoning_is_signed_with_its_item_id():
    item = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"}
    found, _ = read(event("response.output_item.done", output_index=0, item=item))
    assert found == [ThinkingSigned(0, None, "rs_1|gAAA", "openai_responses")]


def test_items_without_deltas_are_read_whole():
    items = [
        {"type": "message", "content": [{"type": "output_text", "text": "hi"}]},
        {"type": "custom_tool_call", "call_id": "c", "name": "p", "input": "x"},
    ]
    found, _ = read(
        *[event("response.output_item.done", output_index=i, item=v) for i, v in enumerate(items)]
    )
    assert found == [TextDelta(0, "hi"), ToolCallStarted(1, "c", "p", True), ToolCallDelta(1, "x")]


def test_a_stream_of_one_event_is_read_whole():
    output = [{"type": "message", "content": [{"type": "output_text", "text": "hi"}]}]
    response = {"id": "r", "model": "m", "status": "completed", "output": output}
    found, _ = read(event("response.completed", response=response))
    assert found == [Started("r", "m", 0), TextDelta(0, "hi"), Finished(Finish.STOP)]


def test_unknown_events_and_items_are_skipped():
    found, _ = read(
        event("response.web_search_call.searching", output_index=0),
        event("response.output_item.added", output_index=0, item={"type": "web_search_call", "id": 3}),
        event("codex.rate_limits", x=1),
        b"data: [DONE]\n\n",
    )
    assert found == []


def test_events_without_a_name_are_told_by_their_type():
    found, _ = read(b'data: {"type":"response.output_text.delta","delta":"a"}\n\n')
    assert found == [TextDelta(0, "a")]


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("max_output_tokens", Finish.LENGTH),
        ("content_filter", Finish.CONTENT_FILTER),
        ("steered", Finish.OTHER),
    ],
)
def test_an_incomplete_response_says_why(reason, finish):
    response = {"status": "incomplete", "incomplete_details": {"reason": reason}}
    found, decoder = read(event("response.incomplete", response=response))
    assert found[-1] == Finished(finish)
    assert decoder.complete


def test_a_failed_response_is_an_error():
    response = {"status": "failed", "error": {"code": "rate_limit_exceeded", "message": "why"}}
    found, decoder = read(event("response.failed", response=response))
    assert isinstance(found[-1].error, UpstreamLimited)
    assert decoder.complete


@pytest.mark.parametrize("fields", [{"message": "why"}, {"error": {"message": "why"}}])
def test_an_error_event_is_an_error(fields):
    found, decoder = read(event("error", **fields))
    assert (found[0].error.message, decoder.complete) == ("why", True)


@pytest.mark.parametrize(
    "bad",
    [
        b"event: response.output_text.delta\ndata: {\n\n",
        b"data: <html>\n\n",
        event("response.output_item.added", item=3),
        event("response.function_call_arguments.delta", output_index=0, delta="x"),
    ],
)
def test_an_unreadable_event_is_the_providers_fault(bad):
    found, _ = read(bad, COMPLETED)
    assert len(found) == 1
    assert isinstance(found[0], StreamFailed)
    assert isinstance(found[0].error, UpstreamBroken)


def test_a_stream_that_just_ends_is_not_complete():
    _, decoder = read(event("response.output_text.delta", delta="a"))
    assert not decoder.complete


def test_pending_bytes_are_those_of_the_unfinished_event():
    decoder = CODEC.stream_decoder()
    decoder.feed(COMPLETED + b"event: x")
    assert decoder.pending_bytes == 8


def test_a_refusal_is_the_finish_of_a_refusing_answer():
    found, _ = read(event("response.refusal.delta", delta="no"), COMPLETED)
    assert found[0] == RefusalDelta(0, "no")
    assert found[-1] == Finished(Finish.REFUSAL)


WORDS = st.text(min_size=1, max_size=10)


@st.composite
def streams(draw):
    """Events as a decoder yields them: blocks in order, calls' fragments interleaved at the end."""
    events = [Started("resp_01abc", "up", 7)]
    index = 0
    for kind in draw(st.permutations(["thinking", "text", "hidden", "text"])):
        fragments = draw(st.lists(WORDS, min_size=1, max_size=3))
        if kind == "thinking":
            events += [ThinkingDelta(index, fragment) for fragment in fragments]
            events.append(ThinkingSigned(index, draw(WORDS), None, "anthropic"))
        elif kind == "hidden":
            events.append(ThinkingSigned(index, None, draw(WORDS), "anthropic"))
        else:
            events += [TextDelta(index, fragment) for fragment in fragments]
        index += 1
    calls = list(range(index, index + draw(st.integers(0, 3))))
    events += [ToolCallStarted(call, f"call_{call}", "f", call % 2 == 1) for call in calls]
    if calls:
        order = calls + draw(st.lists(st.sampled_from(calls), max_size=6))
        events += [ToolCallDelta(call, draw(WORDS)) for call in order]
    finish = draw(st.sampled_from([Finish.TOOL_CALLS if calls else Finish.STOP, Finish.LENGTH]))
    return [*events, UsageReported(Usage(input_tokens=3, output_tokens=1)), Finished(finish)]


@given(streams(), st.data())
def test_a_stream_survives_the_way_out_and_back_however_it_is_cut(events, data):
    stream = stream_of(events)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=12)))
    edges = [0, *cuts, len(stream)]
    found, decoder = read(*[stream[a:b] for a, b in pairwise(edges)])
    assert found == events
    assert (decoder.complete, decoder.pending_bytes) == (True, 0)


@given(st.lists(st.binary(max_size=60), max_size=5))
def test_no_bytes_make_the_decoder_raise(chunks):
    found, _ = read(*chunks, b"\n\n")
    assert all(isinstance(value, StreamFailed) for value in found)
