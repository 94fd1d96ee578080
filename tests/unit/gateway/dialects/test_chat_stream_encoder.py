import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.gateway.dialects.chat_samples import asking, assert_sdk_reads, payloads, stream_of

from pointsman.core.chat import Finish, Usage
from pointsman.core.errors import StreamTruncated, UpstreamLimited
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
from pointsman.gateway.dialects.base import Losses
from pointsman.gateway.dialects.openai_chat import CODEC

START = Started("msg_up", "claude", 7)
CALL = ToolCallStarted(1, "call_a", "f")


def deltas(*events, request=None):
    """The deltas between the role and the reason, and the reason."""
    values = payloads(stream_of([START, *events], request))
    first, *between, last = [value["choices"][0] for value in values if value["choices"]]
    assert first["delta"] == {"role": "assistant", "content": ""}
    assert last["delta"] == {}
    return [choice["delta"] for choice in between], last["finish_reason"]


def test_every_chunk_names_the_same_answer():
    values = payloads(stream_of([START, TextDelta(0, "a"), Finished(Finish.STOP)]))
    heads = {(value["id"], value["created"], value["model"]) for value in values}
    assert heads == {("chatcmpl-01abc", 7, "claude")}
    assert all("usage" not in value for value in values)


def test_text_thinking_and_refusals_have_their_fields():
    found, reason = deltas(
        ThinkingDelta(0, "hm"),
        TextDelta(1, "a"),
        TextDelta(1, ""),
        RefusalDelta(2, "no"),
        Finished(Finish.REFUSAL),
    )
    assert found == [{"reasoning_content": "hm"}, {"content": "a"}, {"refusal": "no"}]
    assert reason == "stop"


def test_calls_are_numbered_from_zero():
    found, reason = deltas(
        TextDelta(0, "a"),
        CALL,
        ToolCallStarted(2, "", "g"),
        ToolCallDelta(2, "{}"),
        ToolCallDelta(1, "{}"),
        Finished(Finish.STOP),
    )
    first, second, later, last = [delta["tool_calls"][0] for delta in found[1:]]
    assert first == {
        "index": 0,
        "id": "call_a",
        "type": "function",
        "function": {"name": "f", "arguments": ""},
    }
    assert (second["index"], second["id"]) == (1, "call_01abc_1")
    assert later == {"index": 1, "function": {"arguments": "{}"}}
    assert (last["index"], reason) == (0, "tool_calls")


def test_a_call_without_arguments_gets_an_empty_object():
    found, _ = deltas(CALL, Finished(Finish.TOOL_CALLS))
    assert found[-1]["tool_calls"][0]["function"] == {"arguments": "{}"}


def test_custom_calls_carry_their_input():
    found, _ = deltas(
        ToolCallStarted(0, "c", "patch", True), ToolCallDelta(0, "x"), Finished(Finish.TOOL_CALLS)
    )
    first, second = [delta["tool_calls"][0] for delta in found]
    assert first == {"index": 0, "id": "c", "type": "custom", "custom": {"name": "patch", "input": ""}}
    assert second == {"index": 0, "custom": {"input": "x"}}


def test_clients_of_the_older_form_get_one_function_call():
    request = asking(echo={"functions": True})
    second = [ToolCallStarted(2, "b", "g"), ToolCallDelta(2, "{}")]
    found, reason = deltas(
        CALL, *second, ToolCallDelta(1, "{}"), Finished(Finish.TOOL_CALLS), request=request
    )
    assert found == [
        {"function_call": {"name": "f", "arguments": ""}},
        {"function_call": {"arguments": "{}"}},
    ]
    assert reason == "function_call"


def test_usage_comes_last_if_asked_for():
    usage = Usage(input_tokens=9, output_tokens=4, cached_input_tokens=5, reasoning_tokens=1)
    events = [START, UsageReported(usage), TextDelta(0, "a"), Finished(Finish.STOP)]
    *others, last = payloads(stream_of(events, asking(include_usage=True)))
    assert all(value["usage"] is None for value in others)
    assert last["choices"] == []
    assert last["usage"]["total_tokens"] == 13
    assert last["usage"]["prompt_tokens_details"]["cached_tokens"] == 5


def test_a_stream_without_a_start_is_named_after_the_request():
    values = payloads(stream_of([TextDelta(0, "a"), Finished(Finish.STOP)]))
    assert {value["model"] for value in values} == {"m"}
    assert values[0]["choices"][0]["delta"]["role"] == "assistant"


def test_signs_of_life_are_comments():
    assert CODEC.stream_encoder(asking(), "r", Losses()).encode([Ping()]).startswith(b":")


def test_the_proof_of_thinking_is_reported_lost():
    losses = Losses()
    CODEC.stream_encoder(asking(), "r", losses).encode([ThinkingSigned(0, "sig", None, "anthropic")])
    assert losses.fields == ["thinking.signature"]


def error_of(event):
    data = json.loads(event.removeprefix(b"data: "))
    return data["error"]


@pytest.mark.parametrize("how", ["event", "fail"])
def test_an_error_is_the_last_event(how):
    encoder = CODEC.stream_encoder(asking(), "req_1", Losses())
    encoder.encode([START, TextDelta(0, "a")])
    error = UpstreamLimited("slow down")
    event = encoder.encode([StreamFailed(error)]) if how == "event" else encoder.fail(error)
    assert error_of(event)["code"] == "rate_limit_exceeded"
    assert encoder.encode([TextDelta(0, "b")]) + encoder.finish() + encoder.fail(error) == b""


def test_a_stream_that_nobody_ended_is_an_error():
    encoder = CODEC.stream_encoder(asking(), "req_1", Losses())
    encoder.encode([START, TextDelta(0, "a")])
    assert error_of(encoder.finish())["code"] == "stream_truncated"


def test_an_error_in_a_stream_that_passed_through():
    found = error_of(CODEC.stream_error(StreamTruncated("cut"), "req_1"))
    assert set(found) == {"message", "type", "param", "code"}
    assert found["message"] == "cut"


WORDS = st.text(max_size=10)
EVENTS = (
    st.builds(TextDelta, st.integers(0, 2), WORDS)
    | st.builds(ThinkingDelta, st.integers(0, 2), WORDS)
    | st.builds(RefusalDelta, st.integers(0, 2), WORDS)
    | st.builds(ToolCallStarted, st.integers(0, 2), WORDS, WORDS)
    | st.builds(ToolCallDelta, st.integers(0, 2), WORDS)
    | st.just(START)
    | st.just(UsageReported(Usage(input_tokens=1)))
)


@given(st.lists(EVENTS), st.sampled_from(Finish), st.booleans())
def test_openais_own_types_accept_every_stream(events, finish, include_usage):
    stream = stream_of([*events, Finished(finish)], asking(include_usage=include_usage))
    assert_sdk_reads(stream)
