"""The official Python SDK against Ollama's API, for providers of every wire form."""

from collections.abc import Callable
from typing import Any

import ollama
import pytest
from pydantic import BaseModel
from tests.contract.samples import CITY, PICTURE, PICTURE_SEEN, TOOL_ANSWER, WEATHER, gateway_only

TOOL: Any = {"type": "function", "function": {"name": "get_weather", "parameters": CITY}}


class Place(BaseModel):
    """A place to go to."""

    city: str
    days: int


@pytest.fixture
def client(gateway: str) -> Any:
    made = ollama.Client(host=gateway, timeout=20)
    yield made
    made._client.close()


def ask(text: str) -> list[Any]:
    return [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}]


def test_a_plain_question_is_answered_with_usage(client: ollama.Client, model: str) -> None:
    answer = client.chat(model=model, messages=ask("Good morning"))
    assert answer.message.content == "You said: Good morning"
    assert answer.done
    assert answer.done_reason == "stop"
    assert (answer.prompt_eval_count or 0) > 0
    assert (answer.eval_count or 0) > 0


def test_a_stream_ends_with_done(client: ollama.Client, model: str) -> None:
    lines = list(client.chat(model=model, messages=ask("Hi [[chunks:20]]"), stream=True))
    text = "".join(line.message.content or "" for line in lines)
    assert text.split() == [f"word{n}" for n in range(20)]
    assert [line.done for line in lines] == [False] * (len(lines) - 1) + [True]
    assert lines[-1].eval_count


@pytest.mark.parametrize("streams", [False, True])
def test_a_tool_is_called_and_its_answer_used(client: ollama.Client, model: str, streams: bool) -> None:
    messages = ask(WEATHER)
    if streams:
        lines = client.chat(model=model, messages=messages, tools=[TOOL], stream=True)
        calls = [c for line in lines for c in line.message.tool_calls or []]
    else:
        calls = list(client.chat(model=model, messages=messages, tools=[TOOL]).message.tool_calls or [])
    assert [(c.function.name, c.function.arguments) for c in calls] == [("get_weather", {"city": "Oslo"})]
    messages.append({"role": "assistant", "content": "", "tool_calls": calls})
    messages.append({"role": "tool", "tool_name": "get_weather", "content": TOOL_ANSWER})
    answer = client.chat(model=model, messages=messages, tools=[TOOL])
    assert answer.message.content == f"The tool says: {TOOL_ANSWER}."


def test_structured_output_satisfies_the_schema(client: ollama.Client, model: str) -> None:
    schema = {**Place.model_json_schema(), "additionalProperties": False}
    answer = client.chat(model=model, messages=ask("A trip to Oslo, in Oslo"), format=schema)
    assert Place.model_validate_json(answer.message.content or "") == Place(city="Oslo", days=1)


def test_a_picture_arrives_whole(client: ollama.Client, model: str) -> None:
    message = {"role": "user", "content": "What is this?", "images": [PICTURE]}
    assert PICTURE_SEEN in (client.chat(model=model, messages=[message]).message.content or "")


def test_the_token_limit_ends_the_answer_with_length(client: ollama.Client, model: str) -> None:
    answer = client.chat(model=model, messages=ask("Hi [[chunks:60]]"), options={"num_predict": 20})
    assert answer.done_reason == "length"


@pytest.mark.parametrize("streams", [False, True])
def test_generate_answers_a_bare_prompt(client: ollama.Client, model: str, streams: bool) -> None:
    answer: Any = client.generate(model=model, prompt="Good morning", stream=streams)
    text = "".join(line.response for line in answer) if streams else answer.response
    assert text == "You said: Good morning"


def test_a_missing_model_is_not_found(client: ollama.Client) -> None:
    with pytest.raises(ollama.ResponseError) as caught:
        client.chat(model="missing-model", messages=ask("Hi"))
    assert caught.value.status_code == 404


def test_a_rate_limit_is_told(client: ollama.Client, faulty_model: str) -> None:
    with pytest.raises(ollama.ResponseError) as caught:
        client.chat(model=faulty_model, messages=ask("Hi [[status:429 retry-after:7]]"))
    assert caught.value.status_code == 429


@gateway_only
@pytest.mark.parametrize("fault", ["truncate", "midstream-error"])
def test_a_broken_stream_never_ends_as_done(client: ollama.Client, faulty_model: str, fault: str) -> None:
    stream: Any = client.chat(model=faulty_model, messages=ask(f"Hi [[{fault}]] [[chunks:30]]"), stream=True)
    with pytest.raises(ollama.ResponseError):
        any(line.done for line in stream)


def test_hanging_up_reaches_the_provider(
    client: ollama.Client, model: str, upstream_requests: Callable[[], list[dict[str, Any]]]
) -> None:
    stream: Any = client.chat(model=model, messages=ask("Hi [[chunks:400]] [[pace:10]]"), stream=True)
    next(stream)
    stream.close()
    while not (asked := upstream_requests()[-1])["finished"] and not asked["aborted"]:
        pass
    assert asked["aborted"]


def test_models_are_listed_and_shown(client: ollama.Client, model: str) -> None:
    assert f"{model}:latest" in [m.model for m in client.list().models]
    assert "completion" in (client.show(model).capabilities or [])


def test_embeddings_come_in_order(client: ollama.Client) -> None:
    vectors = client.embed(model="embed-model", input=["one", "two", "one"]).embeddings
    assert list(vectors[0]) == list(vectors[2])
    assert list(vectors[0]) != list(vectors[1])
