"""The stand-in itself: as strict as the vendors, with faults that are what they say."""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from openai import OpenAI
from tests.standin import StandIn
from tests.standin.proofs import sign

CHAT, RESPONSES, MESSAGES, OLLAMA = "/v1/chat/completions", "/v1/responses", "/v1/messages", "/api/chat"
HI = {"role": "user", "content": "Hi"}
ASKS = {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "f", "input": {}}]}
CALLS = {
    "role": "assistant",
    "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
}


def thought(vendor: str) -> dict[str, Any]:
    block = {"type": "thinking", "thinking": "Hm.", "signature": sign(vendor, "Hm.")}
    return {"role": "assistant", "content": [block, {"type": "text", "text": "Yes"}]}


def post(standin: StandIn, path: str, **body: Any) -> tuple[int, str]:
    headers = {"content-type": "application/json", "authorization": "Bearer k"}
    if path == MESSAGES:
        headers |= {"x-api-key": "k", "anthropic-version": "2023-06-01"}
    data = json.dumps({"model": "m", **body}).encode()
    request = urllib.request.Request(standin.url + path, data, headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        (CHAT, {"messages": [{"role": "wizard", "content": "x"}]}, "Invalid value: 'wizard'"),
        (CHAT, {"messages": [HI], "bogus": 1}, "Unknown parameter"),
        (CHAT, {"messages": [HI, CALLS, HI]}, "did not have response messages: c1"),
        (
            CHAT,
            {"messages": [HI, {"role": "tool", "tool_call_id": "c9", "content": "x"}]},
            "must be a response",
        ),
        (CHAT, {"messages": [HI], "stream_options": {}}, "only allowed when 'stream'"),
        (
            CHAT,
            {"messages": [HI], "response_format": {"type": "json_object"}},
            "must contain the word 'json'",
        ),
        (
            RESPONSES,
            {"input": [{"type": "function_call_output", "call_id": "c", "output": ""}]},
            "No tool call",
        ),
        (RESPONSES, {"input": [{**HI, "type": "message", "id": "x1"}]}, "begins with 'msg'"),
        (RESPONSES, {"input": "Hi", "max_output_tokens": 4}, "expected a value >= 16"),
        (
            RESPONSES,
            {"input": [HI, {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "x"}]},
            "could not be verified",
        ),
        (MESSAGES, {"messages": [HI]}, "max_tokens: Field required"),
        (MESSAGES, {"max_tokens": 9, "messages": [HI, ASKS, HI]}, "without `tool_result` blocks"),
        (MESSAGES, {"max_tokens": 9, "messages": [HI, thought("openai"), HI]}, "Invalid `signature`"),
        (MESSAGES, {"max_tokens": 9, "messages": [{"role": "user", "content": ""}]}, "non-empty"),
        (MESSAGES, {"max_tokens": 9, "messages": [HI], "temperature": 1.5}, "less than or equal to 1"),
        (OLLAMA, {"messages": [{"role": "developer", "content": "x"}]}, "invalid role"),
        (OLLAMA, {"messages": [CALLS]}, "cannot unmarshal string"),
    ],
)
def test_what_a_vendor_refuses_is_refused(
    standin: StandIn, path: str, body: dict[str, Any], words: str
) -> None:
    status, text = post(standin, path, **body)
    assert status == 400
    assert words in text


def test_its_own_signature_is_accepted(standin: StandIn) -> None:
    assert post(standin, MESSAGES, max_tokens=9, messages=[HI, thought("anthropic"), HI])[0] == 200


def test_a_fault_strikes_as_often_as_it_was_told(standin: StandIn) -> None:
    standin.clear()
    messages = [{"role": "user", "content": "Hi [[status:503 times:2]]"}]
    assert [post(standin, CHAT, messages=messages)[0] for _ in range(3)] == [503, 503, 200]


def test_a_fault_can_be_meant_for_one_model(standin: StandIn) -> None:
    messages = [{"role": "user", "content": "Hi [[status:500 model:other]]"}]
    assert post(standin, CHAT, messages=messages)[0] == 200
    assert post(standin, CHAT, model="other", messages=messages)[0] == 500


def test_requests_are_recorded_with_their_provider(standin: StandIn) -> None:
    standin.clear()
    post(standin, "/p/first/v1/chat/completions", messages=[HI])
    [seen] = standin.requests()
    assert (seen["provider"], seen["path"], seen["status"], seen["finished"]) == ("first", CHAT, 200, True)
    assert seen["body"]["messages"] == [HI]


def test_a_stored_response_is_continued(standin: StandIn) -> None:
    with OpenAI(base_url=f"{standin.url}/v1", api_key="k", max_retries=0) as client:
        first = client.responses.create(model="m", input="My name is Ada")
        second = client.responses.create(model="m", input="Who am I?", previous_response_id=first.id)
    assert second.output_text.endswith("before you said: My name is Ada")
