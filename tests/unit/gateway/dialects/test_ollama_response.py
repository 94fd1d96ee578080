import json

import ollama
import pytest
from tests.unit.gateway.dialects.ollama_samples import (
    CHAT,
    CREATED,
    CREATED_S,
    GENERATE,
    answered,
    as_json,
    call,
    plain,
)

from pointsman.core.chat import Finish, Image, Reasoning, Refusal, Text, Thinking, ToolCall, Usage
from pointsman.core.errors import UpstreamBroken, UpstreamRejected
from pointsman.gateway.dialects.base import Losses

CALL = ToolCall(id="c1", name="ls", arguments='{"at":"."}')
LOGPROBS = {"content": [{"token": "hi", "logprob": -0.1, "top_logprobs": []}], "refusal": None}


def written(answer, codec=CHAT, **changes):
    losses = Losses()
    return json.loads(codec.encode_response(answer, plain(**changes), losses)), losses.fields


def whole(**changes):
    message = {"role": "assistant", "content": "hi"}
    figures = {"prompt_eval_count": 11, "eval_count": 18, "total_duration": 174560334}
    done = {"done": True, "done_reason": "stop", **figures}
    return as_json({"model": "m", "created_at": CREATED, "message": message, **done, **changes})


def test_a_whole_answer_is_written():
    found, lost = written(answered(Thinking(text="hm"), "I ", "look.", CALL, finish=Finish.TOOL_CALLS))
    function = {"index": 0, "name": "ls", "arguments": {"at": "."}}
    message = {"role": "assistant", "content": "I look.", "thinking": "hm"}
    assert found["message"] == {**message, "tool_calls": [{"id": "c1", "function": function}]}
    assert (found["done"], found["done_reason"], lost) == (True, "stop", [])
    assert (found["prompt_eval_count"], found["eval_count"], found["eval_duration"]) == (11, 18, 0)


def test_the_sdk_reads_a_whole_answer():
    found = ollama.ChatResponse.model_validate(written(answered("hi", CALL, logprobs=LOGPROBS))[0])
    assert (found.message.content, found.done_reason, found.total_duration) == ("hi", "stop", 0)
    assert found.message.tool_calls[0].function.arguments == {"at": "."}
    assert found.logprobs[0].token == "hi"


def test_the_sdk_reads_a_prompts_answer():
    found = ollama.GenerateResponse.model_validate(written(answered(Thinking(text="hm"), "hi"), GENERATE)[0])
    assert (found.response, found.thinking, found.done, found.eval_count) == ("hi", "hm", True, 18)


def test_an_answer_that_broke_off_is_not_done():
    found, _ = written(answered("half", finish=None))
    assert found["done"] is False
    assert "done_reason" not in found


@pytest.mark.parametrize(
    ("parts", "changes", "lost"),
    [
        ([Thinking(text="hm", signature="s")], {}, ["thinking.signature"]),
        ([Image(data="x")], {}, ["content"]),
        ([Refusal(text="no")], {"finish": Finish.REFUSAL}, ["finish_reason"]),
        (["hi"], {"extra": {"service_tier": "x"}}, ["service_tier"]),
        (["hi"], {"logprobs": LOGPROBS}, []),
    ],
)
def test_what_has_no_place_is_reported(parts, changes, lost):
    assert written(answered(*parts, **changes))[1] == lost


def test_thinking_that_was_refused_is_not_shown():
    found, lost = written(answered(Thinking(text="hm"), "hi"), reasoning=Reasoning(enabled=False))
    assert (found["message"], lost) == ({"role": "assistant", "content": "hi"}, ["thinking"])


def test_arguments_that_are_no_object_are_the_providers_fault():
    with pytest.raises(UpstreamBroken):
        written(answered(ToolCall(id="c", name="ls", arguments="[1]")))


def test_a_servers_answer_is_read():
    found = CHAT.decode_response(whole())
    assert (found.model, found.created_s, found.parts) == ("m", CREATED_S, [Text(text="hi")])
    assert (found.finish, found.usage) == (Finish.STOP, Usage(input_tokens=11, output_tokens=18))


def test_calls_without_ids_get_their_own():
    message = {"role": "assistant", "content": "", "thinking": "hm", "tool_calls": [call(), call(id="c")]}
    found = CHAT.decode_response(whole(message=message))
    thought, first, second = found.parts
    assert (thought, second.id, found.finish) == (Thinking(text="hm"), "c", Finish.TOOL_CALLS)
    assert first.id.startswith("call_")
    assert CHAT.decode_response(whole(message=message)) == found


def test_a_prompts_answer_is_read():
    found = GENERATE.decode_response(whole(response="hi", thinking="hm", logprobs=LOGPROBS["content"]))
    assert (found.parts, found.logprobs) == ([Thinking(text="hm"), Text(text="hi")], LOGPROBS)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"message":1}', b'{"error":"died"}'])
@pytest.mark.parametrize("codec", [CHAT, GENERATE])
def test_what_is_no_answer_is_the_providers_fault(codec, body):
    with pytest.raises(UpstreamBroken):
        codec.decode_response(body)


def test_an_error_instead_of_an_answer_is_raised():
    with pytest.raises(UpstreamRejected, match="context length"):
        CHAT.decode_response(b'{"error":"input exceeds the context length"}')


def test_an_answer_without_counts_has_no_usage():
    assert CHAT.decode_response(whole(prompt_eval_count=None, eval_count=None)).usage is None
