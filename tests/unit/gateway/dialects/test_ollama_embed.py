import json

import ollama
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.gateway.dialects.ollama_samples import EMBED, EMBEDDINGS, as_json

from pointsman.core.chat import EmbedRequest, EmbedResponse, Usage
from pointsman.core.errors import CannotCarry, InvalidRequest, UpstreamBroken
from pointsman.core.features import Need
from pointsman.gateway.dialects.base import Losses

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
EXTRAS = st.sampled_from([{}, {"truncate": False}, {"options": {"num_ctx": 1}}])
SINGLE = st.builds(
    EmbedRequest, model=st.just("m"), inputs=st.tuples(WORDS).map(list), single=st.just(True), extra=EXTRAS
)
SEVERAL = st.builds(
    EmbedRequest,
    model=st.just("m"),
    inputs=st.lists(WORDS, max_size=3),
    dimensions=st.none() | st.just(64),
    extra=EXTRAS,
)


@given(SINGLE | SEVERAL)
def test_what_is_asked_comes_back_as_it_was(request):
    losses = Losses()
    assert EMBED.decode_request(EMBED.encode_request(request, losses)) == request
    assert losses.fields == []


@given(SINGLE)
def test_what_the_older_form_asks_comes_back_as_it_was(request):
    assert EMBEDDINGS.decode_request(EMBEDDINGS.encode_request(request, Losses())) == request


@given(st.lists(st.lists(st.floats(-1, 1), max_size=3), max_size=3))
def test_vectors_come_back_as_they_were(vectors):
    answer = EmbedResponse(model="m", vectors=vectors, usage=Usage(input_tokens=8))
    body = EMBED.encode_response(answer, EmbedRequest(model="m", inputs=[]))
    assert EMBED.decode_response(body) == answer
    assert ollama.EmbedResponse.model_validate_json(body).embeddings == vectors


def test_the_older_form_has_one_vector():
    answer = EmbedResponse(model="m", vectors=[[0.5, 1.0]], usage=Usage(input_tokens=8))
    body = EMBEDDINGS.encode_response(answer, EmbedRequest(model="m", inputs=["x"]))
    assert json.loads(body) == {"embedding": [0.5, 1.0]}
    assert EMBEDDINGS.decode_response(body).vectors == [[0.5, 1.0]]
    assert ollama.EmbeddingsResponse.model_validate_json(body).embedding == [0.5, 1.0]


@pytest.mark.parametrize("codec", [EMBED, EMBEDDINGS])
def test_an_embedding_is_outlined(codec):
    found = codec.outline(as_json({"model": "m", "input": "x" * 396, "prompt": ""}))
    assert (found.model, found.stream, found.needs) == ("m", False, Need.EMBEDDING)
    assert 100 <= found.context_tokens <= 120


@pytest.mark.parametrize("codec", [EMBED, EMBEDDINGS])
def test_token_numbers_are_not_dropped(codec):
    with pytest.raises(CannotCarry):
        codec.encode_request(EmbedRequest(model="m", inputs=[[1, 2]]), Losses())


def test_the_older_form_takes_one_text():
    with pytest.raises(CannotCarry):
        EMBEDDINGS.encode_request(EmbedRequest(model="m", inputs=["a", "b"]), Losses())


def test_what_has_no_place_is_reported():
    losses = Losses()
    request = EmbedRequest(model="m", inputs=["a"], dimensions=2, user="u", extra={"brand_new": 1})
    EMBEDDINGS.encode_request(request, losses)
    assert losses.fields == ["dimensions", "user", "brand_new"]


@pytest.mark.parametrize("body", [{}, {"model": "m"}, {"model": "m", "input": 1, "prompt": 1}])
@pytest.mark.parametrize("codec", [EMBED, EMBEDDINGS])
def test_what_is_no_request_is_refused(codec, body):
    with pytest.raises(InvalidRequest):
        codec.decode_request(as_json(body))


@pytest.mark.parametrize("codec", [EMBED, EMBEDDINGS])
@pytest.mark.parametrize("body", [b"", b"{}", b'{"embedding":1,"embeddings":[1]}'])
def test_what_is_no_answer_is_the_providers_fault(codec, body):
    with pytest.raises(UpstreamBroken):
        codec.decode_response(body)


def test_a_truncate_that_is_neither_true_nor_false_is_refused():
    with pytest.raises(InvalidRequest):
        EMBED.decode_request(as_json({"model": "m", "input": "a", "truncate": []}))
