from contextlib import suppress
from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.gateway.dialects.chat_samples import PATCH, RUN, agent_body, as_json, call

from pointsman.core.errors import CannotCarry, InvalidRequest, UpstreamFault
from pointsman.core.stream import StreamFailed
from pointsman.gateway.dialects.openai_chat import CODEC, ROUTES

JUNK = st.sampled_from([None, True, -1, 2.5, "x", "", [], ["x"], [[]], {}, {"type": 1}, {"a": "b"}])
ALLOWED = {"mode": "auto", "tools": [{"type": "function", "function": {"name": "run"}}]}
REQUEST = agent_body(
    tools=[RUN, PATCH],
    tool_choice={"type": "allowed_tools", "allowed_tools": ALLOWED},
    response_format={"type": "json_schema", "json_schema": {"name": "a", "schema": {}}},
    reasoning={"effort": "low"},
    metadata={"agent_id": "a"},
)
MESSAGE = {"role": "assistant", "content": "a", "reasoning": "hm", "tool_calls": [call("c")]}
USAGE = {"prompt_tokens": 1, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 0}}
CHOICE = {"index": 0, "message": MESSAGE, "delta": MESSAGE, "finish_reason": "stop"}
ANSWER = {"id": "chatcmpl-1", "created": 7, "model": "up", "choices": [CHOICE], "usage": USAGE}


def paths(value, at=()):
    """The way to every value inside `value`."""
    if not isinstance(value, dict | list):
        return
    for key, child in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*at, key)
        yield from paths(child, (*at, key))


def spoilt(value):
    """`value` with any one value inside it replaced."""

    def spoil(way, junk):
        whole = inner = deepcopy(value)
        for key in way[:-1]:
            inner = inner[key]
        inner[way[-1]] = junk
        return as_json(whole)

    return st.builds(spoil, st.sampled_from(list(paths(value))), JUNK)


@given(spoilt(REQUEST))
def test_a_request_with_one_wrong_value_is_read_or_refused(body):
    for read in (CODEC.outline, CODEC.decode_request):
        with suppress(InvalidRequest, CannotCarry):
            assert read(body).model


@given(spoilt(ANSWER))
def test_an_answer_with_one_wrong_value_is_read_or_the_providers_fault(body):
    with suppress(UpstreamFault):
        assert isinstance(CODEC.decode_response(body).parts, list)


@given(spoilt(ANSWER))
def test_a_chunk_with_one_wrong_value_does_not_raise(body):
    decoder = CODEC.stream_decoder()
    events = decoder.feed(b"data: " + body + b"\n\n")
    assert decoder.complete == any(isinstance(event, StreamFailed) for event in events)


def test_one_path_is_served():
    assert [(route.method, route.path, route.kind) for route in ROUTES] == [
        ("POST", "/chat/completions", "chat")
    ]


@pytest.mark.parametrize("name", [b"authorization", b"cookie", b"x-api-key"])
def test_credentials_do_not_travel(name):
    assert name not in CODEC.forward_headers
