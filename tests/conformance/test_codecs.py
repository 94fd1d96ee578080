"""Every codec in the table, held to every check. A new dialect is taken in by being in the table."""

import json
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conformance.dialect_cases import (
    CHAT,
    PLAIN,
    REQUESTS,
    encoded,
    every_chat_codec,
    every_codec,
    every_embed_codec,
    refusal_of,
    sample,
    subclasses,
)

from pointsman.app.config.schema import Dialect
from pointsman.core.chat import EmbedRequest, EmbedResponse, Outline, Text
from pointsman.core.errors import (
    ClientFault,
    InvalidRequest,
    PointsmanError,
    UpstreamFault,
    UpstreamLimited,
    UpstreamOverloaded,
    UpstreamRejected,
    UpstreamTimeout,
)
from pointsman.core.features import Need
from pointsman.gateway.dialects.base import Losses
from pointsman.gateway.dialects.registry import CODECS

ERRORS = subclasses(PointsmanError)
every_error = pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
every_request = pytest.mark.parametrize("request_name", REQUESTS)
HTML = b"<html><body>502 Bad Gateway</body></html>"
SECRETS = {b"authorization", b"x-api-key", b"cookie", b"set-cookie", b"host", b"proxy-authorization"}
MALFORMED = [b"", b"{", b"\xff", b"not json", b"[" * 100_000, b'{"model":' * 100_000, b'{"model":"m"']
ODD_VALUES = [5, -1, 2.5, "x", "", True, None, [], [1], ["x"], [{}], [None], [[1]], {}, {"a": 1}]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def test_every_codec_is_known_by_its_own_name():
    assert {name: codec.name for name, codec in CODECS.items()} == {name: name for name in CODECS}


def test_a_provider_can_be_configured_to_speak_every_dialect():
    assert set(get_args(Dialect)) == set(CODECS)


@every_codec
def test_headers_are_lower_case_names_and_no_secrets(codec):
    for names in (codec.forward_headers, codec.return_headers):
        assert all(name == name.lower() and b"*" not in name[:-1] and len(name) > 1 for name in names)
        assert not SECRETS & set(names)
        assert not any(
            secret.startswith(name[:-1]) for name in names if name.endswith(b"*") for secret in SECRETS
        )
    assert codec.upstream_path.startswith("/")
    assert b"/" in codec.stream_type


# Requests


@every_codec
def test_the_outline_names_the_model(codec):
    assert codec.outline(sample(codec)).model == "m"


@every_chat_codec
@pytest.mark.parametrize("stream", [True, False])
def test_the_outline_tells_a_stream_from_a_whole_answer(codec, stream):
    assert codec.outline(sample(codec, stream=stream)).stream is stream


@every_chat_codec
def test_the_outline_knows_the_users_words(codec):
    found = codec.outline(sample(codec))
    assert (found.first_user, found.last_user, found.last_role) == ("Say hello.", "Say hello.", "user")
    assert found.needs & Need.EMBEDDING == 0
    assert 0 < found.context_tokens < 100


@every_embed_codec
def test_the_outline_of_an_embedding_asks_for_a_model_that_embeds(codec):
    assert codec.outline(sample(codec)).needs == Need.EMBEDDING


@every_codec
@pytest.mark.parametrize(
    "body", [*MALFORMED, b"[]", b"null", b'"x"', b"5", b"{}"], ids=range(len(MALFORMED) + 5)
)
def test_what_is_no_request_is_refused(codec, body):
    with pytest.raises(InvalidRequest):
        codec.outline(body)


@every_codec
@pytest.mark.parametrize("model", [5, None, "", [], {}, True, ["m"]])
def test_a_request_must_name_its_model(codec, model):
    body = json.dumps({**json.loads(sample(codec)), "model": model}).encode()
    for look in (codec.outline, codec.decode_request):
        with pytest.raises(InvalidRequest) as refusal:
            look(body)
        assert "model" in refusal.value.message


@every_codec
@pytest.mark.parametrize("value", ODD_VALUES, ids=repr)
def test_a_field_of_another_type_is_refused_or_read_but_never_a_bug(codec, value):
    whole = json.loads(sample(codec))
    for name in (*whole, "stream", "tools", "system", "metadata", "options", "stop", "user", "suffix"):
        body = json.dumps({**whole, name: value}).encode()
        for look in (codec.outline, codec.decode_request):
            refusal = refusal_of(ClientFault, look, body)
            assert refusal is None or refusal.status == 400


@every_codec
@given(
    body=st.binary(max_size=60) | st.dictionaries(st.text(max_size=8), JSON).map(json.dumps).map(str.encode)
)
def test_strange_bodies_are_refused_or_read_but_never_a_bug(codec, body):
    for look in (codec.outline, codec.decode_request):
        try:
            found = look(body)
        except ClientFault:
            continue
        assert not isinstance(found, Outline) or found.model


@every_codec
@pytest.mark.parametrize("model", ["gpt-5", "openai/gpt:latest", 'q"uote\\ä\n'])
def test_another_model_is_asked_with_the_same_request(codec, model):
    whole = json.loads(sample(codec))
    exact = b'{"x_vendor":{"n":[1.50,1e2,12345678901234567890],"s":"\\u00e4"},'
    renamed = codec.with_model(exact + sample(codec)[1:], model)
    found = json.loads(renamed)
    assert found.pop("model") == model
    assert exact[1:-1] in renamed.replace(b" ", b"")
    assert {name: found[name] for name in whole if name != "model"} == {
        name: value for name, value in whole.items() if name != "model"
    }


@every_chat_codec
@every_request
def test_a_request_written_again_is_the_same(codec, request_name):
    once = encoded(codec, REQUESTS[request_name])
    assert json.loads(encoded(codec, codec.decode_request(once))) == json.loads(once)


@every_chat_codec
def test_a_plain_request_is_carried_without_a_loss(codec):
    losses = Losses()
    codec.encode_request(PLAIN, losses)
    assert losses.fields == []


@every_chat_codec
def test_an_ordinary_request_is_for_a_model(codec):
    assert codec.immediate(sample(codec)) is None


@every_chat_codec
@pytest.mark.parametrize("other", CHAT, ids=lambda codec: codec.name)
def test_a_plain_request_reaches_every_dialect(codec, other):
    canonical = codec.decode_request(sample(codec))
    arrived = other.decode_request(other.encode_request(canonical, Losses()))
    assert (arrived.model, arrived.messages[-1].role) == ("m", "user")
    assert arrived.messages[-1].parts == [Text(text="Say hello.")]
    assert arrived.max_output_tokens == 64


@every_embed_codec
def test_texts_to_embed_are_carried(codec):
    request = EmbedRequest(model="m", inputs=["hi"], single=True)
    assert codec.decode_request(codec.encode_request(request, Losses())).inputs == ["hi"]


@every_embed_codec
def test_vectors_read_back_are_the_same(codec):
    response = EmbedResponse(model="m", vectors=[[0.5, -2.0, 1e-9]])
    request = codec.decode_request(sample(codec))
    assert codec.decode_response(codec.encode_response(response, request)).vectors == response.vectors


@every_codec
@given(body=st.sampled_from([*MALFORMED, b"[]", b"null", b"{}", HTML]) | JSON.map(json.dumps).map(str.encode))
def test_an_unreadable_answer_is_the_providers_fault(codec, body):
    fault = refusal_of(UpstreamFault, codec.decode_response, body)
    assert fault is None or fault.try_next


@every_chat_codec
def test_a_count_is_told(codec):
    assert b"4321" in codec.encode_count(4321)
    json.loads(codec.encode_count(4321))


# Errors


@every_codec
@every_error
def test_every_error_has_its_status_and_its_words(codec, kind):
    status, body = codec.render_error(kind("it went wrong"), "req_1")
    expected = kind("").status
    assert status == expected or (kind.kind == "overloaded" and status == 529)
    assert isinstance(json.loads(body), dict)
    assert "it went wrong" in body.decode()


@every_codec
@given(message=st.text(), param=st.none() | st.text(), code=st.none() | st.text())
def test_no_words_break_an_error(codec, message, param, code):
    status, body = codec.render_error(InvalidRequest(message, param=param, code=code), "req_1")
    assert status == 400
    assert msgspec.json.encode(message)[1:-1] in body
    json.loads(body)


@every_codec
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (429, UpstreamLimited),
        (503, UpstreamOverloaded),
        (529, UpstreamOverloaded),
        (504, UpstreamTimeout),
        (400, UpstreamRejected),
        (401, UpstreamRejected),
        (404, UpstreamRejected),
    ],
)
def test_a_providers_refusal_is_understood_and_kept_as_it_came(codec, status, kind):
    _, body = codec.render_error(InvalidRequest("it went wrong"), "req_1")
    fault = codec.read_error(status, [(b"content-type", b"application/json"), (b"retry-after", b"7")], body)
    assert type(fault) is kind
    assert (fault.body, fault.content_type, fault.retry_after_s) == (body, b"application/json", 7)
    assert "it went wrong" in fault.message


@every_codec
@pytest.mark.parametrize(
    "status", [301, 400, 403, 404, 408, 413, 418, 422, 429, 500, 502, 503, 504, 520, 529]
)
def test_a_web_page_instead_of_an_error_is_a_fault_too(codec, status):
    fault = codec.read_error(status, [(b"content-type", b"text/html"), (b"retry-after", b"soon")], HTML)
    assert isinstance(fault, UpstreamFault)
    assert fault.message
    assert 400 <= fault.status < 600
    assert fault.retry_after_s is None
    assert (fault.body, fault.content_type) in [(None, b"application/json"), (HTML, b"text/html")]


@every_codec
@given(body=st.binary(max_size=60) | JSON.map(json.dumps).map(str.encode), status=st.integers(300, 599))
def test_no_refusal_is_too_strange(codec, body, status):
    assert isinstance(codec.read_error(status, [], body), UpstreamFault)
