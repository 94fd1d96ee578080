import ollama
import pytest
from tests.unit.gateway.dialects.ollama_samples import GENERATE, PNG, SCHEMA, encoded, plain

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

TOOLS = [Tool(name="ls", parameters=SCHEMA), Tool(name="pwd")]


def talk(*messages, **changes):
    return plain(messages=[Message(role=role, parts=list(parts)) for role, *parts in messages], **changes)


def test_whether_to_stream_is_always_said():
    assert encoded(plain())[0]["stream"] is False
    assert encoded(plain(stream=True))[0]["stream"] is True


def test_a_tool_loop_is_written():
    call = ToolCall(id="c1", name="ls", arguments='{"at":"."}')
    result = ToolResult(call_id="c1", parts=[Text(text="a"), Text(text="b")])
    body, lost = encoded(
        talk(("assistant", Thinking(text="hm"), Text(text="I look."), call), ("tool", result))
    )
    function = {"name": "ls", "arguments": {"at": "."}}
    calls = [{"id": "c1", "type": "function", "function": function}]
    assert body["messages"] == [
        {"role": "assistant", "content": "I look.", "thinking": "hm", "tool_calls": calls},
        {"role": "tool", "content": "a\nb", "tool_name": "ls", "tool_call_id": "c1"},
    ]
    assert lost == []
    assert ollama.Message.model_validate(body["messages"][0]).tool_calls[0].function.name == "ls"


def test_pictures_and_texts_go_beside_each_other():
    parts = [Text(text="what?"), Image(media_type="image/png", data=PNG), Document(text="a file")]
    (message,) = encoded(talk(("user", *parts)))[0]["messages"]
    assert message == {"role": "user", "content": "what?\na file", "images": [PNG]}


@pytest.mark.parametrize(
    "part", [Image(url="https://x/y.png"), Document(data="JVBERi0="), Audio(data="", format="wav")]
)
def test_content_without_a_place_is_not_dropped(part):
    with pytest.raises(CannotCarry):
        encoded(talk(("user", part)))


def test_several_choices_cannot_be_asked_for():
    with pytest.raises(CannotCarry):
        encoded(plain(n=2))


def test_settings_become_options():
    fields = {"temperature": 0.5, "top_k": 5, "top_p": 0.9, "seed": 1, "stop": ["END"]}
    fields |= {"frequency_penalty": 0.1, "presence_penalty": 0.2}
    body, lost = encoded(plain(max_output_tokens=9, extra={"options.num_ctx": 4096}, **fields))
    assert body["options"] == {"num_predict": 9, "num_ctx": 4096, **fields}
    assert lost == []


def test_settings_without_a_word_are_reported():
    changes = {"user": "u", "verbosity": "low", "parallel_tool_calls": False, "extra": {"store": True}}
    assert encoded(plain(**changes))[1] == ["parallel_tool_calls", "verbosity", "user", "store"]
    assert encoded(plain(parallel_tool_calls=True))[1] == []


@pytest.mark.parametrize(
    ("reasoning", "think", "lost"),
    [
        (None, None, []),
        (Reasoning(enabled=True), True, []),
        (Reasoning(enabled=False), False, []),
        (Reasoning(effort="none"), False, []),
        (Reasoning(effort="minimal"), "low", []),
        (Reasoning(effort="xhigh", enabled=True), "max", []),
        (Reasoning(budget_tokens=2000, enabled=True), True, ["reasoning.budget_tokens"]),
        (Reasoning(effort="odd"), None, ["reasoning.effort"]),
        (Reasoning(summary="auto"), None, []),
    ],
)
def test_a_wish_for_thinking_is_written(reasoning, think, lost):
    body, fields = encoded(plain(reasoning=reasoning))
    assert (body.get("think"), fields) == (think, lost)


def test_structured_output_is_written():
    wanted = ResponseFormat(type="json_schema", schema=SCHEMA, strict=True, name="n")
    assert encoded(plain(response_format=wanted))[0]["format"] == SCHEMA
    assert encoded(plain(response_format=ResponseFormat(type="json_object")))[0]["format"] == "json"


@pytest.mark.parametrize(
    ("choice", "names", "lost"),
    [
        (None, ["ls", "pwd"], []),
        (ToolChoice(mode="auto"), ["ls", "pwd"], []),
        (ToolChoice(mode="required"), ["ls", "pwd"], ["tool_choice"]),
        (ToolChoice(mode="tool", name="pwd"), ["pwd"], ["tool_choice"]),
        (ToolChoice(mode="none"), [], []),
    ],
)
def test_a_choice_among_tools_is_kept_as_far_as_it_goes(choice, names, lost):
    body, fields = encoded(plain(tools=TOOLS, tool_choice=choice))
    assert [tool["function"]["name"] for tool in body.get("tools", [])] == names
    assert fields == lost
    assert all(ollama.Tool.model_validate(tool) for tool in body.get("tools", []))


def test_a_custom_tool_becomes_a_function():
    body, lost = encoded(plain(tools=[Tool(name="patch", custom=True, grammar={"definition": "x"})]))
    assert body["tools"][0]["function"]["parameters"]["required"] == ["input"]
    assert lost == ["tools.grammar"]


def test_arguments_that_are_no_object_are_kept_as_text():
    body, lost = encoded(talk(("assistant", ToolCall(id="c", name="ls", arguments="{oops"))))
    function = body["messages"][0]["tool_calls"][0]["function"]
    assert (function["arguments"], lost) == ({"arguments": "{oops"}, ["messages.tool_calls.arguments"])


def test_proofs_of_thinking_and_failed_results_are_reported():
    thought = Thinking(text="hm", signature="s", origin="anthropic")
    failed = ToolResult(call_id="c", parts=[Text(text="no")], is_error=True)
    assert encoded(talk(("assistant", thought), ("tool", failed)))[1] == [
        "thinking.signature",
        "messages.is_error",
    ]


def test_a_prompt_is_written():
    request = talk(
        ("system", Text(text="be kind")), ("user", Text(text="hi"), Image(data=PNG)), temperature=0.0
    )
    body, lost = encoded(request, GENERATE)
    assert body == {
        "model": "qwen3",
        "prompt": "hi",
        "system": "be kind",
        "images": [PNG],
        "stream": False,
        "options": {"temperature": 0.0},
    }
    assert lost == []


@pytest.mark.parametrize(
    "request_",
    [
        plain(tools=TOOLS),
        talk(("user", Text(text="a")), ("assistant", Text(text="b")), ("user", Text(text="c"))),
        talk(("assistant", Text(text="b"))),
        talk(("user", Text(text="a")), ("system", Text(text="b"))),
    ],
)
def test_a_prompt_holds_no_conversation(request_):
    with pytest.raises(CannotCarry):
        encoded(request_, GENERATE)
