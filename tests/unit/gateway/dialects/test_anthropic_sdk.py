"""Anthropic's SDK itself against what the dialect writes, over an in-process transport."""

import httpx2
import pytest
from anthropic import Anthropic, APIStatusError, BadRequestError, OverloadedError
from tests.unit.gateway.dialects.anthropic_samples import THINKER, asking

from pointsman.core.chat import ChatResponse, Finish, Text
from pointsman.core.errors import ContextTooLong, Draining, StreamTruncated
from pointsman.core.stream import Finished, Started, TextDelta, ToolCallDelta, ToolCallStarted
from pointsman.gateway.dialects.anthropic import CODEC
from pointsman.gateway.dialects.base import Losses

ASK = {"model": "claude-auto", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}


def client(body, status=200, kind="application/json"):
    """An SDK client whose every call is answered with `body`."""

    def answer(request):
        return httpx2.Response(status, headers={"content-type": kind}, content=body)

    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    return Anthropic(api_key="k", base_url="http://gw", http_client=http, max_retries=0)


def stream(events, fault=None):
    encoder = CODEC.stream_encoder(THINKER, "req_01abc", Losses())
    body = encoder.encode(events)
    return client(body + (encoder.fail(fault) if fault else encoder.finish()), kind="text/event-stream")


def test_a_whole_answer():
    parts = [Text(text="hello")]
    response = ChatResponse(id="r", model="m", created_s=0, parts=parts, finish=Finish.STOP)
    sdk = client(CODEC.encode_response(response, asking(), Losses()))
    assert sdk.messages.create(**ASK).content[0].text == "hello"


def test_a_stream():
    calls = [ToolCallStarted(1, "c", "ls"), ToolCallDelta(1, '{"at"'), ToolCallDelta(1, ':"."}')]
    sdk = stream([Started("u", "m"), TextDelta(0, "a"), *calls, Finished(Finish.TOOL_CALLS)])
    with sdk.messages.stream(**ASK) as running:
        message = running.get_final_message()
    assert (message.content[0].text, message.content[1].input) == ("a", {"at": "."})
    assert message.stop_reason == "tool_use"


def test_an_error_inside_a_stream_is_raised():
    sdk = stream([Started("u", "m"), TextDelta(0, "a")], StreamTruncated("cut short"))
    with pytest.raises(APIStatusError, match="cut short"), sdk.messages.stream(**ASK) as running:
        running.get_final_message()


@pytest.mark.parametrize(
    ("error", "raised"), [(ContextTooLong("9 > 8"), BadRequestError), (Draining("later"), OverloadedError)]
)
def test_an_error_has_its_class(error, raised):
    status, body = CODEC.render_error(error, "req_1")
    with pytest.raises(raised):
        client(body, status).messages.create(**ASK)


def test_a_count():
    sdk = client(CODEC.encode_count(7))
    found = sdk.messages.count_tokens(model="m", messages=ASK["messages"])
    assert found.input_tokens == 7
