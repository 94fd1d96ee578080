import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.gateway.dialects.chat_samples import agent_body, as_json, asking, decoded, schema, sent

from pointsman.core.chat import (
    Audio,
    ChatRequest,
    Document,
    Image,
    Message,
    Reasoning,
    ResponseFormat,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from pointsman.core.errors import CannotCarry
from pointsman.gateway.dialects.base import Losses
from pointsman.gateway.dialects.openai_chat import CODEC


def turns(*messages, model="m", losses=None):
    return sent(asking(messages=list(messages), model=model), losses)["messages"]


def said(role, *parts):
    return Message(role=role, parts=list(parts))


def test_a_native_request_survives():
    body = agent_body()
    found = sent(decoded())
    body["messages"][1]["content"] = "Make the tests pass"
    body["messages"][6]["content"] = "ok"
    assert found == body


@pytest.mark.parametrize(
    ("model", "field"),
    [
        ("SmolLM2", "max_tokens"),
        ("gpt-oss-20b", "max_tokens"),
        ("gpt-5-mini", "max_completion_tokens"),
        ("openai/o3", "max_completion_tokens"),
    ],
)
def test_the_limit_has_the_name_that_the_models_host_knows(model, field):
    found = sent(asking(model=model, max_output_tokens=9))
    assert {name: found[name] for name in found if name.startswith("max")} == {field: 9}


def test_a_stream_always_asks_for_usage():
    assert sent(asking(stream=True))["stream_options"] == {"include_usage": True}
    assert "stream_options" not in sent(asking())


def test_leading_system_messages_become_one():
    first, second = said("system", Text(text="a"), Text(text="b")), said("developer", Text(text="c"))
    late = said("developer", Text(text="d"))
    found = turns(first, second, said("user", Text(text="hi")), late)
    assert [(turn["role"], turn["content"]) for turn in found] == [
        ("system", "a\n\nb\n\nc"),
        ("user", "hi"),
        ("system", "d"),
    ]


def test_pictures_in_a_result_are_shown_by_the_user():
    losses = Losses()
    results = [
        ToolResult(call_id="a", parts=[Text(text="see"), Image(url="http://x")]),
        ToolResult(call_id="b", parts=[]),
    ]
    found = turns(said("tool", *results), said("user", Text(text="hi")), losses=losses)
    picture = {"type": "image_url", "image_url": {"url": "http://x"}}
    assert found[0] == {"role": "tool", "content": "see", "tool_call_id": "a"}
    assert found[2] == {"role": "user", "content": [picture, {"type": "text", "text": "hi"}]}
    assert losses.fields == ["tool_result.media"]


def test_pictures_in_the_last_result_come_after_it():
    found = turns(said("tool", ToolResult(call_id="a", parts=[Image(url="http://x")])))
    assert [turn["role"] for turn in found] == ["tool", "user"]


def test_media_have_their_forms():
    parts = [
        Image(data="AA", detail="low"),
        Audio(data="AA", format="wav"),
        Document(data="AA", name="a.pdf"),
    ]
    (found,) = turns(said("user", *parts, Document(text="t")))
    image, audio, file, text = found["content"]
    assert image["image_url"] == {"url": "data:image/png;base64,AA", "detail": "low"}
    assert audio["input_audio"] == {"data": "AA", "format": "wav"}
    assert file["file"] == {"file_data": "data:application/pdf;base64,AA", "filename": "a.pdf"}
    assert text == {"type": "text", "text": "t"}


def test_files_by_address_cannot_be_carried():
    with pytest.raises(CannotCarry):
        turns(said("user", Document(url="http://x")))


def test_open_models_get_their_thinking_back():
    asked = said("assistant", Thinking(text="hm", origin="openai_chat"), Text(text="a"))
    assert turns(asked)[0] == {"role": "assistant", "content": "a", "reasoning_content": "hm"}


@pytest.mark.parametrize(
    ("model", "thinking"),
    [
        ("gpt-5.5", Thinking(text="hm", origin="openai_chat")),
        ("m", Thinking(text="hm", signature="s", origin="anthropic")),
        ("m", Thinking(redacted="x", origin="openai_responses")),
    ],
)
def test_thinking_that_a_provider_would_refuse_stays_behind(model, thinking):
    losses = Losses()
    assert turns(said("assistant", thinking, Text(text="a")), model=model, losses=losses) == [
        {"role": "assistant", "content": "a"}
    ]
    assert losses.fields == ["messages.thinking"]


def test_what_has_no_words_here_is_reported():
    losses = Losses()
    request = asking(top_k=4, metadata={"a": "b"}, reasoning=Reasoning(enabled=True), extra={"store": 1})
    sent(request, losses)
    assert losses.fields == ["top_k", "metadata", "store", "reasoning.enabled"]


def test_a_choice_without_tools_is_not_sent():
    found = sent(asking(tool_choice=ToolChoice(mode="auto"), parallel_tool_calls=False))
    assert not {"tools", "tool_choice", "parallel_tool_calls"} & set(found)


@pytest.mark.parametrize(("budget", "effort"), [(1024, "low"), (8000, "medium"), (30_000, "high")])
def test_a_budget_becomes_the_nearest_effort(budget, effort):
    assert sent(asking(reasoning=Reasoning(budget_tokens=budget)))["reasoning_effort"] == effort


def test_a_stream_cannot_bring_log_probabilities():
    losses = Losses()
    assert "logprobs" not in sent(asking(stream=True, logprobs=True), losses)
    assert losses.fields == ["logprobs"]
    assert sent(asking(logprobs=True, top_logprobs=2))["top_logprobs"] == 2


WORDS = st.text(min_size=1, max_size=12)
IDS = st.from_regex(r"[a-zA-Z0-9_-]{1,12}", fullmatch=True)
TEXTS = st.builds(Text, text=WORDS)
IMAGES = st.builds(Image, url=WORDS, detail=st.sampled_from([None, "low"])) | st.builds(
    Image, media_type=st.just("image/gif"), data=WORDS
)
SOUNDS = st.builds(Audio, data=WORDS, format=st.sampled_from(["wav", "mp3"]))
FILES = st.builds(Document, media_type=st.just("application/pdf"), data=WORDS, name=WORDS)
CALLS = st.builds(ToolCall, id=IDS, name=IDS, arguments=WORDS)
THOUGHTS = st.builds(Thinking, text=WORDS, origin=st.just("openai_chat"))
NAMES = st.none() | IDS


@st.composite
def assistants(draw):
    parts = draw(st.lists(TEXTS, max_size=1)) + draw(st.lists(CALLS, max_size=2))
    thoughts = draw(st.lists(THOUGHTS, max_size=1)) if parts else []
    return Message(role="assistant", parts=[*thoughts, *(parts or [draw(TEXTS)])], name=draw(NAMES))


@st.composite
def conversations(draw):
    found = [Message(role="system", parts=[draw(TEXTS)])] if draw(st.booleans()) else []
    media = st.lists(TEXTS | IMAGES | SOUNDS | FILES, min_size=1, max_size=3)
    users = media.filter(lambda parts: len(parts) == 1 or not all(isinstance(p, Text) for p in parts))
    results = st.lists(
        st.builds(ToolResult, call_id=IDS, parts=st.lists(TEXTS, max_size=1)), min_size=1, max_size=2
    )
    found.append(Message(role="user", parts=draw(users), name=draw(NAMES)))
    for _ in range(draw(st.integers(0, 2))):
        found.append(draw(assistants()))
        found.append(Message(role="tool", parts=draw(results)))
        found.append(Message(role="user", parts=draw(users)))
    return found


SCHEMAS = st.just({"type": "object", "properties": {"a": {"type": "string"}}})
GRAMMARS = st.none() | st.just({"type": "grammar", "syntax": "lark", "definition": "x"})
TOOLS = st.builds(Tool, name=IDS, description=NAMES, parameters=SCHEMAS, strict=st.none() | st.booleans())
CUSTOM = st.builds(Tool, name=IDS, description=NAMES, custom=st.just(True), grammar=GRAMMARS)
FORMATS = st.none() | st.just(ResponseFormat(type="json_object"))
FORMATS |= st.builds(ResponseFormat, type=st.just("json_schema"), name=IDS, schema=SCHEMAS, description=NAMES)
NUMBERS = st.none() | st.floats(0.1, 1)


@st.composite
def requests(draw):
    tools = draw(st.lists(TOOLS | CUSTOM, max_size=2))
    choices = [ToolChoice(mode=mode) for mode in ("auto", "none", "required")]
    choices += [ToolChoice(mode="tool", name=tool.name) for tool in tools]
    stream = draw(st.booleans())
    return ChatRequest(
        model=draw(st.sampled_from(["m", "qwen3:8b"])),
        messages=draw(conversations()),
        tools=tools,
        tool_choice=draw(st.none() | st.sampled_from(choices)) if tools else None,
        parallel_tool_calls=draw(st.none() | st.booleans()) if tools else None,
        max_output_tokens=draw(st.none() | st.integers(1, 10**6)),
        temperature=draw(NUMBERS),
        top_p=draw(NUMBERS),
        frequency_penalty=draw(NUMBERS),
        presence_penalty=draw(NUMBERS),
        stop=draw(st.lists(WORDS, max_size=2)),
        seed=draw(st.none() | st.integers(0, 9)),
        n=draw(st.integers(1, 3)),
        response_format=draw(FORMATS),
        reasoning=draw(st.none() | st.just(Reasoning(effort="high"))),
        verbosity=draw(st.sampled_from([None, "low"])),
        stream=stream,
        include_usage=stream,
        logprobs=not stream and draw(st.booleans()),
        user=draw(NAMES),
        prompt_cache_key=draw(NAMES),
    )


@given(requests())
def test_what_the_dialect_can_say_comes_back_as_it_was(request):
    losses = Losses()
    assert CODEC.decode_request(CODEC.encode_request(request, losses)) == request
    assert losses.fields == []


@given(requests())
def test_the_outline_reads_whatever_the_encoder_writes(request):
    found = CODEC.outline(CODEC.encode_request(request, Losses()))
    assert (found.model, found.stream) == (request.model, request.stream)
    assert found.tool_names == tuple(tool.name for tool in request.tools)
    assert found.last_role == "user"


def test_the_request_is_what_openai_describes():
    body = sent(decoded(response_format={"type": "json_object"}, model="gpt-5.5"))
    schema("CreateChatCompletionRequest").validate(body)
    assert json.loads(as_json(body)) == body
