"""Ollama's clients with another dialect's provider, and the other way round."""

import json

from tests.unit.gateway.dialects.ollama_samples import CHAT, PNG, SCHEMA, as_json, call, chat_body, last, said

from pointsman.gateway.dialects import anthropic, openai_responses
from pointsman.gateway.dialects.base import Losses

ANTHROPIC, RESPONSES = anthropic.CODEC, openai_responses.CODEC


def carried(source, target, body):
    """The body `target` writes for `body`, and what was lost."""
    losses = Losses()
    return json.loads(target.encode_request(source.decode_request(as_json(body)), losses)), losses.fields


def streamed(source, target, data, request):
    """What `target` writes while `source` reads `data`."""
    decoder, encoder = source.stream_decoder(), target.stream_encoder(request, "req_1", Losses())
    return encoder.encode(decoder.feed(data)) + encoder.finish()


def test_a_tool_loop_goes_to_anthropic_with_its_picture_and_schema():
    body, lost = carried(CHAT, ANTHROPIC, chat_body(format=SCHEMA, think=None, options={"num_predict": 9}))
    user, assistant, result = body["messages"]
    assert user["content"][0]["source"] == {"type": "base64", "media_type": "image/png", "data": PNG}
    use = assistant["content"][-1]
    assert (use["name"], use["input"]) == ("ls", {"at": "."})
    assert result["content"][0]["tool_use_id"] == use["id"]
    assert body["output_config"]["format"]["schema"]["required"] == ["age"]
    assert (body["max_tokens"], lost) == (9, ["thinking"])


def test_a_tool_loop_goes_to_responses_with_its_picture_and_schema():
    body, _ = carried(CHAT, RESPONSES, chat_body(format=SCHEMA, think="high"))
    calls = [item for item in body["input"] if item.get("type") == "function_call"]
    outputs = [item for item in body["input"] if item.get("type") == "function_call_output"]
    assert [item["call_id"] for item in calls] == [item["call_id"] for item in outputs]
    assert PNG in json.dumps(body["input"])
    assert body["text"]["format"]["schema"] == SCHEMA
    assert body["reasoning"]["effort"] == "high"


def test_a_claude_request_goes_to_ollama():
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
    use = {"type": "tool_use", "id": "toolu_1", "name": "ls", "input": {"at": "."}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "a.py"}
    turns = [("user", [picture]), ("assistant", [use]), ("user", [result, {"type": "text", "text": "go on"}])]
    messages = [{"role": role, "content": content} for role, content in turns]
    body, lost = carried(
        ANTHROPIC, CHAT, {"model": "m", "max_tokens": 9, "system": "S", "messages": messages}
    )
    system, user, assistant, tool, more = body["messages"]
    assert (system["content"], user["images"], more["content"]) == ("S", [PNG], "go on")
    assert assistant["tool_calls"][0]["function"] == {"name": "ls", "arguments": {"at": "."}}
    assert (tool["tool_name"], tool["tool_call_id"], tool["content"]) == ("ls", "toolu_1", "a.py")
    assert (body["options"], lost) == ({"num_predict": 9}, [])


def test_a_stream_of_ollama_reaches_a_client_of_anthropic():
    claude = {"model": "m", "max_tokens": 9, "thinking": {"type": "adaptive"}, "messages": []}
    request = ANTHROPIC.decode_request(as_json(claude))
    data = said(thinking="hm") + said("I look.") + said(tool_calls=[call()]) + last()
    events = ANTHROPIC.stream_decoder().feed(streamed(CHAT, ANTHROPIC, data, request))
    text = "".join([event.text for event in events if hasattr(event, "text")])
    assert text == "hmI look."
    assert [event.name for event in events if hasattr(event, "name")] == ["ls"]
    assert [event.reason for event in events if hasattr(event, "reason")] == ["tool_calls"]
    usage = [event.usage for event in events if hasattr(event, "usage")][-1]
    assert (usage.input_tokens, usage.output_tokens) == (11, 18)


def test_a_stream_of_anthropic_reaches_a_client_of_ollama():
    claude = ANTHROPIC.decode_request(as_json({"model": "m", "max_tokens": 9, "messages": []}))
    source = said("hi") + said(tool_calls=[call(id="c1")]) + last()
    data = streamed(CHAT, ANTHROPIC, source, claude)
    request = CHAT.decode_request(as_json(chat_body()))
    lines = [json.loads(line) for line in streamed(ANTHROPIC, CHAT, data, request).splitlines()]
    text, called, end = [line["message"] for line in lines]
    assert (text["content"], end["content"]) == ("hi", "")
    function = {"index": 0, "name": "ls", "arguments": {"at": "."}}
    assert called["tool_calls"] == [{"id": "c1", "function": function}]
    assert (lines[-1]["prompt_eval_count"], lines[-1]["eval_count"]) == (11, 18)
