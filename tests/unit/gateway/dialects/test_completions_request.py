import json

import pytest

from pointsman.core.chat import ChatRequest, Image, Message, Reasoning, ResponseFormat, Text, Tool
from pointsman.core.errors import CannotCarry, InvalidRequest
from pointsman.core.features import Need
from pointsman.gateway.dialects.base import Losses
from pointsman.gateway.dialects.openai_completions import CODEC

FULL = {
    "max_tokens": 20,
    "temperature": 0.2,
    "top_p": 0.9,
    "stop": ["\n"],
    "seed": 3,
    "frequency_penalty": 0.1,
    "presence_penalty": 0.2,
    "logprobs": 2,
    "user": "u",
}


def body(**fields):
    found = {"model": "m", "prompt": "def f(", **fields}
    return json.dumps({name: value for name, value in found.items() if value is not ...}).encode()


def asked(**fields):
    fields.setdefault("messages", [Message(role="user", parts=[Text(text="hi")])])
    return ChatRequest(model="m", **fields)


def sent(request, losses=None):
    return json.loads(CODEC.encode_request(request, losses or Losses()))


def test_a_prompt_is_one_message_of_the_user():
    for prompt in ("def f(", ["def f("]):
        request = CODEC.decode_request(body(prompt=prompt))
        assert request.messages == [Message(role="user", parts=[Text(text="def f(")])]


def test_all_settings_survive_a_round_trip():
    losses = Losses()
    assert sent(CODEC.decode_request(body(**FULL)), losses) == json.loads(body(**FULL))
    assert losses.fields == []


def test_a_stream_asks_the_provider_for_its_usage():
    request = CODEC.decode_request(body(stream=True))
    assert (request.stream, request.include_usage) == (True, False)
    assert sent(request)["stream_options"] == {"include_usage": True}
    assert CODEC.decode_request(body(stream=True, stream_options={"include_usage": True})).include_usage


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"prompt": [1, 2]}, "prompt"),
        ({"prompt": [[1], [2]]}, "prompt"),
        ({"prompt": ["a", "b"]}, "prompt"),
        ({"prompt": None}, "prompt"),
        ({"prompt": ""}, "prompt"),
        ({"suffix": "return x"}, "suffix"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"echo": True, "logprobs": 1}, "echo"),
    ],
)
def test_what_only_a_model_that_continues_text_can_do_is_not_carried(fields, param):
    CODEC.outline(body(**fields))
    with pytest.raises(CannotCarry) as refusal:
        CODEC.decode_request(body(**fields))
    assert refusal.value.param == param


def test_fields_without_a_canonical_name_are_kept_and_reported():
    losses = Losses()
    request = CODEC.decode_request(body(best_of=3, logit_bias={"5": 1}, top_k=2, nothing=None))
    assert request.extra == {"best_of": 3, "logit_bias": {"5": 1}, "top_k": 2}
    sent(request, losses)
    assert set(losses.fields) == {"best_of", "logit_bias", "top_k"}


def test_a_best_of_that_picks_nothing_is_no_loss():
    assert CODEC.decode_request(body(best_of=2, n=2)).extra == {}


@pytest.mark.parametrize(
    "fields",
    [
        {"n": 2},
        {"tools": [Tool(name="t")]},
        {"response_format": ResponseFormat(type="json_object")},
        {"messages": []},
        {"messages": [Message(role="system", parts=[Text(text="be kind")])]},
        {"messages": [Message(role="user", parts=[Image(url="http://x/y.png")])]},
        {"messages": [Message(role="user", parts=[Text(text="hi")])] * 2},
    ],
)
def test_a_provider_that_only_continues_text_gets_one_text_or_nothing(fields):
    with pytest.raises(CannotCarry):
        CODEC.encode_request(asked(**fields), Losses())


def test_settings_without_a_word_are_reported():
    losses = Losses()
    request = asked(reasoning=Reasoning(effort="low"), top_k=4, logprobs=True, top_logprobs=20)
    assert sent(request, losses) == {"model": "m", "prompt": "hi", "logprobs": 5}
    assert set(losses.fields) == {"reasoning", "top_k", "top_logprobs"}


def test_the_outline_of_a_plain_prompt():
    found = CODEC.outline(body(prompt="x" * 4000, stream=True, max_tokens=9, user="u"))
    assert (found.model, found.stream, found.max_output_tokens, found.user) == ("m", True, 9, "u")
    assert (len(found.first_user), found.context_tokens, found.needs) == (2000, 1000, 0)
    assert (found.last_role, found.message_count) == ("user", 1)


@pytest.mark.parametrize(
    ("fields", "needs"),
    [
        ({"suffix": "x"}, Need.COMPLETION),
        ({"prompt": [1, 2]}, Need.COMPLETION),
        ({"prompt": ["a", "b"]}, Need.COMPLETION),
        ({"prompt": ["a"], "suffix": ""}, 0),
        ({"logprobs": 0}, Need.LOGPROBS),
        ({"n": 2}, Need.SEVERAL_CHOICES),
    ],
)
def test_the_outline_says_what_a_model_must_be_able_to_do(fields, needs):
    assert CODEC.outline(body(**fields)).needs == needs


@pytest.mark.parametrize(
    ("prompt", "tokens"), [([1] * 7, 7), ([[1], [2] * 5], 5), (["a" * 40, "b" * 80], 20)]
)
def test_each_prompt_has_to_fit_by_itself(prompt, tokens):
    assert CODEC.outline(body(prompt=prompt)).context_tokens == tokens


@pytest.mark.parametrize(
    ("bad", "param"),
    [
        (body(model=...), "model"),
        (body(prompt=5), "prompt"),
        (body(prompt=[{"a": 1}]), "prompt[0]"),
        (body(stream="yes"), "stream"),
        (body(n="2"), "n"),
    ],
)
def test_a_misfit_is_named(bad, param):
    for read in (CODEC.outline, CODEC.decode_request):
        with pytest.raises(InvalidRequest) as refusal:
            read(bad)
        assert refusal.value.param == param
