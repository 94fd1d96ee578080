import base64
import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import CreateEmbeddingResponse

from pointsman.core.chat import EmbedResponse, Usage
from pointsman.core.errors import InvalidRequest, UpstreamBroken
from pointsman.core.features import Need
from pointsman.gateway.dialects.base import Losses
from pointsman.gateway.dialects.openai_embeddings import CODEC
from pointsman.gateway.dialects.openai_embeddings.response import from_base64, to_base64

VECTORS = st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), max_size=8)


def body(**fields):
    return json.dumps({"model": "e", "input": "hi", **fields}).encode()


def answer(*vectors, **fields):
    data = [{"object": "embedding", "index": i, "embedding": v} for i, v in vectors]
    return json.dumps({"object": "list", "data": data, "model": "e", **fields}).encode()


def written(response, **fields):
    return json.loads(CODEC.encode_response(response, CODEC.decode_request(body(**fields))))


@pytest.mark.parametrize(
    ("given_input", "inputs", "single"),
    [
        ("hi", ["hi"], True),
        (["hi"], ["hi"], False),
        (["a", "b"], ["a", "b"], False),
        ([1, 2], [[1, 2]], True),
        ([[1], [2, 3]], [[1], [2, 3]], False),
    ],
)
def test_every_form_of_input_is_read_and_written_as_it_came(given_input, inputs, single):
    request = CODEC.decode_request(body(input=given_input))
    assert (request.inputs, request.single) == (inputs, single)
    assert json.loads(CODEC.encode_request(request, Losses()))["input"] == given_input


@pytest.mark.parametrize("odd", [[], ["a", 1], [1, [2]], None, 5, [True], {"a": 1}, [["a"]]])
def test_other_inputs_are_refused_by_name(odd):
    for read in (CODEC.outline, CODEC.decode_request):
        with pytest.raises(InvalidRequest) as refusal:
            read(body(input=odd))
        assert refusal.value.param.startswith("input")


def test_an_unknown_encoding_cannot_be_translated():
    assert CODEC.outline(body(encoding_format="ubinary")).model == "e"
    with pytest.raises(InvalidRequest, match="ubinary"):
        CODEC.decode_request(body(encoding_format="ubinary"))


def test_the_outline_asks_for_a_model_that_embeds_and_holds_the_longest_input():
    found = CODEC.outline(body(input=["x" * 400, "y" * 4000], user="u"))
    assert (found.needs, found.context_tokens, found.message_count) == (Need.EMBEDDING, 1000, 2)
    assert (found.user, found.stream, len(found.last_user)) == ("u", False, 400)
    assert CODEC.outline(body(input=[[1, 2, 3], [4]])).context_tokens == 3


def test_settings_are_carried_and_the_rest_is_reported():
    losses = Losses()
    request = CODEC.decode_request(body(dimensions=8, user="u", encoding_format="base64", input_type="query"))
    sent = json.loads(CODEC.encode_request(request, losses))
    assert sent == {"model": "e", "input": "hi", "dimensions": 8, "user": "u"}
    assert losses.fields == ["input_type"]


@given(VECTORS)
def test_base64_keeps_every_32_bit_float(vector):
    assert from_base64(to_base64(vector)) == vector
    assert base64.b64decode(to_base64(vector)) == struct.pack(f"<{len(vector)}f", *vector)


@given(st.lists(VECTORS, max_size=4), st.sampled_from(["float", "base64"]))
def test_an_answer_read_back_is_the_same(vectors, encoding):
    response = EmbedResponse(model="e", vectors=vectors, usage=Usage(input_tokens=7))
    request = CODEC.decode_request(body(encoding_format=encoding))
    assert CODEC.decode_response(CODEC.encode_response(response, request)) == response


def test_vectors_come_in_the_order_of_their_inputs():
    found = CODEC.decode_response(answer((1, [2.0]), (0, "AACAPw=="), usage={"prompt_tokens": 3}))
    assert (found.vectors, found.usage) == ([[1.0], [2.0]], Usage(input_tokens=3))


@pytest.mark.parametrize(
    "bad",
    [b"<html>", b"[]", b"{}", answer((0, "AAA=")), answer((0, "*")), answer((0, ["x"])), answer((0, "ä"))],
)
def test_what_is_no_list_of_vectors_is_the_providers_fault(bad):
    with pytest.raises(UpstreamBroken):
        CODEC.decode_response(bad)


def test_the_sdk_reads_both_encodings():
    response = EmbedResponse(model="e", vectors=[[0.5], [2.0]])
    plain = CreateEmbeddingResponse.model_validate(written(response), strict=True)
    assert [item.embedding for item in plain.data] == [[0.5], [2.0]]
    packed = written(response, encoding_format="base64")["data"][1]["embedding"]
    assert struct.unpack("<f", base64.b64decode(packed)) == (2.0,)
