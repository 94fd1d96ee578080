import pytest
from tests.unit.gateway.dialects.chat_samples import PATCH, RUN, agent_body, as_json, call, decoded, saying

from pointsman.core.chat import (
    Audio,
    Document,
    Image,
    Message,
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
from pointsman.core.errors import CannotCarry, InvalidRequest
from pointsman.gateway.dialects.openai_chat import CODEC


def user(*pieces):
    return saying({"role": "user", "content": list(pieces)}).messages[0].parts


def test_a_tool_loop_becomes_messages():
    _, _, asked, answered, again, both = decoded().messages
    assert asked.parts == [ToolCall(id="call_0", name="run", arguments="{}")]
    assert answered.parts == [ToolResult(call_id="call_0", parts=[Text(text="1 failed")])]
    assert [type(part) for part in again.parts] == [Text, ToolCall, ToolCall]
    assert (both.role, [part.call_id for part in both.parts]) == ("tool", ["call_1", "call_2"])


def test_roles_and_names_are_kept():
    roles = ["system", "developer", "user", "assistant"]
    found = saying(*[{"role": role, "content": "x", "name": "n"} for role in roles])
    assert found.messages == [Message(role=role, parts=[Text(text="x")], name="n") for role in roles]


@pytest.mark.parametrize(
    ("piece", "part"),
    [
        (
            {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}},
            Text(text="a", cache={"type": "ephemeral"}),
        ),
        (
            {"type": "image_url", "image_url": {"url": "http://x", "detail": "low"}},
            Image(url="http://x", detail="low"),
        ),
        ({"type": "image_url", "image_url": "http://x"}, Image(url="http://x")),
        (
            {"type": "image_url", "image_url": {"url": "data:image/gif;base64,AA"}},
            Image(media_type="image/gif", data="AA"),
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "AA", "format": "mp3"}},
            Audio(data="AA", format="mp3"),
        ),
        (
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,AA", "filename": "a.pdf"}},
            Document(media_type="application/pdf", data="AA", name="a.pdf"),
        ),
        ({"type": "refusal", "refusal": "no"}, Refusal(text="no")),
    ],
)
def test_pieces_of_content(piece, part):
    assert user(piece) == [part]


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_thinking_that_compatible_clients_echo_comes_first(field):
    said = saying({"role": "assistant", "content": "a", field: "hm", "refusal": "no"}).messages[0]
    assert said.parts == [Thinking(text="hm", origin="openai_chat"), Text(text="a"), Refusal(text="no")]


def test_custom_tools_and_their_calls():
    called = {"id": "c", "type": "custom", "custom": {"name": "patch", "input": "x"}}
    found = saying(
        {"role": "assistant", "tool_calls": [called]},
        {"role": "tool", "tool_call_id": "c", "content": "ok"},
        tools=[PATCH],
    )
    grammar = {"type": "grammar", "syntax": "regex", "definition": "a+"}
    assert found.tools == [Tool(name="patch", custom=True, grammar=grammar)]
    assert found.messages[0].parts == [ToolCall(id="c", name="patch", arguments="x", custom=True)]
    assert found.messages[1].parts[0].custom


def test_functions_in_the_older_form():
    found = saying(
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "function", "name": "f", "content": "ok"},
        functions=[{"name": "f", "parameters": {"type": "object"}}],
        function_call={"name": "f"},
    )
    _, asked, answered = found.messages
    assert asked.parts[0].id == answered.parts[0].call_id
    assert found.tools == [Tool(name="f", parameters={"type": "object"})]
    assert found.tool_choice == ToolChoice(mode="tool", name="f")
    assert found.echo == {"functions": True}


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("auto", ToolChoice(mode="auto")),
        ("none", ToolChoice(mode="none")),
        ("required", ToolChoice(mode="required")),
        ({"type": "function", "function": {"name": "run"}}, ToolChoice(mode="tool", name="run")),
        ({"type": "custom", "custom": {"name": "patch"}}, ToolChoice(mode="tool", name="patch")),
    ],
)
def test_choices_among_tools(choice, expected):
    assert decoded(tool_choice=choice).tool_choice == expected


def test_allowed_tools_are_the_only_ones_offered():
    allowed = {"mode": "required", "tools": [{"type": "function", "function": {"name": "run"}}]}
    found = decoded(tools=[RUN, PATCH], tool_choice={"type": "allowed_tools", "allowed_tools": allowed})
    assert ([tool.name for tool in found.tools], found.tool_choice.mode) == (["run"], "required")


def test_settings_have_their_names():
    numbers = {"temperature": 0.5, "top_p": 0.9, "top_k": 4, "seed": 1, "frequency_penalty": 1.0}
    words = {"verbosity": "low", "prompt_cache_key": "s", "user": "u", "parallel_tool_calls": False}
    flags = {"n": 2, "logprobs": True, "top_logprobs": 3}
    found = decoded(**numbers, **words, **flags, stop="END", metadata={"a": "b", "agent_id": "x"})
    for name, value in {**numbers, **words, **flags}.items():
        assert getattr(found, name) == value
    assert (found.stop, found.metadata, found.include_usage, found.stream) == (
        ["END"],
        {"a": "b"},
        True,
        True,
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"reasoning_effort": "high"}, Reasoning(effort="high")),
        ({"reasoning": {"max_tokens": 99}}, Reasoning(budget_tokens=99)),
        ({"reasoning": {"enabled": False}}, Reasoning(enabled=False)),
        ({"reasoning": {}}, None),
    ],
)
def test_wishes_for_reasoning(fields, expected):
    assert decoded(**fields).reasoning == expected


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"type": "text"}, None),
        ({"type": "json_object"}, ResponseFormat(type="json_object")),
        (
            {"type": "json_schema", "json_schema": {"name": "a", "schema": {}, "strict": True}},
            ResponseFormat(type="json_schema", name="a", schema={}, strict=True),
        ),
    ],
)
def test_formats(wanted, expected):
    assert decoded(response_format=wanted).response_format == expected


def test_only_fields_that_ask_for_something_are_extra():
    idle = {"service_tier": "auto", "store": True, "logit_bias": {}, "modalities": ["text"], "x": None}
    assert decoded(**idle, logit_bias_mode=1).extra == {"logit_bias_mode": 1}
    assert decoded(tools=[{"type": "web_search"}]).extra == {"tools.web_search": {"type": "web_search"}}


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"temperature": "hot"}, "temperature"),
        ({"messages": [{"role": "robot"}]}, "messages[0].role"),
        (
            {"messages": [{"role": "user", "content": [{"type": "text", "text": 4}]}]},
            "messages[0].content[0].text",
        ),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
            "messages[0].content[0].image_url.url",
        ),
        (
            {"messages": [{"role": "assistant", "tool_calls": [{"id": "a"}]}]},
            "messages[0].tool_calls[0].function",
        ),
        ({"tools": [{"type": "function", "function": {}}]}, "tools[0].function.name"),
        ({"tools": [{"type": "function", "function": {"name": 5}}]}, "tools[0].function.name"),
        ({"tool_choice": "maybe"}, "tool_choice"),
        ({"tool_choice": {"type": "function"}}, "tool_choice.function.name"),
        ({"response_format": {"type": "xml"}}, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        ({"model": None}, "model"),
        ({"messages": []}, "messages"),
    ],
)
def test_a_misfit_names_its_field(changes, param):
    with pytest.raises(InvalidRequest) as caught:
        decoded(**changes)
    assert caught.value.param == param


@pytest.mark.parametrize(
    "changes",
    [
        {"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]}]},
        {"messages": [{"role": "user", "content": [{"type": "video"}]}]},
        {"tool_choice": {"type": "web_search"}},
    ],
)
def test_what_only_one_provider_has_cannot_be_carried(changes):
    with pytest.raises(CannotCarry):
        decoded(**changes)


def test_arguments_given_as_an_object_become_text():
    said = {
        "role": "assistant",
        "tool_calls": [{**call("c"), "function": {"name": "f", "arguments": {"a": 1}}}],
    }
    assert saying(said).messages[0].parts[0].arguments == '{"a":1}'


def test_the_body_is_read_as_bytes():
    assert CODEC.decode_request(as_json(agent_body())).model == "auto"
