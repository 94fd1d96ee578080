import httpx
import pytest
from openai import OpenAI
from tests.unit.gateway.dialects.responses_samples import (
    assert_sdk_reads,
    decoded,
    event_schemas,
    payloads,
    plain_request,
    schema,
    stream_of,
)

from pointsman.core.chat import Finish, Usage
from pointsman.core.errors import (
    ContextTooLong,
    InvalidRequest,
    QuotaExhausted,
    StreamTruncated,
    UpstreamLimited,
)
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
from pointsman.gateway.dialects.openai_responses import CODEC

EVERYTHING = [
    Started("up_1", "up", 7),
    ThinkingDelta(0, "hm"),
    ThinkingSigned(0, "sig", None, "anthropic"),
    TextDelta(1, "he"),
    TextDelta(1, "llo"),
    RefusalDelta(2, "no"),
    ToolCallStarted(3, "call_1", "exec_command"),
    ToolCallStarted(4, "call_2", "apply_patch", True),
    ToolCallDelta(3, '{"cmd"'),
    ToolCallDelta(4, "*** Begin"),
    ToolCallDelta(3, ':"ls"}'),
    Ping(),
    UsageReported(Usage(input_tokens=5, output_tokens=2)),
    Finished(Finish.TOOL_CALLS),
]


def encoder(request=None):
    return CODEC.stream_encoder(request or plain_request(), "req_01abc", Losses())


def assert_described(value):
    """The event fits its published schema, which knows no null usage though the API sends it."""
    if value.get("response", {}).get("usage", 0) is None:
        del value["response"]["usage"]
    schema(event_schemas()[value["type"]]).validate(value)


def types_of(stream):
    return [value["type"].removeprefix("response.") for value in payloads(stream)]


def test_a_text_answer_has_the_order_that_clients_expect():
    events = [Started("u", "up"), TextDelta(0, "he"), TextDelta(0, "llo"), Finished(Finish.STOP)]
    assert types_of(stream_of(events)) == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]


def test_thinking_is_a_reasoning_item_that_ends_before_the_text():
    events = [ThinkingDelta(0, "hm"), TextDelta(1, "a"), Finished(Finish.STOP)]
    assert types_of(stream_of(events))[2:9] == [
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
        "output_item.added",
    ]


def test_sequence_numbers_rise_by_one_from_zero():
    numbers = [value["sequence_number"] for value in payloads(stream_of(EVERYTHING, decoded()))]
    assert numbers == list(range(len(numbers)))


def test_interleaved_calls_keep_their_output_index():
    deltas = [value for value in payloads(stream_of(EVERYTHING, decoded())) if "call" in value["type"]]
    assert [value["output_index"] for value in deltas if value["type"].endswith("delta")] == [2, 3, 2]
    done = [value for value in deltas if value["type"].endswith("done")]
    assert [value.get("arguments", value.get("input")) for value in done] == ['{"cmd":"ls"}', "*** Begin"]


def test_finished_items_are_whole_and_equal_the_final_output():
    values = payloads(stream_of(EVERYTHING, decoded()))
    items = [value["item"] for value in values if value["type"] == "response.output_item.done"]
    assert items == values[-1]["response"]["output"]
    kinds = ["reasoning", "message", "function_call", "custom_tool_call"]
    assert [item["type"] for item in items] == kinds


def test_deltas_name_the_item_that_was_added():
    values = payloads(stream_of(EVERYTHING, decoded()))
    added = {v["output_index"]: v["item"]["id"] for v in values if v["type"].endswith("item.added")}
    named = [v for v in values if "item_id" in v]
    assert len(named) > 10
    assert all(added[v["output_index"]] == v["item_id"] for v in named)


def test_every_event_is_what_the_sdk_demands():
    assert_sdk_reads(stream_of(EVERYTHING, decoded()))


def test_every_event_is_what_the_api_describes():
    for value in payloads(stream_of(EVERYTHING, decoded())):
        assert_described(value)


def test_the_sdk_puts_the_stream_together():
    stream = stream_of(EVERYTHING, decoded())
    answer = httpx.Response(200, content=stream, headers={"content-type": "text/event-stream"})
    with (
        httpx.Client(transport=httpx.MockTransport(lambda _: answer)) as http,
        OpenAI(api_key="k", base_url="http://gateway.test/v1", http_client=http) as client,
        client.responses.stream(model="m", input="hi") as events,
    ):
        final = events.get_final_response()
    assert final.output_text == "hello"
    assert [item.type for item in final.output][2:] == ["function_call", "custom_tool_call"]


def test_usage_is_null_until_the_last_event():
    responses = [v["response"] for v in payloads(stream_of(EVERYTHING)) if "response" in v]
    assert [r["usage"] is None for r in responses] == [True, True, False]
    assert [r["status"] for r in responses] == ["in_progress", "in_progress", "completed"]


@pytest.mark.parametrize(
    ("finish", "last", "item_status"),
    [
        (Finish.STOP, "completed", "completed"),
        (Finish.LENGTH, "incomplete", "incomplete"),
        (Finish.CONTENT_FILTER, "incomplete", "incomplete"),
    ],
)
def test_the_finish_decides_the_last_event(finish, last, item_status):
    values = payloads(stream_of([TextDelta(0, "a"), Finished(finish)]))
    assert values[-1]["type"] == f"response.{last}"
    assert values[-1]["response"]["output"][0]["status"] == item_status


def test_a_stream_without_a_finish_has_failed():
    values = payloads(stream_of([Started("u", "up"), TextDelta(0, "a")]))
    assert values[-1]["type"] == "response.failed"
    assert values[-1]["response"]["error"]["code"] == "server_error"


def test_text_after_a_call_is_a_new_message():
    events = [TextDelta(0, "a"), ToolCallStarted(1, "c", "f"), TextDelta(0, "b"), Finished(Finish.TOOL_CALLS)]
    output = payloads(stream_of(events))[-1]["response"]["output"]
    assert [item["type"] for item in output] == ["message", "function_call", "message"]


def test_a_function_without_arguments_gets_an_empty_object():
    events = [ToolCallStarted(0, "", "f"), Finished(Finish.TOOL_CALLS)]
    (call,) = payloads(stream_of(events))[-1]["response"]["output"]
    assert (call["arguments"], call["call_id"]) == ("{}", "call_01abc_0")


def test_a_namespaced_tool_is_called_by_its_own_name():
    events = [ToolCallStarted(0, "c", "multi_agent_v1__spawn"), Finished(Finish.TOOL_CALLS)]
    added = payloads(stream_of(events, decoded()))[2]["item"]
    assert (added["namespace"], added["name"]) == ("multi_agent_v1", "spawn")


def test_hidden_thinking_is_an_item_without_words():
    events = [ThinkingSigned(0, None, "blob", "anthropic"), TextDelta(1, "a"), Finished(Finish.STOP)]
    item = payloads(stream_of(events))[-1]["response"]["output"][0]
    assert (item["summary"], item["encrypted_content"]) == ([], "pointsman-thinking:r:anthropic:blob")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ContextTooLong("too long"), "context_length_exceeded"),
        (QuotaExhausted("spent"), "insufficient_quota"),
        (UpstreamLimited("slow down", retry_after_s=3), "rate_limit_exceeded"),
        (StreamTruncated("cut"), "server_error"),
        (InvalidRequest("bad"), "invalid_prompt"),
    ],
)
def test_a_failure_before_anything_else_is_still_a_whole_stream(error, code):
    values = payloads(encoder().fail(error))
    kinds = ["response.created", "response.in_progress", "response.failed"]
    assert [value["type"] for value in values] == kinds
    assert values[-1]["response"]["error"]["code"] == code


def test_a_rate_limit_says_when_to_try_again():
    values = payloads(encoder().fail(UpstreamLimited("Slow down.", retry_after_s=3)))
    assert values[-1]["response"]["error"]["message"] == "Slow down. Please try again in 3s."


def test_nothing_follows_a_failure():
    writer = encoder()
    stream = writer.encode([TextDelta(0, "a"), StreamFailed(StreamTruncated("cut")), TextDelta(0, "b")])
    assert payloads(stream)[-1]["type"] == "response.failed"
    assert writer.encode([TextDelta(0, "c")]) + writer.finish() + writer.fail(StreamTruncated("x")) == b""


def test_a_failure_keeps_only_the_items_that_had_ended():
    writer = encoder()
    opened = writer.encode([ThinkingDelta(0, "hm"), TextDelta(1, "a")])
    last = payloads(opened + writer.fail(StreamTruncated("cut")))[-1]
    assert [item["type"] for item in last["response"]["output"]] == ["reasoning"]


def test_a_broken_pass_through_stream_ends_with_one_failed_response():
    stream = CODEC.stream_error(StreamTruncated("cut"), "req_01abc")
    (value,) = payloads(stream)
    assert (value["type"], value["response"]["id"]) == ("response.failed", "resp_01abc")
    assert_sdk_reads(stream)
    assert_described(value)


def test_a_ping_is_a_comment():
    assert encoder().encode([Ping()]) == b": ping\n\n"


def test_log_probabilities_of_a_stream_are_reported():
    losses = Losses()
    CODEC.stream_encoder(decoded(top_logprobs=1), "req_1", losses)
    assert losses.fields == ["top_logprobs"]
