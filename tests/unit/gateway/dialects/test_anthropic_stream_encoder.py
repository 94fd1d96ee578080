import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.gateway.dialects.anthropic_samples import (
    THINKER,
    asking,
    kinds,
    payloads,
    sdk_reads,
    stream_of,
)

from pointsman.core.chat import Finish, Reasoning, Usage
from pointsman.core.errors import ContextTooLong, NoTarget, StreamTruncated, UpstreamLimited
from pointsman.core.stream import (
    Finished,
    Ping,
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
from pointsman.gateway.dialects.anthropic import CODEC
from pointsman.gateway.dialects.base import Losses

BEGIN = Started("up_1", "gpt-x", 7)
END = Finished(Finish.STOP)
USAGE = UsageReported(
    Usage(
        input_tokens=100,
        output_tokens=9,
        cached_input_tokens=60,
        cache_write_tokens=30,
        reasoning_tokens=4,
    )
)


def encoder(request=THINKER):
    return CODEC.stream_encoder(request, "req_01abc", Losses())


def test_the_events_come_in_the_order_of_the_api():
    stream = stream_of([BEGIN, TextDelta(0, "he"), TextDelta(0, "llo"), END, USAGE])
    assert kinds(stream) == [
        "message_start",
        "ping",
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]


def test_the_sdk_puts_the_message_together():
    message = sdk_reads(
        stream_of(
            [
                BEGIN,
                ThinkingDelta(0, "hm"),
                ThinkingSigned(0, "c2ln", None, "anthropic"),
                ThinkingSigned(1, None, "aGlk", "anthropic"),
                TextDelta(2, "I look."),
                ToolCallStarted(3, "call_1", "ls"),
                ToolCallDelta(3, '{"at":"."}'),
                Finished(Finish.TOOL_CALLS),
                USAGE,
            ]
        )
    )
    thought, hidden, text, call = message.content
    assert (thought.thinking, thought.signature, hidden.data) == ("hm", "c2ln", "aGlk")
    assert (text.text, call.id, call.name, call.input) == ("I look.", "call_1", "ls", {"at": "."})
    assert (message.id, message.model, message.stop_reason) == ("msg_01abc", "gpt-x", "tool_use")


def test_the_final_counts_leave_the_cache_apart():
    usage = sdk_reads(stream_of([BEGIN, TextDelta(0, "x"), END, USAGE])).usage
    assert (usage.input_tokens, usage.cache_read_input_tokens) == (10, 60)
    assert (usage.cache_creation_input_tokens, usage.output_tokens) == (30, 9)
    assert usage.output_tokens_details.thinking_tokens == 4


def test_fragments_of_another_call_wait_for_the_open_block():
    stream = stream_of(
        [
            BEGIN,
            ToolCallStarted(0, "a", "ls"),
            ToolCallStarted(1, "b", "cat"),
            ToolCallDelta(0, '{"at"'),
            ToolCallDelta(1, '{"file"'),
            ToolCallDelta(0, ':"."}'),
            ToolCallDelta(1, ':"x"}'),
            Finished(Finish.TOOL_CALLS),
        ]
    )
    found = [(call.id, call.input) for call in sdk_reads(stream).content]
    assert found == [("a", {"at": "."}), ("b", {"file": "x"})]


def test_a_call_whose_input_is_whole_makes_room_at_once():
    writer = encoder()
    writer.encode([BEGIN, ToolCallStarted(0, "a", "ls"), ToolCallDelta(0, '{"at":"."}')])
    assert kinds(writer.encode([ToolCallStarted(1, "b", "cat")])) == [
        "content_block_stop",
        "content_block_start",
    ]


def test_text_behind_an_unfinished_call_waits_too():
    events = [BEGIN, ToolCallStarted(0, "a", "ls"), TextDelta(1, "so"), ToolCallDelta(0, "{}"), END]
    call, text = sdk_reads(stream_of(events)).content
    assert (call.input, text.text) == ({}, "so")


def test_text_around_a_call_becomes_two_blocks():
    events = [BEGIN, TextDelta(0, "a"), ToolCallStarted(1, "t", "ls"), ToolCallDelta(1, "{}")]
    content = sdk_reads(stream_of([*events, TextDelta(0, "b"), END])).content
    assert [block.type for block in content] == ["text", "tool_use", "text"]


def test_a_call_without_an_id_gets_one():
    (call,) = sdk_reads(stream_of([BEGIN, ToolCallStarted(0, "", "ls"), END])).content
    assert call.id == "toolu_01abc_0"


def test_a_refusal_is_text_with_its_reason():
    message = sdk_reads(stream_of([BEGIN, RefusalDelta(0, "No."), Finished(Finish.REFUSAL)]))
    assert (message.content[0].text, message.stop_reason) == ("No.", "refusal")


@pytest.mark.parametrize(
    ("finish", "word"),
    [
        (Finish.STOP, "end_turn"),
        (Finish.LENGTH, "max_tokens"),
        (Finish.CONTENT_FILTER, "refusal"),
        (Finish.PAUSE, "pause_turn"),
        (Finish.OTHER, "end_turn"),
        (Finish.TOOL_CALLS, "end_turn"),
    ],
)
def test_stop_reasons_of_an_answer_without_calls(finish, word):
    assert sdk_reads(stream_of([BEGIN, TextDelta(0, "x"), Finished(finish)])).stop_reason == word


def test_an_answer_with_a_call_stops_for_it_whatever_the_provider_said():
    events = [BEGIN, ToolCallStarted(0, "a", "ls"), ToolCallDelta(0, "{}"), END]
    assert sdk_reads(stream_of(events)).stop_reason == "tool_use"


def test_the_stop_sequence_is_told():
    message = sdk_reads(stream_of([BEGIN, TextDelta(0, "x"), Finished(Finish.STOP_SEQUENCE, "END")]))
    assert (message.stop_reason, message.stop_sequence) == ("stop_sequence", "END")


@pytest.mark.parametrize(
    ("signed", "signature"),
    [
        ([], "pointsman-thinking:n::"),
        (
            [ThinkingSigned(0, "rs_1|gA==", None, "openai_responses")],
            "pointsman-thinking:s:openai_responses:rs_1|gA==",
        ),
    ],
)
def test_foreign_thinking_is_marked(signed, signature):
    (block,) = sdk_reads(stream_of([BEGIN, ThinkingDelta(0, "hm"), *signed, END])).content
    assert (block.thinking, block.signature) == ("hm", signature)


def test_thinking_that_was_not_asked_for_is_a_sign_of_life():
    losses = Losses()
    writer = CODEC.stream_encoder(asking(reasoning=Reasoning(effort="low")), "req_1", losses)
    events = [BEGIN, ThinkingDelta(0, "hm"), ThinkingSigned(0, "s", None, "x"), TextDelta(1, "hi"), END]
    stream = writer.encode(events) + writer.finish()
    assert [block.type for block in sdk_reads(stream).content] == ["text"]
    assert kinds(stream).count("ping") == 2
    assert losses.fields == ["thinking"]


def test_pings_pass_once_the_message_has_begun():
    writer = encoder()
    assert writer.encode([Ping()]) == b""
    writer.encode([BEGIN])
    assert kinds(writer.encode([Ping()])) == ["ping"]


def test_an_empty_answer_has_no_blocks():
    message = sdk_reads(stream_of([BEGIN, TextDelta(0, ""), END]))
    assert (message.content, message.stop_reason) == ([], "end_turn")


def test_an_answer_that_ends_without_a_reason_has_failed():
    writer = encoder()
    writer.encode([BEGIN, TextDelta(0, "x")])
    (last,) = payloads(writer.finish())
    assert (last["type"], last["error"]["type"]) == ("error", "api_error")


@pytest.mark.parametrize(
    ("error", "word", "message"),
    [
        (UpstreamLimited("slow"), "rate_limit_error", "slow"),
        (NoTarget("none"), "overloaded_error", "none"),
        (StreamTruncated("cut"), "api_error", "cut"),
        (ContextTooLong("9 > 8"), "invalid_request_error", "prompt is too long: 9 > 8"),
    ],
)
def test_an_error_ends_the_stream(error, word, message):
    writer = encoder()
    out = writer.encode([BEGIN, TextDelta(0, "x"), StreamFailed(error), TextDelta(0, "late")])
    last = payloads(out)[-1]
    assert last["error"] == {"type": word, "message": message}
    assert last["request_id"] == "req_01abc"
    assert (writer.fail(error), writer.finish(), writer.encode([TextDelta(0, "y")])) == (b"", b"", b"")


def test_the_error_of_a_passed_through_stream_is_the_same_event():
    assert CODEC.stream_error(StreamTruncated("cut"), "req_01abc") == encoder().fail(StreamTruncated("cut"))


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
CALLS = st.lists(st.dictionaries(st.sampled_from("ab"), TEXT, max_size=2), min_size=1, max_size=4)


@given(CALLS, st.randoms(use_true_random=False))
def test_calls_survive_any_interleaving(inputs, random):
    queues = []
    for index, value in enumerate(inputs):
        whole = json.dumps(value)
        cut = random.randrange(len(whole) + 1)
        pieces = [ToolCallDelta(index, whole[:cut]), ToolCallDelta(index, whole[cut:])]
        queues.append([ToolCallStarted(index, f"c{index}", "f"), *pieces])
    events = []
    while any(queues):
        events.append(random.choice([queue for queue in queues if queue]).pop(0))
    found = {call.id: call.input for call in sdk_reads(stream_of([BEGIN, *events, END])).content}
    assert found == {f"c{index}": value for index, value in enumerate(inputs)}


@given(st.lists(st.tuples(st.sampled_from([TextDelta, ThinkingDelta]), TEXT), max_size=8))
def test_what_the_encoder_writes_the_decoder_reads(pieces):
    blocks, events = -1, []
    for kind, words in pieces:
        blocks += not events or type(events[-1]) is not kind
        events.append(kind(blocks, words))
    decoder = CODEC.stream_decoder()
    found = decoder.feed(stream_of([BEGIN, *events, END]))
    assert [event for event in found if isinstance(event, TextDelta | ThinkingDelta)] == events
    assert decoder.complete
