"""The official Python SDK against messages, for providers of every wire form."""

from collections.abc import Callable
from typing import Any

import anthropic
import pytest
from anthropic import Anthropic
from pydantic import BaseModel
from tests.contract.samples import CITY, OLLAMA, PICTURE, PICTURE_SEEN, TOOL_ANSWER, WEATHER, gateway_only

TOOL: Any = {"name": "get_weather", "description": "Looks outside.", "input_schema": CITY}
EVENTS = ["message_start", "content_block_start", "content_block_delta", "content_block_stop"]


class Place(BaseModel):
    """A place to go to."""

    city: str
    days: int


@pytest.fixture
def client(gateway: str) -> Any:
    with Anthropic(base_url=gateway, api_key="caller", max_retries=0, timeout=20) as made:
        yield made


def ask(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


def create(client: Anthropic, model: str, messages: list[Any], **more: Any) -> Any:
    return client.messages.create(model=model, messages=messages, **{"max_tokens": 2000, **more})


def test_a_plain_question_is_answered_with_usage(client: Anthropic, model: str) -> None:
    answer = create(client, model, ask("Good morning"), system="Be brief.")
    assert [b.text for b in answer.content] == ["You said: Good morning"]
    assert answer.stop_reason == "end_turn"
    assert answer.role == "assistant"
    assert answer.usage.input_tokens > 0
    assert answer.usage.output_tokens > 0


def test_a_stream_has_the_vendors_order_of_events(client: Anthropic, model: str) -> None:
    kinds: list[str] = []
    text = ""
    for event in create(client, model, ask("Hi [[chunks:20]]"), stream=True):
        if event.type != "ping" and (not kinds or kinds[-1] != event.type):
            kinds.append(event.type)
        if event.type == "content_block_delta":
            text += event.delta.text
    assert kinds == [*EVENTS, "message_delta", "message_stop"]
    assert text.split() == [f"word{n}" for n in range(20)]


def test_the_stream_helper_gives_the_final_message(client: Anthropic, model: str) -> None:
    with client.messages.stream(model=model, max_tokens=500, messages=ask("Hello there")) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert text == "You said: Hello there"
    assert final.stop_reason == "end_turn"
    assert final.usage.output_tokens > 1


@pytest.mark.parametrize("streams", [False, True])
def test_a_tool_is_called_and_its_answer_used(client: Anthropic, model: str, streams: bool) -> None:
    messages = ask(WEATHER)
    for expected in (None, f"The tool says: {TOOL_ANSWER}."):
        if streams:
            with client.messages.stream(model=model, max_tokens=900, messages=messages, tools=[TOOL]) as live:
                answer: Any = live.get_final_message()
        else:
            answer = create(client, model, messages, tools=[TOOL])
        messages.append({"role": "assistant", "content": answer.content})
        if expected is None:
            assert answer.stop_reason == "tool_use"
            [call] = [b for b in answer.content if b.type == "tool_use"]
            assert call.input == {"city": "Oslo"}
            result = {"type": "tool_result", "tool_use_id": call.id, "content": TOOL_ANSWER}
            messages.append({"role": "user", "content": [result]})
        else:
            assert answer.content[-1].text == expected


def test_a_tools_error_is_told(client: Anthropic, model: str) -> None:
    first = create(client, model, ask(WEATHER), tools=[TOOL])
    call = first.content[-1]
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "no network", "is_error": True}
    messages = [
        *ask(WEATHER),
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": [result]},
    ]
    answer = create(client, model, messages, tools=[TOOL])
    assert "no network" in answer.content[0].text


def test_thinking_survives_a_tool_loop(client: Anthropic, model: str) -> None:
    thinking = {"type": "enabled", "budget_tokens": 1024}
    first = create(client, model, ask(WEATHER), tools=[TOOL], thinking=thinking)
    result = {"type": "tool_result", "tool_use_id": first.content[-1].id, "content": TOOL_ANSWER}
    messages = [
        *ask(WEATHER),
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": [result]},
    ]
    second = create(client, model, messages, tools=[TOOL], thinking=thinking)
    assert second.content[-1].text == f"The tool says: {TOOL_ANSWER}."


def test_thinking_made_by_one_provider_does_not_break_another(client: Anthropic, model: str) -> None:
    thinking = {"type": "enabled", "budget_tokens": 1024}
    first = create(client, "claude-model", ask("Good morning"), thinking=thinking)
    assert first.content[0].type == "thinking"
    messages = [*ask("Good morning"), {"role": "assistant", "content": first.content}, *ask("And now?")]
    second = create(client, model, messages, thinking=thinking)
    assert second.content[-1].text.startswith("You said: And now? Turn 2")


def test_a_forced_tool_is_called_or_the_loss_is_told(client: Anthropic, model: str) -> None:
    choice = {"type": "tool", "name": "get_weather"}
    raw = client.messages.with_raw_response.create(
        model=model, max_tokens=900, messages=ask("Go"), tools=[TOOL], tool_choice=choice
    )
    answer: Any = raw.parse()
    dropped = raw.headers.get("x-pointsman-dropped", "")
    assert ("tool_choice" in dropped) if model == OLLAMA else answer.stop_reason == "tool_use"


def test_structured_output_is_parsed(client: Anthropic, model: str) -> None:
    answer = client.messages.parse(
        model=model, max_tokens=900, messages=ask("A trip to Oslo, in Oslo"), output_format=Place
    )
    assert answer.parsed_output == Place(city="Oslo", days=1)


def test_a_picture_arrives_whole(client: Anthropic, model: str) -> None:
    source = {"type": "base64", "media_type": "image/png", "data": PICTURE}
    parts = [{"type": "image", "source": source}, {"type": "text", "text": "What is this?"}]
    answer = create(client, model, [{"role": "user", "content": parts}])
    assert PICTURE_SEEN in answer.content[0].text


def test_the_token_limit_ends_the_answer(client: Anthropic, model: str) -> None:
    assert create(client, model, ask("Hi [[chunks:60]]"), max_tokens=20).stop_reason == "max_tokens"


def test_a_missing_model_is_not_found(client: Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError) as caught:
        create(client, "missing-model", ask("Hi"))
    assert caught.value.request_id
    assert isinstance(caught.value.body, dict)
    assert caught.value.body["error"]["type"] == "not_found_error"


def test_a_rate_limit_keeps_its_retry_after(client: Anthropic, faulty_model: str) -> None:
    with pytest.raises(anthropic.RateLimitError) as caught:
        create(client, faulty_model, ask("Hi [[status:429 retry-after:7]]"))
    assert caught.value.response.headers["retry-after"] == "7"
    assert caught.value.request_id


def test_a_bad_request_is_a_bad_request(client: Anthropic, model: str) -> None:
    messages = [*ask("Hi"), {"role": "wizard", "content": "Abracadabra"}]
    with pytest.raises(anthropic.BadRequestError):
        create(client, model, messages)


@gateway_only
@pytest.mark.parametrize("fault", ["truncate", "reset", "midstream-error"])
def test_a_broken_stream_raises(client: Anthropic, faulty_model: str, fault: str) -> None:
    stream = create(client, faulty_model, ask(f"Hi [[{fault}]] [[chunks:30]]"), stream=True)
    with pytest.raises(anthropic.APIError):
        list(stream)


def test_hanging_up_reaches_the_provider(
    client: Anthropic, model: str, upstream_requests: Callable[[], list[dict[str, Any]]]
) -> None:
    stream = create(client, model, ask("Hi [[chunks:400]] [[pace:10]]"), stream=True)
    next(iter(stream))
    stream.close()
    while not (asked := upstream_requests()[-1])["finished"] and not asked["aborted"]:
        pass
    assert asked["aborted"]


def test_models_are_listed(client: Anthropic, model: str) -> None:
    assert model in [m.id for m in client.models.list(limit=1000)]


def test_tokens_are_counted(client: Anthropic, model: str) -> None:
    short = client.messages.count_tokens(model=model, messages=ask("Hi"))
    long = client.messages.count_tokens(model=model, messages=ask("Hi there, you " * 50))
    assert 0 < short.input_tokens < long.input_tokens
