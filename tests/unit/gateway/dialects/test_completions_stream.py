import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import Completion
from tests.unit.gateway.dialects.cuts import CUTS, pieces

from pointsman.core.chat import ChatRequest, Finish, Message, Text, Usage
from pointsman.core.errors import (
    NoTarget,
    StreamTruncated,
    UpstreamBroken,
    UpstreamLimited,
    UpstreamOverloaded,
    UpstreamRejected,
)
from pointsman.core.stream import (
    Finished,
    Ping,
    RefusalDelta,
    Started,
    StreamFailed,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    ToolCallStarted,
    UsageReported,
)
from pointsman.gateway.dialects.base import Losses
from pointsman.gateway.dialects.openai_completions import CODEC

USAGE = Usage(input_tokens=3, output_tokens=2)
START = Started("gen-1", "m-1", 1_700_000_000)
EVENTS = [START, TextDelta(0, "def "), TextDelta(0, "f\n\n"), UsageReported(USAGE), Finished(Finish.LENGTH)]
DONE = b"data: [DONE]\n\n"


def chunk(text="", finish=None, **more):
    choice = {"text": text, "index": 0, "logprobs": None, "finish_reason": finish}
    found = {
        "id": "cmpl-1",
        "object": "text_completion",
        "created": 5,
        "model": "m",
        "choices": [choice],
        **more,
    }
    return b"data: %s\n\n" % json.dumps(found).encode()


COUNTED = chunk(choices=[], usage={"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5})
WHOLE = chunk("def ") + b": keep-alive\n\n" + chunk("f", usage=None) + chunk("", "stop") + COUNTED + DONE


def read(*chunks):
    decoder = CODEC.stream_decoder()
    events = [event for data in chunks for event in decoder.feed(data)]
    return events + decoder.end(), decoder.complete


def request(**fields):
    return ChatRequest(model="m", messages=[Message(role="user", parts=[Text(text="p: ")])], **fields)


def encoder(losses=None, **fields):
    return CODEC.stream_encoder(request(**fields), "req_01ab", losses or Losses())


def stream_of(events, **fields):
    writer = encoder(**fields)
    return writer.encode(events) + writer.finish()


def payloads(stream):
    datas = [block.removeprefix("data: ") for block in stream.decode().split("\n\n") if block[:1] == "d"]
    assert datas.pop() == "[DONE]"
    return [json.loads(data) for data in datas]


def test_a_providers_stream_is_read():
    assert read(WHOLE) == (
        [
            Started("cmpl-1", "m", 5),
            TextDelta(0, "def "),
            TextDelta(0, "f"),
            Finished(Finish.STOP),
            UsageReported(USAGE),
        ],
        True,
    )


@given(CUTS)
def test_however_a_stream_is_cut_its_events_are_the_same(cuts):
    assert read(*pieces(WHOLE, cuts)) == read(WHOLE)


def test_choices_are_told_apart_by_their_index():
    choices = [{"text": "a", "index": 1}, {"text": "b", "index": 0}]
    assert read(chunk(choices=choices))[0][1:] == [TextDelta(1, "a"), TextDelta(0, "b")]


@pytest.mark.parametrize(
    ("chunks", "complete"),
    [
        ([chunk("a")], False),
        ([], False),
        ([chunk("a"), b"data: {"], True),
        ([chunk("a"), chunk("", "stop")], True),
        ([chunk("a"), DONE], True),
        ([chunk("a"), DONE.strip()], True),
    ],
)
def test_a_stream_is_complete_when_its_end_was_said(chunks, complete):
    assert read(*chunks)[1] is complete


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"message": "slow down", "code": "rate_limit_exceeded"}, UpstreamLimited),
        ({"message": "busy", "type": "overloaded_error"}, UpstreamOverloaded),
        ({"message": "busy", "code": 503}, UpstreamOverloaded),
        ({"message": "bad", "type": "invalid_request_error", "code": None}, UpstreamRejected),
        ({"message": "x", "code": "what"}, UpstreamBroken),
        ({}, UpstreamBroken),
        ("words", UpstreamBroken),
    ],
)
def test_an_error_inside_the_stream_is_a_failure(error, kind):
    events, complete = read(chunk("a"), b"data: %s\n\n" % json.dumps({"error": error}).encode(), chunk("b"))
    assert (type(events[-1]), type(events[-1].error), complete) == (StreamFailed, kind, True)
    assert events[:-1] == read(chunk("a"))[0]


@pytest.mark.parametrize("bad", [b"data: <html>\n\n", b"data: []\n\n", b'data: {"choices":1}\n\n'])
def test_an_unreadable_event_is_a_failure(bad):
    assert isinstance(read(bad)[0][0].error, UpstreamBroken)


@given(st.binary(max_size=60), CUTS)
def test_no_bytes_make_the_reader_raise(data, cuts):
    read(*pieces(b"data: " + data + b"\n\n", cuts))


@pytest.mark.parametrize("counts", [True, False])
def test_the_sdk_puts_the_chunks_together(counts):
    chunks = [
        Completion.model_construct(**value) for value in payloads(stream_of(EVENTS, include_usage=counts))
    ]
    texts = [choice.text for found in chunks for choice in found.choices]
    assert ("".join(texts), {found.id for found in chunks}) == ("def f\n\n", {"cmpl-01ab"})
    assert [found.usage is not None for found in chunks].count(True) == counts


def test_each_chunk_is_a_whole_object_of_the_dialect():
    *_, last, usage = payloads(stream_of(EVENTS, include_usage=True))
    Completion.model_validate(last, strict=True)
    Completion.model_validate(usage, strict=True)
    assert (last["choices"][0]["finish_reason"], last["usage"], usage["choices"]) == ("length", None, [])


@given(CUTS)
def test_what_is_written_can_be_read_again(cuts):
    events, complete = read(*pieces(stream_of(EVENTS, include_usage=True), cuts))
    assert events[0] == Started("cmpl-01ab", "m-1", 1_700_000_000)
    assert events[1:] == [*EVENTS[1:3], Finished(Finish.LENGTH), UsageReported(USAGE)]
    assert complete


def test_the_prompt_comes_first_for_who_asked():
    texts = [value["choices"][0]["text"] for value in payloads(stream_of(EVENTS, echo={"echo": True}))]
    assert texts == ["p: ", "def ", "f\n\n", ""]


def test_a_refusal_is_text_and_what_has_no_place_is_reported():
    losses = Losses()
    writer = encoder(losses)
    odd = [
        ThinkingDelta(0, "hm"),
        ToolCallStarted(1, "c", "t"),
        ToolCallDelta(1, "{}"),
        RefusalDelta(2, "no"),
    ]
    assert b'"text":"no"' in writer.encode(odd)
    assert losses.fields == ["thinking", "tool_calls"]


def test_a_sign_of_life_is_a_comment():
    assert encoder().encode([Ping()]) == b": ping\n\n"


def test_a_stream_that_never_said_why_it_stopped_has_failed():
    events, _ = read(stream_of(EVENTS[:2]))
    assert isinstance(events[-1], StreamFailed)
    assert StreamTruncated.code.encode() in stream_of([])


def test_nothing_follows_an_error():
    writer = encoder()
    failed = writer.encode([*EVENTS[:2], StreamFailed(NoTarget("none")), TextDelta(0, "late")])
    assert failed.endswith(CODEC.stream_error(NoTarget("none"), "req_01ab"))
    assert writer.finish() + writer.fail(NoTarget("again")) + writer.encode(EVENTS) == b""


def test_log_probabilities_cannot_be_streamed():
    losses = Losses()
    encoder(losses, logprobs=True)
    assert losses.fields == ["logprobs"]
