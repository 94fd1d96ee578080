import json

import pytest
from openai.types import Completion

from pointsman.core.chat import ChatRequest, ChatResponse, Finish, Message, Refusal, Text, Thinking, Usage
from pointsman.core.errors import UpstreamBroken
from pointsman.gateway.dialects.base import Losses
from pointsman.gateway.dialects.openai_completions import CODEC

REQUEST = ChatRequest(model="m", messages=[Message(role="user", parts=[Text(text="def ")])])
ECHOING = ChatRequest(model="m", messages=REQUEST.messages, echo={"echo": True})
LOGPROBS = {
    "content": [
        {
            "token": "f",
            "logprob": -0.5,
            "bytes": [102],
            "top_logprobs": [{"token": "g", "logprob": -1.0, "bytes": [103]}],
        },
        {"token": "()", "logprob": -0.1, "bytes": [40, 41], "top_logprobs": []},
    ],
    "refusal": None,
}


def response(**fields):
    fields = {"parts": [Text(text="f()")], "finish": Finish.STOP, **fields}
    return ChatResponse(id="chatcmpl-Ab9", model="m-1", created_s=1_700_000_000, **fields)


def written(found, request=REQUEST, losses=None):
    return json.loads(CODEC.encode_response(found, request, losses or Losses()))


def upstream(**fields):
    choice = {"text": "f()", "index": 0, "logprobs": None, "finish_reason": "stop"}
    return {
        "id": "cmpl-1",
        "object": "text_completion",
        "created": 5,
        "model": "m",
        "choices": [choice],
        **fields,
    }


def read(**fields):
    return CODEC.decode_response(json.dumps(upstream(**fields)).encode())


def test_the_sdk_reads_what_is_written():
    usage = Usage(input_tokens=3, output_tokens=2, cached_input_tokens=1, reasoning_tokens=1)
    found = Completion.model_validate(written(response(usage=usage, logprobs=LOGPROBS)), strict=True)
    assert (found.id, found.choices[0].text, found.choices[0].finish_reason) == ("cmpl-Ab9", "f()", "stop")
    assert (found.usage.prompt_tokens, found.usage.total_tokens) == (3, 5)
    assert found.usage.prompt_tokens_details.cached_tokens == 1
    assert found.choices[0].logprobs.text_offset == [0, 1]


def test_an_answer_read_back_is_the_same():
    usage = Usage(input_tokens=3, output_tokens=2, cached_input_tokens=1, reasoning_tokens=1)
    whole = response(usage=usage, logprobs=LOGPROBS)
    again = CODEC.decode_response(CODEC.encode_response(whole, REQUEST, Losses()))
    whole.id = "cmpl-Ab9"
    assert again == whole


@pytest.mark.parametrize(
    ("finish", "reason"),
    [
        (Finish.STOP, "stop"),
        (Finish.STOP_SEQUENCE, "stop"),
        (Finish.LENGTH, "length"),
        (Finish.CONTENT_FILTER, "content_filter"),
        (Finish.REFUSAL, "content_filter"),
        (Finish.OTHER, "stop"),
        (None, None),
    ],
)
def test_finishes_in_the_dialects_words(finish, reason):
    assert written(response(finish=finish))["choices"][0]["finish_reason"] == reason


def test_only_text_is_said_and_the_rest_reported():
    losses = Losses()
    parts = [Thinking(text="hm"), Refusal(text="no")]
    assert written(response(parts=parts, extra={"x": 1}), losses=losses)["choices"][0]["text"] == "no"
    assert losses.fields == ["x", "thinking"]


def test_the_prompt_is_repeated_for_who_asked():
    assert written(response(), ECHOING)["choices"][0]["text"] == "def f()"


def test_an_answer_without_an_id_gets_one():
    found = response()
    found.id = ""
    assert len(written(found)["id"]) > len("cmpl-")


def test_a_provider_that_says_little_is_read():
    found = read(choices=[{"text": "a"}], usage=None)
    assert (found.parts, found.finish, found.usage) == ([Text(text="a")], None, None)
    assert read(choices=[]).parts == []


def test_of_several_choices_the_first_is_read_and_the_others_are_named():
    choices = [{"text": "b", "index": 1}, {"text": "a", "index": 0, "finish_reason": "length"}]
    found = read(choices=choices)
    assert (found.parts, found.finish, found.extra) == ([Text(text="a")], Finish.LENGTH, {"choices": 2})


def test_tokens_without_a_value_are_left_out():
    lists = {"tokens": ["a", "b"], "token_logprobs": [None, -1.0], "top_logprobs": None}
    found = read(choices=[{"text": "ab", "logprobs": lists}])
    assert [entry["token"] for entry in found.logprobs["content"]] == ["b"]


@pytest.mark.parametrize("bad", [b"<html>", b"[]", b"{}", b'{"choices":[1]}', b'{"choices":' * 5000])
def test_what_is_no_completion_is_the_providers_fault(bad):
    with pytest.raises(UpstreamBroken):
        CODEC.decode_response(bad)
