import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion
from tests.unit.gateway.dialects.chat_samples import as_json, asking, call, schema

from pointsman.core.chat import ChatResponse, Finish, Refusal, Text, Thinking, ToolCall, Usage
from pointsman.core.errors import ContextTooLong, StreamTruncated, UpstreamBroken, UpstreamLimited
from pointsman.gateway.dialects.base import Losses
from pointsman.gateway.dialects.openai_chat import CODEC


def answer(message, reason="stop", **fields):
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": reason}
    return as_json({"id": "chatcmpl-1", "model": "up", "created": 7, "choices": [choice], **fields})


def read(message, reason="stop", **fields):
    return CODEC.decode_response(answer(message, reason, **fields))


def response(*parts, finish=Finish.STOP, **fields):
    return ChatResponse(id="chatcmpl-1", model="up", created_s=7, parts=list(parts), finish=finish, **fields)


def written(found, request=None, losses=None):
    return json.loads(CODEC.encode_response(found, request or asking(), losses or Losses()))


def test_a_native_answer_is_read():
    usage = {
        "prompt_tokens": 9,
        "completion_tokens": 4,
        "prompt_tokens_details": {"cached_tokens": 5},
        "completion_tokens_details": {"reasoning_tokens": 3},
    }
    logprobs = {"content": [], "refusal": None}
    body = json.loads(answer({"content": "hi"}, usage=usage))
    body["choices"][0]["logprobs"] = logprobs
    counted = Usage(input_tokens=9, output_tokens=4, cached_input_tokens=5, reasoning_tokens=3)
    assert CODEC.decode_response(as_json(body)) == response(Text(text="hi"), usage=counted, logprobs=logprobs)


@pytest.mark.parametrize(
    ("message", "thought"),
    [
        ({"content": "a", "reasoning_content": "hm"}, "hm"),
        ({"content": "a", "reasoning": "hm"}, "hm"),
        ({"content": "a", "reasoning": "hm", "reasoning_content": "hm"}, "hm"),
        (
            {
                "content": [
                    {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
                    {"type": "text", "text": "a"},
                ]
            },
            "hm",
        ),
    ],
)
def test_thinking_of_compatible_providers_is_read(message, thought):
    assert read(message).parts == [Thinking(text=thought, origin="openai_chat"), Text(text="a")]


def test_calls_are_read_in_every_form():
    custom = {"id": "c2", "type": "custom", "custom": {"name": "patch", "input": "x"}}
    found = read({"content": None, "tool_calls": [call("c1", '{"a":1}'), custom]}, "tool_calls")
    assert found.parts == [
        ToolCall(id="c1", name="run", arguments='{"a":1}'),
        ToolCall(id="c2", name="patch", arguments="x", custom=True),
    ]
    older = read({"content": None, "function_call": {"name": "f", "arguments": "{}"}}, "function_call")
    assert older.parts == [ToolCall(id="call_1_0", name="f", arguments="{}")]


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("stop", Finish.STOP),
        ("length", Finish.LENGTH),
        ("content_filter", Finish.CONTENT_FILTER),
        ("eos", Finish.STOP),
        ("whatever", Finish.OTHER),
        ("", None),
        (None, None),
    ],
)
def test_finish_reasons(reason, finish):
    assert read({"content": "a"}, reason).finish is finish


def test_a_stop_after_calls_or_a_refusal_says_more():
    assert read({"tool_calls": [call("c")]}, "stop").finish is Finish.TOOL_CALLS
    assert read({"refusal": "no"}, "stop").finish is Finish.REFUSAL


def test_deepseeks_cache_counts():
    usage = {"prompt_tokens": 9, "completion_tokens": 1, "prompt_cache_hit_tokens": 6}
    assert read({"content": "a"}, usage=usage).usage.cached_input_tokens == 6


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"choices":[]}', b'{"choices":[{"message":5}]}', b""])
def test_an_unreadable_answer_is_the_providers_fault(body):
    with pytest.raises(UpstreamBroken):
        CODEC.decode_response(body)


def test_an_error_in_an_answer_is_raised():
    with pytest.raises(UpstreamLimited, match="slow down"):
        CODEC.decode_response(b'{"error":{"message":"slow down","code":429}}')


def test_an_answer_is_what_openai_describes():
    usage = Usage(input_tokens=9, output_tokens=4, cached_input_tokens=5, reasoning_tokens=3)
    calls = [ToolCall(id="c", name="f", arguments=""), ToolCall(id="", name="p", arguments="x", custom=True)]
    found = written(response(Text(text="a"), *calls, finish=Finish.TOOL_CALLS, usage=usage))
    ChatCompletion.model_validate(found, strict=True)
    schema("CreateChatCompletionResponse").validate(found)
    first, second = found["choices"][0]["message"]["tool_calls"]
    assert (first["function"]["arguments"], second["id"]) == ("{}", "call_1_1")
    assert found["usage"]["total_tokens"] == 13


@pytest.mark.parametrize(
    ("parts", "finish", "reason"),
    [
        ([Text(text="a")], Finish.STOP_SEQUENCE, "stop"),
        ([Text(text="a")], Finish.TOOL_CALLS, "stop"),
        ([Text(text="a")], Finish.PAUSE, "stop"),
        ([Text(text="a")], Finish.REFUSAL, "content_filter"),
        ([Refusal(text="no")], Finish.REFUSAL, "stop"),
        ([ToolCall(id="c", name="f", arguments="{}")], Finish.STOP, "tool_calls"),
        ([ToolCall(id="c", name="f", arguments="{")], Finish.LENGTH, "length"),
    ],
)
def test_finish_reasons_are_the_dialects_own(parts, finish, reason):
    assert written(response(*parts, finish=finish))["choices"][0]["finish_reason"] == reason


def test_an_answer_that_nobody_ended_is_not_passed_off_as_whole():
    with pytest.raises(StreamTruncated):
        written(response(Text(text="half"), finish=None))


def test_clients_of_the_older_form_get_a_function_call():
    losses = Losses()
    calls = [ToolCall(id=str(number), name="f", arguments="{}") for number in range(2)]
    found = written(response(*calls), asking(echo={"functions": True}), losses)
    ChatCompletion.model_validate(found, strict=True)
    choice = found["choices"][0]
    assert choice["message"]["function_call"] == {"name": "f", "arguments": "{}"}
    assert (choice["finish_reason"], losses.fields) == ("function_call", ["tool_calls"])


def test_what_other_dialects_add_is_reported():
    losses = Losses()
    written(response(Text(text="a"), extra={"annotations": [1]}), losses=losses)
    assert losses.fields == ["annotations"]


def test_errors_keep_the_code_that_clients_match():
    status, body = CODEC.render_error(ContextTooLong("too long"), "req_1")
    assert (status, json.loads(body)["error"]["code"]) == (400, "context_length_exceeded")
    refused = b'{"error":{"message":"slow","type":"requests","param":null,"code":"rate_limit_exceeded"}}'
    error = CODEC.read_error(429, [(b"retry-after", b"2")], refused)
    assert (error.kind, error.retry_after_s, error.body) == ("rate_limit", 2, refused)


def test_a_count_has_a_body():
    assert json.loads(CODEC.encode_count(7))["input_tokens"] == 7


WORDS = st.text(min_size=1, max_size=12)
COUNTS = st.integers(0, 10**6)


@st.composite
def responses(draw):
    calls = draw(
        st.lists(st.builds(ToolCall, id=WORDS, name=WORDS, arguments=WORDS, custom=st.booleans()), max_size=2)
    )
    parts = draw(st.lists(st.builds(Thinking, text=WORDS, origin=st.just("openai_chat")), max_size=1))
    parts += draw(st.lists(st.builds(Text, text=WORDS), max_size=1)) + calls
    finish = draw(st.sampled_from([Finish.TOOL_CALLS if calls else Finish.STOP, Finish.LENGTH]))
    usage = st.builds(
        Usage,
        input_tokens=COUNTS,
        output_tokens=COUNTS,
        cached_input_tokens=COUNTS,
        cache_write_tokens=COUNTS,
        reasoning_tokens=COUNTS,
    )
    return response(*parts, finish=finish, usage=draw(st.none() | usage))


@given(responses())
def test_an_answer_survives_the_way_out_and_back(found):
    body = CODEC.encode_response(found, asking(), Losses())
    assert CODEC.decode_response(body) == found
    ChatCompletion.model_validate_json(body, strict=True)
