import json

import pytest
from anthropic.types import Message as SdkMessage
from tests.unit.gateway.dialects.anthropic_samples import THINKER, as_json, asking

from pointsman.core.chat import ChatResponse, Finish, Refusal, Text, Thinking, ToolCall, Usage
from pointsman.core.errors import UpstreamBroken
from pointsman.gateway.dialects.anthropic import CODEC
from pointsman.gateway.dialects.base import Losses

PARTS = [
    Thinking(text="hm", signature="c2ln", origin="anthropic"),
    Thinking(redacted="aGlk", origin="anthropic"),
    Text(text="I look."),
    ToolCall(id="toolu_1", name="ls", arguments='{"at":"."}'),
]


def answer(*parts, finish=Finish.STOP, **fields):
    return ChatResponse(id="up-1", model="gpt-x", created_s=7, parts=list(parts), finish=finish, **fields)


def encoded(response, request=THINKER, losses=None):
    body = CODEC.encode_response(response, request, losses or Losses())
    return SdkMessage.model_validate_json(body, strict=True)


def test_the_sdk_reads_every_part():
    message = encoded(answer(*PARTS, finish=Finish.TOOL_CALLS))
    thought, hidden, text, call = message.content
    assert (thought.thinking, thought.signature, hidden.data) == ("hm", "c2ln", "aGlk")
    assert (text.text, call.input, message.stop_reason) == ("I look.", {"at": "."}, "tool_use")
    assert (message.id, message.model) == ("msg_up-1", "gpt-x")


def test_an_answer_comes_back_as_it_was():
    usage = Usage(input_tokens=9, output_tokens=5, cached_input_tokens=3, cache_write_tokens=2)
    body = CODEC.encode_response(answer(*PARTS, usage=usage), THINKER, Losses())
    found = CODEC.decode_response(body)
    assert (found.parts, found.usage, found.model) == (PARTS, usage, "gpt-x")
    assert found.finish is Finish.TOOL_CALLS


def test_a_refusal_is_text_with_its_reason():
    message = encoded(answer(Refusal(text="No."), finish=Finish.REFUSAL))
    assert (message.content[0].text, message.stop_reason) == ("No.", "refusal")


def test_an_answer_that_broke_off_has_no_reason():
    assert encoded(answer(Text(text="x"), finish=None)).stop_reason is None


def test_thinking_that_was_not_asked_for_stays_behind():
    losses = Losses()
    message = encoded(answer(*PARTS), asking(), losses)
    assert [block.type for block in message.content] == ["text", "tool_use"]
    assert losses.fields == ["thinking"]


def test_empty_text_is_no_block_and_a_call_gets_an_id():
    (call,) = encoded(answer(Text(text=""), ToolCall(id="", name="ls", arguments=""))).content
    assert (call.id, call.input) == ("toolu_up-1_0", {})


def test_what_has_no_word_here_is_reported():
    losses = Losses()
    encoded(answer(Text(text="x"), logprobs={"content": []}, extra={"annotations": []}), losses=losses)
    assert losses.fields == ["annotations", "logprobs"]


def test_a_call_without_an_object_lets_another_provider_try():
    with pytest.raises(UpstreamBroken) as caught:
        encoded(answer(ToolCall(id="c", name="ls", arguments="{broken")))
    assert caught.value.try_next


def test_blocks_of_server_tools_are_reported():
    blocks = [
        {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
        {"type": "text", "text": "x", "citations": [{"type": "page_location"}]},
    ]
    found = CODEC.decode_response(as_json({"id": "msg_1", "content": blocks, "stop_reason": "end_turn"}))
    assert (found.parts, found.extra) == ([Text(text="x")], {"content.server_tool_use": True})


def test_a_call_without_input_has_an_empty_object():
    block = {"type": "tool_use", "id": "t", "name": "ls", "input": {}}
    (call,) = CODEC.decode_response(as_json({"content": [block]})).parts
    assert call.arguments == "{}"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"type":"error","error":{}}', b'{"content":[1]}'])
def test_an_answer_that_is_no_message_is_the_providers_fault(body):
    with pytest.raises(UpstreamBroken):
        CODEC.decode_response(body)


def test_a_count():
    assert json.loads(CODEC.encode_count(7)) == {"input_tokens": 7}
