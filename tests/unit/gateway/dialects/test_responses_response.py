import json

import pytest
from tests.unit.gateway.dialects.responses_samples import (
    as_json,
    assert_sdk_reads_response,
    decoded,
    plain_request,
    schema,
)

from pointsman.core.chat import ChatResponse, Finish, Refusal, Text, Thinking, ToolCall, Usage
from pointsman.core.errors import UpstreamBroken, UpstreamLimited, UpstreamRejected
from pointsman.gateway.dialects.base import Losses
from pointsman.gateway.dialects.openai_responses import CODEC

USAGE = Usage(input_tokens=10, output_tokens=4, cached_input_tokens=3, reasoning_tokens=2)


def answer(*parts, finish=Finish.STOP, **fields):
    return ChatResponse(
        id="chatcmpl-Ab9", model="up", created_s=7, parts=list(parts), finish=finish, usage=USAGE, **fields
    )


def encoded(response, request=None):
    return json.loads(CODEC.encode_response(response, request or plain_request(), Losses()))


def test_items_get_ids_from_the_answers_id_and_their_place():
    found = encoded(answer(Thinking(text="hm"), Text(text="a"), ToolCall(id="c1", name="f", arguments="{}")))
    assert found["id"] == "resp_Ab9"
    assert [item["id"] for item in found["output"]] == ["rs_Ab9_0", "msg_Ab9_1", "fc_Ab9_2"]


def test_words_next_to_each_other_are_one_message():
    (message,) = encoded(answer(Text(text="a"), Refusal(text="no")))["output"]
    assert [part["type"] for part in message["content"]] == ["output_text", "refusal"]


def test_a_call_without_an_id_gets_one_to_answer_by():
    (call,) = encoded(answer(ToolCall(id="", name="f", arguments="")))["output"]
    assert (call["call_id"], call["arguments"]) == ("call_Ab9_0", "{}")


def test_tools_of_a_namespace_are_called_by_namespace_and_name():
    call = ToolCall(id="c1", name="multi_agent_v1__spawn", arguments="{}")
    (item,) = encoded(answer(call, finish=Finish.TOOL_CALLS), decoded())["output"]
    assert (item["namespace"], item["name"]) == ("multi_agent_v1", "spawn")


def test_custom_tools_are_called_with_text():
    call = ToolCall(id="c1", name="apply_patch", arguments="*** Begin", custom=True)
    (item,) = encoded(answer(call), decoded())["output"]
    assert (item["type"], item["input"]) == ("custom_tool_call", "*** Begin")


@pytest.mark.parametrize(
    ("finish", "status", "reason"),
    [
        (Finish.STOP, "completed", None),
        (Finish.TOOL_CALLS, "completed", None),
        (Finish.LENGTH, "incomplete", "max_output_tokens"),
        (Finish.CONTENT_FILTER, "incomplete", "content_filter"),
        (None, "failed", None),
    ],
)
def test_the_finish_decides_the_status(finish, status, reason):
    found = encoded(answer(Text(text="a"), finish=finish))
    assert found["status"] == status
    assert (found["incomplete_details"] or {}).get("reason") == reason
    assert (found["completed_at"] is not None) == (status == "completed")
    assert (found["error"] is not None) == (status == "failed")


def test_usage_has_its_details():
    assert encoded(answer())["usage"] == {
        "input_tokens": 10,
        "input_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 0},
        "output_tokens": 4,
        "output_tokens_details": {"reasoning_tokens": 2},
        "total_tokens": 14,
    }


def test_the_requests_settings_are_repeated():
    request = decoded(service_tier="flex", temperature=0.5, metadata={"k": "v"})
    found = encoded(answer(), request)
    assert (found["service_tier"], found["temperature"], found["metadata"]) == ("flex", 0.5, {"k": "v"})
    assert [tool.get("strict", "none") for tool in found["tools"]] == [False, "none", "none", "none"]
    assert found["reasoning"] == {"effort": "medium", "summary": "auto"}
    assert found["text"] == {"format": {"type": "text"}, "verbosity": "low"}


@pytest.mark.parametrize("request_", [plain_request(), decoded(), decoded(user="u", top_logprobs=1)])
def test_the_object_is_what_the_api_and_the_sdk_demand(request_):
    parts = (
        Thinking(text="hm", signature="s", origin="anthropic"),
        Text(text="a"),
        ToolCall(id="c", name="exec_command", arguments="{}"),
        ToolCall(id="d", name="apply_patch", arguments="x", custom=True),
    )
    body = CODEC.encode_response(answer(*parts), request_, Losses())
    assert assert_sdk_reads_response(body).output_text == "a"
    schema("Response").validate(json.loads(body))


def test_what_the_answer_cannot_say_is_reported():
    losses = Losses()
    CODEC.encode_response(answer(extra={"citations": []}), plain_request(), losses)
    assert losses.fields == ["citations"]


def test_log_probabilities_stand_with_the_text():
    logprobs = {"content": [{"token": "a", "logprob": -0.1, "bytes": [97], "top_logprobs": []}]}
    found = encoded(answer(Text(text="a"), logprobs=logprobs))
    assert found["output"][0]["content"][0]["logprobs"] == logprobs["content"]


@pytest.mark.parametrize(
    "response",
    [
        answer(Text(text="a"), Text(text="b")),
        answer(Text(text="a"), ToolCall(id="c", name="f", arguments="{}"), finish=Finish.TOOL_CALLS),
        answer(Thinking(text="hm", signature="s:x", origin="anthropic"), Text(text="a")),
        answer(Thinking(redacted="r", origin="anthropic"), Text(text="a"), finish=Finish.LENGTH),
        answer(Refusal(text="no"), finish=Finish.REFUSAL),
    ],
)
def test_an_answer_survives_the_way_out_and_back(response):
    back = CODEC.decode_response(CODEC.encode_response(response, plain_request(), Losses()))
    assert back.parts == response.parts
    assert (back.finish, back.usage) == (response.finish, response.usage)
    assert (back.id, back.model, back.created_s) == ("resp_Ab9", "up", 7)


def test_reasoning_in_full_is_read_when_there_is_no_summary():
    item = {"type": "reasoning", "id": "rs_1", "summary": []}
    item["content"] = [{"type": "reasoning_text", "text": "hm"}]
    found = CODEC.decode_response(as_json({"status": "completed", "output": [item]}))
    assert found.parts == [Thinking(text="hm")]


def test_the_providers_own_items_and_citations_are_kept_apart():
    text = {"type": "output_text", "text": "a", "annotations": [{"type": "url_citation"}], "logprobs": []}
    output = [{"type": "web_search_call", "id": "w"}, {"type": "message", "content": [text]}]
    found = CODEC.decode_response(as_json({"status": "completed", "output": output}))
    assert found.parts == [Text(text="a")]
    assert found.extra == {"output.web_search_call": True, "annotations": [{"type": "url_citation"}]}


@pytest.mark.parametrize(
    ("code", "kind", "error"),
    [
        ("rate_limit_exceeded", "rate_limit", UpstreamLimited),
        ("insufficient_quota", "quota", UpstreamLimited),
        ("context_length_exceeded", "context_length", UpstreamRejected),
        ("invalid_prompt", "invalid_request", UpstreamRejected),
        ("server_error", "api_error", UpstreamBroken),
    ],
)
def test_a_failed_response_is_an_error(code, kind, error):
    body = {"status": "failed", "error": {"code": code, "message": "why"}, "output": []}
    with pytest.raises(error) as caught:
        CODEC.decode_response(as_json(body))
    assert (caught.value.kind, caught.value.code, caught.value.message) == (kind, code, "why")


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"output": 3}', b'{"output": [{"type": 1}]}'])
def test_an_unreadable_answer_is_the_providers_fault(body):
    with pytest.raises(UpstreamBroken):
        CODEC.decode_response(body)


def test_an_answer_still_in_the_making_has_another_finish():
    assert CODEC.decode_response(b'{"status":"queued","output":[]}').finish is Finish.OTHER
