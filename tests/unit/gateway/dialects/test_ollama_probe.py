import json

import ollama
import pytest
from tests.unit.gateway.dialects.ollama_samples import CHAT, GENERATE, as_json


@pytest.mark.parametrize(
    "body", [{}, {"messages": []}, {"messages": None}, {"messages": [], "stream": True, "keep_alive": "5m"}]
)
def test_a_chat_without_messages_is_told_that_the_model_is_loaded(body):
    found = ollama.ChatResponse.model_validate_json(CHAT.immediate(as_json({"model": "m", **body})))
    assert (found.model, found.done, found.done_reason) == ("m", True, "load")
    assert (found.message.role, found.message.content) == ("assistant", "")


@pytest.mark.parametrize("body", [{}, {"prompt": ""}, {"prompt": None, "keep_alive": -1}])
def test_an_empty_prompt_is_told_that_the_model_is_loaded(body):
    found = ollama.GenerateResponse.model_validate_json(GENERATE.immediate(as_json({"model": "m", **body})))
    assert (found.model, found.done, found.done_reason, found.response) == ("m", True, "load", "")


@pytest.mark.parametrize("codec", [CHAT, GENERATE])
@pytest.mark.parametrize("keep_alive", [0, 0.0, "0", "0s", "0m", "-0h", "0.0s"])
def test_no_time_to_keep_it_unloads(codec, keep_alive):
    found = json.loads(codec.immediate(as_json({"model": "m", "keep_alive": keep_alive})))
    assert (found["done"], found["done_reason"]) == (True, "unload")


@pytest.mark.parametrize("keep_alive", [1, -1, "5m", "", "s", False, None, "10s"])
def test_any_other_time_loads(keep_alive):
    assert b'"load"' in CHAT.immediate(as_json({"model": "m", "keep_alive": keep_alive}))


def test_a_prompt_is_for_a_model():
    messages = [{"role": "user", "content": ""}]
    assert CHAT.immediate(as_json({"model": "m", "messages": messages, "keep_alive": 0})) is None
    assert GENERATE.immediate(as_json({"model": "m", "prompt": " "})) is None


@pytest.mark.parametrize("codec", [CHAT, GENERATE])
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"model":1}'])
def test_what_is_no_request_is_left_to_the_outline(codec, body):
    assert codec.immediate(body) is None


def test_a_list_may_be_spelled_with_blanks():
    assert CHAT.immediate(b'{"model":"m","messages":[ \n ]}') is not None
