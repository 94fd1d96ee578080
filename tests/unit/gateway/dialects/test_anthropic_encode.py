import pytest
from tests.unit.gateway.dialects.anthropic_samples import asking, encoded, lost, said_by

from pointsman.core.chat import (
    Audio,
    Document,
    Image,
    Reasoning,
    Refusal,
    ResponseFormat,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from pointsman.core.errors import CannotCarry

LS = Tool(name="ls", description="Lists.", parameters={"type": "object", "properties": {}})
CALL = ToolCall(id="call_1", name="ls", arguments='{"at":"."}')
ANSWER = ToolResult(call_id="call_1", parts=[Text(text="a.py")])


def content_of(*parts, role="user"):
    messages = (
        [said_by("user", "hi"), said_by(role, *parts)] if role == "assistant" else [said_by(role, *parts)]
    )
    return encoded(asking(*messages))["messages"][-1]["content"]


def test_a_limit_is_set_where_the_source_did_not_say():
    assert encoded(asking())["max_tokens"] == 4096
    assert encoded(asking(max_output_tokens=7))["max_tokens"] == 7


def test_system_messages_in_front_become_the_system_prompt():
    cached = Text(text="b", cache={"type": "ephemeral"})
    body = encoded(asking(said_by("system", "a"), said_by("developer", cached), said_by("user", "hi")))
    assert body["system"] == [
        {"type": "text", "text": "a"},
        {"type": "text", "text": "b", "cache_control": {"type": "ephemeral"}},
    ]
    assert encoded(asking(said_by("system", "a"), said_by("user", "hi")))["system"] == "a"


def test_a_later_system_message_is_said_by_the_user_and_reported():
    request = asking(said_by("user", "hi"), said_by("system", "be brief"))
    assert [block["text"] for block in encoded(request)["messages"][0]["content"]] == ["hi", "be brief"]
    assert lost(request) == ["messages.system_midway"]


def test_a_request_of_system_messages_only_is_asked_as_a_user():
    request = asking(said_by("system", "Name a colour"))
    assert encoded(request)["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "Name a colour"}]}
    ]
    assert lost(request) == ["messages.system"]


@pytest.mark.parametrize("messages", [[said_by("assistant", "hi")], [said_by("user", " ")]])
def test_a_conversation_must_begin_with_a_user(messages):
    with pytest.raises(CannotCarry, match="begins with a user"):
        encoded(asking(*messages))


def test_neighbours_of_one_role_are_one_message_and_empty_text_is_dropped():
    request = asking(said_by("user", "a", ""), said_by("assistant", "  \n"), said_by("user", "b"))
    (only,) = encoded(request)["messages"]
    assert [block["text"] for block in only["content"]] == ["a", "b"]


def test_results_stand_first_in_the_next_user_message():
    request = asking(
        said_by("user", "hi"),
        said_by("assistant", CALL),
        said_by("user", "and hurry"),
        said_by("tool", ANSWER),
    )
    last = encoded(request)["messages"][-1]
    assert [block["type"] for block in last["content"]] == ["tool_result", "text"]


def test_a_call_carries_its_input_as_an_object():
    (block,) = content_of(CALL, role="assistant")
    assert block == {"type": "tool_use", "id": "call_1", "name": "ls", "input": {"at": "."}}


@pytest.mark.parametrize("arguments", ['["x"]', "{broken", "null"])
def test_arguments_that_are_no_object_are_kept_as_text(arguments):
    call = ToolCall(id="c", name="ls", arguments=arguments)
    assert content_of(call, role="assistant")[0]["input"] == {"arguments": arguments}
    assert lost(asking(said_by("user", "hi"), said_by("assistant", call))) == [
        "messages.tool_calls.arguments"
    ]


def test_ids_are_written_in_the_letters_allowed_on_both_sides():
    call = ToolCall(id="functions.ls:0", name="ls", arguments="")
    answer = ToolResult(call_id="functions.ls:0", parts=[])
    request = asking(said_by("user", "hi"), said_by("assistant", call), said_by("tool", answer))
    _, asked, answered = encoded(request)["messages"]
    assert asked["content"][0]["id"] == answered["content"][0]["tool_use_id"] == "functions_ls_0"
    assert asked["content"][0]["input"] == {}
    assert "content" not in answered["content"][0]


def test_a_result_says_whether_it_failed_and_holds_pictures():
    failed = ToolResult(call_id="c", parts=[Text(text="x"), Image(data="AA==")], is_error=True)
    (block,) = content_of(failed, role="tool")
    assert block["is_error"] is True
    assert [inner["type"] for inner in block["content"]] == ["text", "image"]


@pytest.mark.parametrize(
    ("part", "source"),
    [
        (
            Image(media_type="image/gif", data="R0"),
            {"type": "base64", "media_type": "image/gif", "data": "R0"},
        ),
        (Image(url="https://a/b"), {"type": "url", "url": "https://a/b"}),
        (Document(text="words"), {"type": "text", "media_type": "text/plain", "data": "words"}),
        (Document(data="JV"), {"type": "base64", "media_type": "application/pdf", "data": "JV"}),
        (Document(url="https://a/b.pdf"), {"type": "url", "url": "https://a/b.pdf"}),
    ],
)
def test_media_keep_their_source(part, source):
    assert content_of(part)[0]["source"] == source


def test_sound_cannot_be_carried():
    with pytest.raises(CannotCarry):
        content_of(Audio(data="AA==", format="wav"))


def test_own_thinking_is_replayed_and_other_thinking_is_a_loss():
    own = Thinking(text="t", signature="s", origin="anthropic")
    hidden = Thinking(redacted="r", origin="anthropic")
    other = Thinking(text="t", signature="s", origin="openai_responses")
    assert content_of(own, hidden, other, "x", role="assistant") == [
        {"type": "thinking", "thinking": "t", "signature": "s"},
        {"type": "redacted_thinking", "data": "r"},
        {"type": "text", "text": "x"},
    ]
    assert lost(asking(said_by("user", "hi"), said_by("assistant", other))) == ["thinking"]


def test_an_earlier_refusal_is_text():
    assert content_of(Refusal(text="no"), role="assistant") == [{"type": "text", "text": "no"}]


def test_a_tool_gets_a_schema_of_an_object():
    body = encoded(
        asking(tools=[LS, Tool(name="bare"), Tool(name="s", parameters={"properties": {}}, strict=True)])
    )
    assert body["tools"][0] == {"name": "ls", "description": "Lists.", "input_schema": LS.parameters}
    assert body["tools"][1]["input_schema"] == {"type": "object", "properties": {}}
    assert body["tools"][2] == {
        "name": "s",
        "input_schema": {"type": "object", "properties": {}},
        "strict": True,
    }


def test_a_custom_tool_becomes_a_function_and_its_grammar_is_told():
    grammar = {"type": "grammar", "syntax": "lark", "definition": "start: WORD"}
    request = asking(tools=[Tool(name="patch", custom=True, grammar=grammar)])
    schema = encoded(request)["tools"][0]["input_schema"]
    assert schema["required"] == ["input"]
    assert "start: WORD" in schema["properties"]["input"]["description"]
    assert lost(request) == ["tools.grammar"]


@pytest.mark.parametrize(
    ("choice", "parallel", "expected"),
    [
        (None, None, None),
        (None, True, None),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
        (ToolChoice(mode="required"), False, {"type": "any", "disable_parallel_tool_use": True}),
        (ToolChoice(mode="none"), False, {"type": "none"}),
        (ToolChoice(mode="tool", name="ls"), None, {"type": "tool", "name": "ls"}),
    ],
)
def test_tool_choices(choice, parallel, expected):
    body = encoded(asking(tools=[LS], tool_choice=choice, parallel_tool_calls=parallel))
    assert body.get("tool_choice") == expected


def test_a_choice_without_tools_is_not_sent():
    assert "tool_choice" not in encoded(asking(tool_choice=ToolChoice(mode="auto")))


def test_a_schema_for_the_answer_forbids_what_it_does_not_name():
    inner = {"type": "object", "properties": {"n": {"enum": [{"type": "object"}]}}}
    schema = {"type": "object", "properties": {"a": {"type": "array", "items": inner}}}
    wanted = ResponseFormat(type="json_schema", schema=schema)
    found = encoded(asking(response_format=wanted))["output_config"]["format"]
    assert found["type"] == "json_schema"
    assert found["schema"]["additionalProperties"] is False
    assert found["schema"]["properties"]["a"]["items"] == {**inner, "additionalProperties": False}


def test_any_json_has_no_word_here():
    request = asking(response_format=ResponseFormat(type="json_object"))
    assert "output_config" not in encoded(request)
    assert lost(request) == ["response_format"]


@pytest.mark.parametrize(
    ("wanted", "thinking", "effort"),
    [
        (Reasoning(effort="high"), None, "high"),
        (Reasoning(effort="minimal"), None, "low"),
        (Reasoning(effort="none"), {"type": "disabled"}, None),
        (Reasoning(enabled=False), {"type": "disabled"}, None),
        (Reasoning(enabled=True, effort="max"), {"type": "adaptive"}, "max"),
        (Reasoning(budget_tokens=3000), {"type": "enabled", "budget_tokens": 3000}, None),
        (Reasoning(enabled=True, summary="auto"), {"type": "adaptive", "display": "summarized"}, None),
    ],
)
def test_reasoning(wanted, thinking, effort):
    body = encoded(asking(reasoning=wanted))
    assert body.get("thinking") == thinking
    assert body.get("output_config", {}).get("effort") == effort


def test_a_budget_fits_into_the_limit():
    wanted = Reasoning(budget_tokens=3000)
    assert encoded(asking(reasoning=wanted))["max_tokens"] == 4096 + 3000
    tight = asking(reasoning=wanted, max_output_tokens=2000)
    assert encoded(tight)["thinking"]["budget_tokens"] == 1999
    assert lost(tight) == ["reasoning.budget_tokens"]
    assert "thinking" not in encoded(asking(reasoning=wanted, max_output_tokens=500))


def test_a_forced_tool_leaves_no_room_for_thinking():
    choice = ToolChoice(mode="required")
    request = asking(tools=[LS], tool_choice=choice, reasoning=Reasoning(enabled=True))
    assert "thinking" not in encoded(request)
    assert lost(request) == ["reasoning"]


def test_a_tool_loop_that_began_without_thinking_goes_on_without():
    loop = [said_by("user", "hi"), said_by("assistant", CALL), said_by("tool", ANSWER)]
    request = asking(*loop, reasoning=Reasoning(enabled=True))
    assert "thinking" not in encoded(request)
    loop[1].parts.insert(0, Thinking(text="t", signature="s", origin="anthropic"))
    assert encoded(request)["thinking"] == {"type": "adaptive"}


@pytest.mark.parametrize(
    ("settings", "sent", "dropped"),
    [
        ({"temperature": 1.5}, {"temperature": 1}, ["temperature"]),
        ({"temperature": 0.2, "top_p": 0.5}, {"temperature": 0.2}, ["top_p"]),
        ({"temperature": 0.2, "top_p": 1}, {"temperature": 0.2}, []),
        ({"top_p": 0.5, "top_k": 3}, {"top_p": 0.5, "top_k": 3}, []),
        (
            {"temperature": 0.2, "top_k": 3, "top_p": 0.5, "reasoning": Reasoning(enabled=True)},
            {},
            ["temperature", "top_p", "top_k"],
        ),
        ({"stop": ["END", "\n"]}, {"stop_sequences": ["END"]}, ["stop"]),
    ],
)
def test_sampling_stays_within_the_dialects_bounds(settings, sent, dropped):
    body = encoded(asking(**settings))
    names = ("temperature", "top_p", "top_k", "stop_sequences")
    assert {name: body[name] for name in names if name in body} == sent
    assert lost(asking(**settings)) == dropped


def test_what_has_no_word_here_is_reported():
    request = asking(
        seed=1,
        frequency_penalty=0.1,
        presence_penalty=0.1,
        verbosity="low",
        metadata={"a": "b"},
        extra={"logit_bias": {}, "service_tier": "flex"},
    )
    assert lost(request) == [
        "seed",
        "frequency_penalty",
        "presence_penalty",
        "verbosity",
        "metadata",
        "logit_bias",
        "service_tier",
    ]


@pytest.mark.parametrize("settings", [{"n": 2}, {"logprobs": True}, {"top_logprobs": 2}])
def test_what_would_change_the_answers_shape_is_refused(settings):
    with pytest.raises(CannotCarry):
        encoded(asking(**settings))


def test_the_user_and_the_stream_are_asked_for():
    body = encoded(asking(user="alice", stream=True))
    assert (body["metadata"], body["stream"]) == ({"user_id": "alice"}, True)
    assert "stream" not in encoded(asking())


def test_names_details_and_pictures_of_the_assistant_are_reported():
    named = said_by("user", Image(url="u", detail="high"))
    named.name = "bob"
    pictured = said_by("assistant", Image(url="u"))
    expected = ["messages.name", "messages.image_detail", "messages.assistant_media"]
    assert lost(asking(named, pictured)) == expected
