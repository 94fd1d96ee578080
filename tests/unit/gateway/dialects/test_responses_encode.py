import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.gateway.dialects.responses_samples import decoded, plain_request, schema, upstream_body

from pointsman.core.chat import (
    Audio,
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
from pointsman.gateway.dialects.openai_responses import CODEC


def user(*parts):
    return Message(role="user", parts=list(parts))


def assistant(*parts):
    return Message(role="assistant", parts=list(parts))


def losses_of(request):
    losses = Losses()
    CODEC.encode_request(request, losses)
    return losses.fields


def test_a_request_asks_the_provider_to_keep_nothing():
    body = upstream_body(plain_request())
    assert body == {
        "model": "m",
        "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}],
        "store": False,
    }


def test_leading_system_messages_are_the_instructions():
    system = [Message(role="system", parts=[Text(text=text)]) for text in ("a", "b")]
    body = upstream_body(plain_request(messages=[*system, user(Text(text="hi"))]))
    assert body["instructions"] == "a\n\nb"
    assert len(body["input"]) == 1


def test_a_lone_system_message_is_the_input():
    body = upstream_body(plain_request(messages=[Message(role="system", parts=[Text(text="a")])]))
    assert body["input"] == "a"


def test_calls_and_results_are_items_of_their_own():
    call = ToolCall(id="c1", name="f", arguments='{"a":1}')
    patch = ToolCall(id="c2", name="p", arguments="x", custom=True)
    results = [ToolResult(call_id="c1", parts=[Text(text="1")]), ToolResult(call_id="c2", parts=[])]
    messages = [assistant(Text(text="so"), call, patch), Message(role="tool", parts=results)]
    items = upstream_body(plain_request(messages=messages))["input"]
    kinds = [
        "message",
        "function_call",
        "custom_tool_call",
        "function_call_output",
        "custom_tool_call_output",
    ]
    assert [item["type"] for item in items] == kinds
    assert [item.get("output") for item in items[3:]] == ["1", ""]


def test_pictures_and_files_become_data_urls():
    image = Image(media_type="image/png", data="QUJD", detail="low")
    document = Document(media_type="application/pdf", data="QUJD", name="a.pdf")
    body = upstream_body(plain_request(messages=[user(image, document, Document(text="t"))]))
    assert body["input"][0]["content"] == [
        {"type": "input_image", "image_url": "data:image/png;base64,QUJD", "detail": "low"},
        {"type": "input_file", "file_data": "data:application/pdf;base64,QUJD", "filename": "a.pdf"},
        {"type": "input_text", "text": "t"},
    ]


def test_strict_is_always_said_because_its_absence_means_true():
    tools = [Tool(name="f"), Tool(name="g", strict=True, parameters={"type": "object"})]
    found = upstream_body(plain_request(tools=tools))["tools"]
    assert [tool["strict"] for tool in found] == [False, True]
    assert found[0]["parameters"] == {"type": "object", "properties": {}}


def test_own_reasoning_returns_with_its_id():
    block = Thinking(text="hm", signature="rs_1|gAAA", origin="openai_responses")
    body = upstream_body(plain_request(messages=[assistant(block)]))
    assert body["include"] == ["reasoning.encrypted_content"]
    summary = [{"type": "summary_text", "text": "hm"}]
    expected = {"type": "reasoning", "id": "rs_1", "summary": summary, "encrypted_content": "gAAA"}
    assert body["input"] == [expected]


def test_reasoning_of_others_stays_behind_and_is_reported():
    block = Thinking(text="hm", signature="sig", origin="anthropic")
    request = plain_request(messages=[user(Text(text="q")), assistant(block, Text(text="a"))])
    assert [item["type"] for item in upstream_body(request)["input"]] == ["message", "message"]
    assert losses_of(request) == ["messages.thinking"]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Reasoning(effort="high"), {"effort": "high"}),
        (Reasoning(enabled=True), {"summary": "auto"}),
        (Reasoning(budget_tokens=1024), {"effort": "low", "summary": "auto"}),
        (Reasoning(budget_tokens=10_000), {"effort": "medium", "summary": "auto"}),
        (Reasoning(budget_tokens=32_000), {"effort": "high", "summary": "auto"}),
    ],
)
def test_reasoning_becomes_effort_and_summary(wanted, expected):
    body = upstream_body(plain_request(reasoning=wanted))
    assert body["reasoning"] == expected
    assert body["include"] == ["reasoning.encrypted_content"]


def test_text_settings_share_one_object():
    wanted = ResponseFormat(type="json_schema", name="n", schema={"type": "object"}, strict=True)
    text = upstream_body(plain_request(response_format=wanted, verbosity="low"))["text"]
    expected = {"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": True}
    assert text == {"format": expected, "verbosity": "low"}


def test_settings_without_a_word_are_reported():
    request = plain_request(
        top_k=3, seed=1, stop=["x"], frequency_penalty=0.5, presence_penalty=0.1, extra={"logit_bias": {}}
    )
    names = {"top_k", "seed", "stop", "frequency_penalty", "presence_penalty", "logit_bias"}
    assert set(losses_of(request)) == names


def test_a_cap_below_the_dialects_least_is_raised_and_reported():
    request = plain_request(max_output_tokens=1)
    assert upstream_body(request)["max_output_tokens"] == 16
    assert losses_of(request) == ["max_output_tokens"]


def test_log_probabilities_are_asked_for_unless_streaming():
    whole = upstream_body(plain_request(logprobs=True, top_logprobs=2))
    assert (whole["include"], whole["top_logprobs"]) == (["message.output_text.logprobs"], 2)
    streamed = plain_request(logprobs=True, top_logprobs=2, stream=True)
    assert "include" not in upstream_body(streamed)
    assert losses_of(streamed) == ["logprobs"]


def test_metadata_that_is_not_text_is_reported():
    request = plain_request(metadata={"a": "b", "n": 1})
    assert upstream_body(request)["metadata"] == {"a": "b"}
    assert losses_of(request) == ["metadata.n"]


@pytest.mark.parametrize(
    "request_", [plain_request(n=2), plain_request(messages=[user(Audio(data="QUJD", format="wav"))])]
)
def test_several_choices_and_sound_cannot_be_carried(request_):
    with pytest.raises(CannotCarry):
        CODEC.encode_request(request_, Losses())


def test_a_forced_tool_is_named_by_its_kind():
    tools = [Tool(name="p", custom=True), Tool(name="f")]
    for name, kind in (("p", "custom"), ("f", "function")):
        request = plain_request(tools=tools, tool_choice=ToolChoice(mode="tool", name=name))
        assert upstream_body(request)["tool_choice"] == {"type": kind, "name": name}


def test_a_carried_codex_request_is_what_the_api_describes():
    body = upstream_body(decoded())
    schema("ToolsArray").validate(body["tools"])
    schema("Reasoning").validate(body["reasoning"])
    for item in body["input"]:
        if item.get("role") != "assistant":  # described with an id, accepted without one
            schema("Item").validate(item)


WORDS = st.text(min_size=1, max_size=12)
IDS = st.text("abc123_", min_size=1, max_size=8)
TEXTS = st.builds(Text, text=WORDS)
IMAGES = st.builds(Image, url=st.just("https://example.org/a.png"), detail=st.sampled_from([None, "low"]))
RESULTS = st.builds(ToolResult, call_id=IDS, parts=st.lists(TEXTS, min_size=1, max_size=2))
CALLS = st.builds(ToolCall, id=IDS, name=IDS, arguments=st.just('{"a": 1}'), custom=st.booleans())
MESSAGES = st.one_of(
    st.builds(Message, role=st.just("user"), parts=st.lists(TEXTS | IMAGES, min_size=1, max_size=3)),
    st.builds(Message, role=st.just("developer"), parts=st.lists(TEXTS, min_size=1, max_size=2)),
    st.builds(Message, role=st.just("assistant"), parts=st.lists(TEXTS | CALLS, min_size=1, max_size=4)),
)
TOOLS = st.builds(
    Tool, name=IDS, description=WORDS, parameters=st.just({"type": "object"}), strict=st.booleans()
)


@st.composite
def requests(draw):
    messages = draw(st.lists(MESSAGES, min_size=1, max_size=5))
    apart = [messages[0]]
    for message in messages[1:]:
        if message.role != "assistant" or apart[-1].role != "assistant":
            apart.append(message)
    tools = draw(st.lists(TOOLS, max_size=3, unique_by=lambda tool: tool.name))
    return plain_request(
        messages=apart,
        tools=tools,
        temperature=draw(st.sampled_from([None, 0.5])),
        max_output_tokens=draw(st.sampled_from([None, 64])),
        reasoning=draw(st.sampled_from([None, Reasoning(effort="low", summary="auto")])),
        stream=draw(st.booleans()),
        include_usage=True,
    )


@given(requests())
def test_a_request_survives_the_way_out_and_back(request_):
    losses = Losses()
    back = CODEC.decode_request(CODEC.encode_request(request_, losses))
    back.echo = {}
    assert (back, losses.fields) == (request_, [])


@given(st.lists(RESULTS, min_size=1, max_size=3))
def test_tool_results_survive_the_way_out_and_back(results):
    request = plain_request(messages=[Message(role="tool", parts=results)])
    assert CODEC.decode_request(CODEC.encode_request(request, Losses())).messages == request.messages


def test_the_body_is_json_without_nulls_at_the_top():
    assert None not in json.loads(CODEC.encode_request(plain_request(), Losses())).values()
