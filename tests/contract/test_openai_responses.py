"""The official Python SDK against Responses, for providers of every wire form."""

import contextlib
import json
from collections.abc import Callable
from typing import Any

import openai
import pytest
from openai import OpenAI
from pydantic import BaseModel
from tests.contract.samples import CITY, PICTURE, PICTURE_SEEN, TOOL_ANSWER, WEATHER, gateway_only

TOOL: Any = {"type": "function", "name": "get_weather", "parameters": CITY, "strict": True}
ENCRYPTED: Any = ["reasoning.encrypted_content"]


class Place(BaseModel):
    """A place to go to."""

    city: str
    days: int


@pytest.fixture
def client(gateway: str) -> Any:
    with OpenAI(base_url=f"{gateway}/v1", api_key="caller", max_retries=0, timeout=20) as made:
        yield made


def create(client: OpenAI, model: str, given: Any, **more: Any) -> Any:
    return client.responses.create(model=model, input=given, **{"store": False, **more})


def test_a_plain_question_is_answered_with_usage(client: OpenAI, model: str) -> None:
    answer = create(client, model, "Good morning", instructions="Be brief.")
    assert answer.output_text == "You said: Good morning"
    assert answer.status == "completed"
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens


def test_a_stream_is_numbered_and_complete(client: OpenAI, model: str) -> None:
    events = list(create(client, model, "Hi [[chunks:20]]", stream=True))
    assert [e.sequence_number for e in events] == list(range(len(events)))
    kinds = list(dict.fromkeys(e.type for e in events))
    assert kinds[:4] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
    ]
    assert kinds[-1] == "response.completed"
    text = "".join(e.delta for e in events if e.type == "response.output_text.delta")
    assert text == events[-1].response.output_text
    assert text.split() == [f"word{n}" for n in range(20)]


@pytest.mark.parametrize("streams", [False, True])
def test_a_tool_is_called_and_its_answer_used(client: OpenAI, model: str, streams: bool) -> None:
    given: list[Any] = [{"role": "user", "content": WEATHER}]
    settings: Any = {"tools": [TOOL], "include": ENCRYPTED, "reasoning": {"effort": "low"}, "store": False}
    for turn in range(2):
        if streams:
            with client.responses.stream(model=model, input=given, **settings) as stream:
                answer: Any = stream.until_done().get_final_response()
        else:
            answer = create(client, model, given, **settings)
        given += [item.model_dump(exclude_none=True) for item in answer.output]
        for item in given:
            item.pop("parsed_arguments", None)
            for part in item["content"] if isinstance(item.get("content"), list) else []:
                part.pop("parsed", None)
        if turn == 0:
            [call] = [i for i in answer.output if i.type == "function_call"]
            assert json.loads(call.arguments) == {"city": "Oslo"}
            result = {"type": "function_call_output", "call_id": call.call_id, "output": TOOL_ANSWER}
            given.append(result)
    assert answer.output_text == f"The tool says: {TOOL_ANSWER}."


def test_a_custom_tool_gets_free_text(client: OpenAI, model: str) -> None:
    tool = {"type": "custom", "name": "note", "description": "Writes a note."}
    answer = create(client, model, 'Please note [[call:note buy "milk"]]', tools=[tool])
    [call] = [i for i in answer.output if i.type == "custom_tool_call"]
    assert call.input == 'buy "milk"'


def test_structured_output_is_parsed(client: OpenAI, model: str) -> None:
    answer = client.responses.parse(model=model, input="A trip to Oslo, in Oslo", text_format=Place)
    assert answer.output_parsed == Place(city="Oslo", days=1)


def test_a_picture_arrives_whole(client: OpenAI, model: str) -> None:
    parts = [
        {"type": "input_text", "text": "What is this?"},
        {"type": "input_image", "image_url": f"data:image/png;base64,{PICTURE}"},
    ]
    answer = create(client, model, [{"role": "user", "content": parts}])
    assert PICTURE_SEEN in answer.output_text


def test_the_token_limit_makes_the_answer_incomplete(client: OpenAI, model: str) -> None:
    answer = create(client, model, "Hi [[chunks:60]]", max_output_tokens=20)
    assert answer.status == "incomplete"
    assert answer.incomplete_details.reason == "max_output_tokens"


def test_a_missing_model_is_not_found(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        create(client, "missing-model", "Hi")
    assert caught.value.code == "model_not_found"
    assert caught.value.request_id


def test_a_rate_limit_keeps_its_retry_after(client: OpenAI, faulty_model: str) -> None:
    with pytest.raises(openai.RateLimitError) as caught:
        create(client, faulty_model, "Hi [[status:429 retry-after:7]]")
    assert caught.value.response.headers["retry-after"] == "7"


@gateway_only
@pytest.mark.parametrize("fault", ["truncate", "reset", "midstream-error"])
def test_a_broken_stream_never_completes(client: OpenAI, faulty_model: str, fault: str) -> None:
    """This SDK hands on what says so in the stream, and raises where the connection breaks."""
    last = ""
    with contextlib.suppress(openai.APIError):
        for event in create(client, faulty_model, f"Hi [[{fault}]] [[chunks:30]]", stream=True):
            assert event.type != "response.completed"
            last = event.type
        assert last in ("response.failed", "error")


def test_hanging_up_reaches_the_provider(
    client: OpenAI, model: str, upstream_requests: Callable[[], list[dict[str, Any]]]
) -> None:
    stream = create(client, model, "Hi [[chunks:400]] [[pace:10]]", stream=True)
    for event in stream:
        if event.type == "response.output_text.delta":
            break
    stream.close()
    while not (asked := upstream_requests()[-1])["finished"] and not asked["aborted"]:
        pass
    assert asked["aborted"]
