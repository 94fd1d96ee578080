import json

import pytest
from tests.unit.gateway.dialects.ollama_samples import CHAT, GENERATE, LS, PNG, SCHEMA, as_json, call, decoded

from pointsman.core.chat import (
    Image,
    Message,
    Reasoning,
    ResponseFormat,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
)
from pointsman.core.errors import CannotCarry, InvalidRequest


def prompt(**fields):
    return GENERATE.decode_request(as_json({"model": "m", "prompt": "hi", **fields}))


def results(*messages):
    found = decoded(messages=list(messages)).messages
    return [part for message in found for part in message.parts if isinstance(part, ToolResult)]


def test_a_tool_loop_is_read_with_ids_from_its_place():
    request = decoded()
    look = ToolCall(id="call_2_0", name="ls", arguments='{"at": "."}')
    assert request.messages == [
        Message(role="system", parts=[Text(text="You are terse.")]),
        Message(role="user", parts=[Image(media_type="image/png", data=PNG), Text(text="What is here?")]),
        Message(role="assistant", parts=[Thinking(text="ls first"), Text(text="I look."), look]),
        Message(role="tool", parts=[ToolResult(call_id="call_2_0", name="ls", parts=[Text(text="a.py")])]),
    ]
    function = LS["function"]
    assert request.tools == [
        Tool(name="ls", description="Lists a folder.", parameters=function["parameters"])
    ]


def test_settings_are_read():
    options = {"temperature": 0.5, "top_k": 5, "top_p": 0.9, "seed": 1, "num_predict": 99, "stop": "END"}
    request = decoded(options=options, logprobs=True, top_logprobs=2, stream=False)
    assert (request.temperature, request.top_k, request.top_p, request.seed) == (0.5, 5, 0.9, 1)
    assert (request.max_output_tokens, request.stop) == (99, ["END"])
    assert (request.logprobs, request.top_logprobs, request.stream) == (True, 2, False)
    assert request.extra == {}


def test_a_request_streams_unless_it_says_no():
    assert decoded().stream is decoded(stream=True).stream is True


def test_options_without_a_canonical_name_are_kept_by_name():
    request = decoded(options={"num_ctx": 4096, "mirostat": 2, "num_predict": -1}, brand_new=[1], shift=False)
    assert request.extra == {
        "options.num_ctx": 4096,
        "options.mirostat": 2,
        "brand_new": [1],
        "shift": False,
    }
    assert request.max_output_tokens is None


def test_how_a_server_runs_the_model_is_no_part_of_the_request():
    request = decoded(options={"num_gpu": 1}, keep_alive="5m")
    assert request.extra == {}
    assert request.echo == {"ollama": {"options": {"num_gpu": 1}, "keep_alive": "5m"}}


@pytest.mark.parametrize(
    ("think", "reasoning"),
    [
        (True, Reasoning(enabled=True)),
        (False, Reasoning(enabled=False)),
        ("high", Reasoning(effort="high", enabled=True)),
        (None, None),
    ],
)
def test_a_wish_for_thinking_is_read(think, reasoning):
    assert decoded(think=think).reasoning == reasoning


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("json", ResponseFormat(type="json_object")),
        (SCHEMA, ResponseFormat(type="json_schema", schema=SCHEMA)),
        ("", None),
        (None, None),
    ],
)
def test_a_format_is_read(said, wanted):
    assert decoded(format=said).response_format == wanted
    assert prompt(format=said).response_format == wanted


def test_results_answer_the_calls_of_their_tool_in_order():
    calls = {"role": "assistant", "content": "", "tool_calls": [call("a"), call("b"), call("a")]}
    answers = [{"role": "tool", "tool_name": name, "content": name} for name in ("b", "a", "a")]
    assert [result.call_id for result in results(calls, *answers)] == ["call_0_1", "call_0_0", "call_0_2"]


def test_results_that_name_no_tool_answer_in_order():
    calls = {"role": "assistant", "tool_calls": [call("a"), call("b")]}
    answers = [{"role": "tool", "content": word} for word in ("1", "2")]
    found = results(calls, *answers)
    assert [(result.call_id, result.name) for result in found] == [("call_0_0", "a"), ("call_0_1", "b")]


def test_ids_of_the_client_are_kept():
    calls = {"role": "assistant", "tool_calls": [call(id="c1"), call(id="c2")]}
    (found,) = results(calls, {"role": "tool", "tool_call_id": "c2", "content": "x"})
    assert (found.call_id, found.name) == ("c2", "ls")


@pytest.mark.parametrize("written", [{"at": "."}, '{"at": "."}'])
def test_arguments_may_be_written_as_an_object_or_as_its_text(written):
    function = {"name": "ls", "arguments": written}
    (message,) = decoded(messages=[{"role": "assistant", "tool_calls": [{"function": function}]}]).messages
    assert message.parts == [ToolCall(id="call_0_0", name="ls", arguments='{"at": "."}')]


def test_a_call_without_arguments_has_an_empty_object():
    calls = [{"function": {"name": "ls"}}, {"function": {"name": "ls", "arguments": None}}]
    (message,) = decoded(messages=[{"role": "assistant", "tool_calls": calls}]).messages
    assert [part.arguments for part in message.parts] == ["{}", "{}"]


def test_a_result_without_a_call_is_kept():
    (found,) = results({"role": "tool", "content": "x"})
    assert found.parts == [Text(text="x")]


def test_a_prompt_is_a_conversation_of_its_own():
    request = prompt(system="be kind", images=["/9j/4AAQ"], options={"num_predict": 5}, think=True)
    assert request.messages == [
        Message(role="system", parts=[Text(text="be kind")]),
        Message(role="user", parts=[Image(media_type="image/jpeg", data="/9j/4AAQ"), Text(text="hi")]),
    ]
    assert (request.max_output_tokens, request.stream) == (5, True)


def test_a_prompts_own_template_is_reported():
    assert prompt(raw=True, template="x", suffix="", context=[]).extra == {"raw": True, "template": "x"}
    assert prompt(raw=False, template="").extra == {}


@pytest.mark.parametrize("field", [{"suffix": "end"}, {"context": [1, 2]}])
def test_what_another_provider_cannot_know_is_not_dropped(field):
    with pytest.raises(CannotCarry) as caught:
        prompt(**field)
    assert caught.value.param == next(iter(field))


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"model": None}, "model"),
        ({"messages": [{"role": "wizard", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": 7}]}, "messages.0.content"),
        ({"messages": "x"}, "messages"),
        ({"options": {"temperature": "hot"}}, "options.temperature"),
        ({"format": "xml"}, "format"),
        ({"tools": [{"type": "function"}]}, "tools.0"),
    ],
)
def test_a_misfit_is_named(changes, param):
    with pytest.raises(InvalidRequest) as caught:
        decoded(**changes)
    assert caught.value.param == param


@pytest.mark.parametrize("codec", [CHAT, GENERATE])
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", json.dumps({"prompt": "x"}).encode()])
def test_what_is_no_request_is_refused(codec, body):
    with pytest.raises(InvalidRequest):
        codec.decode_request(body)
    with pytest.raises(InvalidRequest):
        codec.outline(body)
