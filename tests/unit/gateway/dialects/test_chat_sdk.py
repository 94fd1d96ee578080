"""OpenAI's SDK itself against what the dialect writes, over an in-process transport."""

import httpx
import openai
import pytest
from openai import OpenAI
from tests.unit.gateway.dialects.chat_samples import asking

from pointsman.core.chat import ChatResponse, Finish, Text
from pointsman.core.errors import ContextTooLong, QuotaExhausted, StreamTruncated
from pointsman.core.stream import Finished, Started, TextDelta, ToolCallDelta, ToolCallStarted
from pointsman.gateway.dialects.base import Losses
from pointsman.gateway.dialects.openai_chat import CODEC

ASK = {"model": "auto", "messages": [{"role": "user", "content": "hi"}]}


def client(body, status=200, kind="application/json"):
    """An SDK client whose every call is answered with `body`."""

    def answer(request):
        return httpx.Response(status, headers={"content-type": kind}, content=body)

    http = httpx.Client(transport=httpx.MockTransport(answer))
    return OpenAI(api_key="k", base_url="http://gw/v1", http_client=http, max_retries=0)


def stream(events, fault=None):
    encoder = CODEC.stream_encoder(asking(include_usage=True), "req_01abc", Losses())
    body = encoder.encode(events)
    return client(body + (encoder.fail(fault) if fault else encoder.finish()), kind="text/event-stream")


def test_a_whole_answer():
    parts = [Text(text="hello")]
    response = ChatResponse(id="r", model="m", created_s=0, parts=parts, finish=Finish.STOP)
    sdk = client(CODEC.encode_response(response, asking(), Losses()))
    assert sdk.chat.completions.create(**ASK).choices[0].message.content == "hello"


def test_a_stream():
    calls = [ToolCallStarted(1, "c", "ls"), ToolCallDelta(1, '{"at"'), ToolCallDelta(1, ':"."}')]
    sdk = stream([Started("u", "m"), TextDelta(0, "a"), *calls, Finished(Finish.TOOL_CALLS)])
    with sdk.chat.completions.stream(**ASK) as running:
        choice = running.get_final_completion().choices[0]
    assert (choice.message.content, choice.finish_reason) == ("a", "tool_calls")
    assert choice.message.tool_calls[0].function.arguments == '{"at":"."}'


def test_an_error_inside_a_stream_is_raised():
    sdk = stream([Started("u", "m"), TextDelta(0, "a")], StreamTruncated("cut short"))
    with pytest.raises(openai.APIError, match="cut short"):
        list(sdk.chat.completions.create(**ASK, stream=True))


@pytest.mark.parametrize(
    ("error", "raised"),
    [(ContextTooLong("9 > 8"), openai.BadRequestError), (QuotaExhausted("spent"), openai.RateLimitError)],
)
def test_an_error_has_its_class_and_code(error, raised):
    status, body = CODEC.render_error(error, "req_1")
    with pytest.raises(raised) as caught:
        client(body, status).chat.completions.create(**ASK)
    assert caught.value.code == error.code
