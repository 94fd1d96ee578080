"""The official Python SDK against chat completions, for providers of every wire form."""

import json
from collections.abc import Callable
from typing import Any

import openai
import pytest
from openai import OpenAI
from pydantic import BaseModel
from tests.contract.samples import CITY, OLLAMA, PICTURE, PICTURE_SEEN, TOOL_ANSWER, WEATHER, gateway_only

TOOL: Any = {
    "type": "function",
    "function": {"name": "get_weather", "description": "Looks outside.", "parameters": CITY, "strict": True},
}


class Place(BaseModel):
    """A place to go to."""

    city: str
    days: int


@pytest.fixture
def client(gateway: str) -> Any:
    with OpenAI(base_url=f"{gateway}/v1", api_key="caller", max_retries=0, timeout=20) as made:
        yield made


def ask(text: str) -> list[Any]:
    return [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}]


def test_a_plain_question_is_answered_with_usage(client: OpenAI, model: str) -> None:
    answer = client.chat.completions.create(model=model, messages=ask("Good morning"))
    assert answer.choices[0].message.content == "You said: Good morning"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.object == "chat.completion"
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.usage.prompt_tokens > 0


def test_a_stream_brings_the_same_words_and_ends_with_usage(client: OpenAI, model: str) -> None:
    options: Any = {"include_usage": True}
    stream = client.chat.completions.create(
        model=model, messages=ask("Hi [[chunks:20]]"), stream=True, stream_options=options
    )
    chunks = list(stream)
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text.split() == [f"word{n}" for n in range(20)]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert len({c.id for c in chunks}) == 1
    assert chunks[-1].usage is not None
    assert chunks[-1].choices == []
    assert chunks[-2].choices[0].finish_reason == "stop"


def test_usage_is_not_streamed_unless_asked_for(client: OpenAI, model: str) -> None:
    chunks = list(client.chat.completions.create(model=model, messages=ask("Hi"), stream=True))
    assert all(c.choices for c in chunks)
    assert all(c.usage is None for c in chunks)


def test_a_tool_is_called_and_its_answer_used(client: OpenAI, model: str) -> None:
    messages = ask(WEATHER)
    first = client.chat.completions.create(model=model, messages=messages, tools=[TOOL])
    assert first.choices[0].finish_reason == "tool_calls"
    [call] = first.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert json.loads(call.function.arguments) == {"city": "Oslo"}
    messages.append(first.choices[0].message)
    messages.append({"role": "tool", "tool_call_id": call.id, "content": TOOL_ANSWER})
    second = client.chat.completions.create(model=model, messages=messages, tools=[TOOL])
    assert second.choices[0].message.content == f"The tool says: {TOOL_ANSWER}."
    messages += [{"role": "assistant", "content": second.choices[0].message.content}, *ask("Thanks")[1:]]
    third = client.chat.completions.create(model=model, messages=messages, tools=[TOOL])
    assert third.choices[0].message.content == f"You said: Thanks Turn 2; before you said: {WEATHER}"


def test_parallel_tool_calls_are_streamed_whole(client: OpenAI, model: str) -> None:
    question = ask("What is the weather in Oslo and Rome?")
    with client.chat.completions.stream(model=model, messages=question, tools=[TOOL]) as stream:
        for _ in stream:
            pass
        message = stream.get_final_completion().choices[0].message
    calls = message.tool_calls or []
    assert [json.loads(c.function.arguments)["city"] for c in calls] == ["Oslo", "Rome"]
    assert len({c.id for c in calls}) == 2
    answers: list[Any] = [
        {"role": "tool", "tool_call_id": c.id, "content": f"{n} degrees"} for n, c in enumerate(calls)
    ]
    sent = message.model_dump(include={"role", "content", "tool_calls"}, exclude_none=True)
    for call in sent["tool_calls"]:
        call["function"].pop("parsed_arguments", None)
    messages = [*question, sent, *answers]
    final = client.chat.completions.create(model=model, messages=messages, tools=[TOOL])
    assert final.choices[0].message.content == "The tool says: 0 degrees; 1 degrees."


def test_a_forced_tool_is_called_or_the_loss_is_told(client: OpenAI, model: str) -> None:
    choice: Any = {"type": "function", "function": {"name": "get_weather"}}
    raw = client.chat.completions.with_raw_response.create(
        model=model, messages=ask("Go"), tools=[TOOL], tool_choice=choice
    )
    calls: Any = raw.parse().choices[0].message.tool_calls
    dropped = raw.headers.get("x-pointsman-dropped", "")
    assert ("tool_choice" in dropped) if model == OLLAMA else [c.function.name for c in calls]


def test_structured_output_is_parsed(client: OpenAI, model: str) -> None:
    answer = client.chat.completions.parse(
        model=model, messages=ask("A trip to Oslo, in Oslo"), response_format=Place
    )
    assert answer.choices[0].message.parsed == Place(city="Oslo", days=1)


def test_a_picture_arrives_whole(client: OpenAI, model: str) -> None:
    parts: Any = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PICTURE}"}},
    ]
    answer = client.chat.completions.create(model=model, messages=[{"role": "user", "content": parts}])
    assert PICTURE_SEEN in (answer.choices[0].message.content or "")


def test_the_token_limit_ends_the_answer_with_length(client: OpenAI, model: str) -> None:
    answer = client.chat.completions.create(
        model=model, messages=ask("Hi [[chunks:60]]"), max_completion_tokens=20
    )
    assert answer.choices[0].finish_reason == "length"


def test_a_missing_model_is_not_found(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="missing-model", messages=ask("Hi"))
    assert caught.value.code == "model_not_found"
    assert caught.value.request_id


def test_a_rate_limit_keeps_its_retry_after(client: OpenAI, faulty_model: str) -> None:
    with pytest.raises(openai.RateLimitError) as caught:
        client.chat.completions.create(model=faulty_model, messages=ask("Hi [[status:429 retry-after:7]]"))
    assert caught.value.response.headers["retry-after"] == "7"
    assert caught.value.request_id


def test_a_bad_request_is_a_bad_request(client: OpenAI, model: str) -> None:
    wizard: Any = {"role": "wizard", "content": "Abracadabra"}
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model=model, messages=[*ask("Hi"), wizard])
    assert isinstance(caught.value.body, dict)
    assert caught.value.body["message"]


@gateway_only
@pytest.mark.parametrize("fault", ["truncate", "reset", "midstream-error"])
def test_a_broken_stream_raises(client: OpenAI, faulty_model: str, fault: str) -> None:
    stream = client.chat.completions.create(
        model=faulty_model, messages=ask(f"Hi [[{fault}]] [[chunks:30]]"), stream=True
    )
    with pytest.raises(openai.APIError):
        list(stream)


def test_hanging_up_reaches_the_provider(
    client: OpenAI, model: str, upstream_requests: Callable[[], list[dict[str, Any]]]
) -> None:
    stream = client.chat.completions.create(
        model=model, messages=ask("Hi [[chunks:400]] [[pace:10]]"), stream=True
    )
    next(iter(stream))
    stream.close()
    assert aborted(upstream_requests)


def aborted(upstream_requests: Callable[[], list[dict[str, Any]]]) -> bool:
    """Whether the provider's connection was dropped; polls until the answer could have ended."""
    while not (asked := upstream_requests()[-1])["finished"]:
        if asked["aborted"]:
            return True
    return False


def test_models_are_listed(client: OpenAI, model: str) -> None:
    assert model in [m.id for m in client.models.list()]
    assert client.models.retrieve(model).id == model


def test_embeddings_come_in_order(client: OpenAI) -> None:
    answer = client.embeddings.create(model="embed-model", input=["one", "two", "one"])
    vectors = [row.embedding for row in answer.data]
    assert vectors[0] == vectors[2]
    assert vectors[0] != vectors[1]
    assert abs(sum(v * v for v in vectors[0]) - 1) < 1e-5


def test_legacy_completions_are_answered(client: OpenAI) -> None:
    answer = client.completions.create(model="prose-model", prompt="Once", max_tokens=50)
    assert answer.choices[0].text == "You said: Once"
