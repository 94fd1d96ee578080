"""OpenAI's SDK itself against the small endpoints, over an in-process transport: it sends its requests to
our reader and reads our answers."""

import httpx2
import pytest
from openai import APIError, NotFoundError, OpenAI

from pointsman.core.chat import ChatResponse, EmbedResponse, Finish, Text, Usage
from pointsman.core.errors import UpstreamOverloaded
from pointsman.core.stream import Finished, Started, TextDelta, UsageReported
from pointsman.gateway.dialects.base import Losses, ModelCard, PageRequest
from pointsman.gateway.dialects.openai_completions import CODEC as COMPLETIONS
from pointsman.gateway.dialects.openai_embeddings import CODEC as EMBEDDINGS
from pointsman.gateway.dialects.registry import ROUTE_TABLE

USAGE = Usage(input_tokens=3, output_tokens=2)
EVENTS = [
    Started("x", "m"),
    TextDelta(0, "a"),
    TextDelta(0, "b"),
    UsageReported(USAGE),
    Finished(Finish.STOP),
]
CARDS = [ModelCard(name="auto"), ModelCard(name="openai/gpt-5:latest")]


def page(request):
    path = request.url.path
    route, rest = ROUTE_TABLE.resolve(request.method, path, False)
    found = route.page(
        PageRequest(method="GET", path=path, rest=rest, query=b"", headers={}, body=b"", cards=CARDS)
    )
    return found.status, "application/json", found.body


def embeds(request):
    asked = EMBEDDINGS.decode_request(request.content)
    response = EmbedResponse(model="m", vectors=[[0.5, -2.0] for _ in asked.inputs], usage=USAGE)
    return 200, "application/json", EMBEDDINGS.encode_response(response, asked)


def completes(request, fault=None):
    asked = COMPLETIONS.decode_request(request.content)
    if not asked.stream:
        parts = [Text(text="ab")]
        response = ChatResponse(id="x", model="m", created_s=1, parts=parts, finish=Finish.STOP, usage=USAGE)
        return 200, "application/json", COMPLETIONS.encode_response(response, asked, Losses())
    encoder = COMPLETIONS.stream_encoder(asked, "req_1", Losses())
    body = encoder.encode(EVENTS) + (encoder.fail(fault) if fault else encoder.finish())
    return 200, "text/event-stream", body


def client(answer):
    def respond(request):
        status, kind, body = answer(request)
        return httpx2.Response(status, headers={"content-type": kind}, content=body)

    http = httpx2.Client(transport=httpx2.MockTransport(respond))
    return OpenAI(api_key="k", base_url="http://gw/v1", http_client=http, max_retries=0)


def test_models_are_listed_and_found_by_odd_names():
    models = client(page).models
    assert [model.id for model in models.list()] == ["auto", "openai/gpt-5:latest"]
    assert models.retrieve("openai/gpt-5:latest").object == "model"
    with pytest.raises(NotFoundError, match="nobody"):
        models.retrieve("nobody")


@pytest.mark.parametrize("fields", [{}, {"encoding_format": "float"}, {"encoding_format": "base64"}])
def test_vectors_arrive_whatever_the_encoding(fields):
    found = client(embeds).embeddings.create(model="m", input=["a", "b"], **fields)
    assert [item.index for item in found.data] == [0, 1]
    assert found.usage.prompt_tokens == 3
    if fields.get("encoding_format") != "base64":
        assert found.data[1].embedding == [0.5, -2.0]


def test_a_completion():
    found = client(completes).completions.create(model="m", prompt="p")
    assert (found.choices[0].text, found.choices[0].finish_reason, found.usage.total_tokens) == (
        "ab",
        "stop",
        5,
    )


def test_a_streamed_completion_with_its_usage():
    options = {"include_usage": True}
    ask = client(completes).completions.create
    chunks = list(ask(model="m", prompt="p", stream=True, stream_options=options))
    assert "".join(choice.text for chunk in chunks for choice in chunk.choices) == "ab"
    assert [chunk.usage and chunk.usage.total_tokens for chunk in chunks] == [None, None, None, 5]


def test_a_stream_that_breaks_raises_in_the_client():
    broken = client(lambda request: completes(request, UpstreamOverloaded("busy")))
    with pytest.raises(APIError, match="busy"):
        list(broken.completions.create(model="m", prompt="p", stream=True))
