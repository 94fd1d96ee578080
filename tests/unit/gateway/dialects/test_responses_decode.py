import pytest
from tests.unit.gateway.dialects.responses_samples import AGENTS, EXEC, codex_body, decoded, said

from pointsman.core.chat import (
    Document,
    Image,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from pointsman.core.errors import CannotCarry, InvalidRequest


def test_codex_history_becomes_alternating_messages():
    roles = [message.role for message in decoded().messages]
    assert roles == ["developer", "developer", "user", "user", "assistant", "tool"]


def test_neighbouring_assistant_items_become_one_message():
    thinking, text, call, patch = decoded().messages[4].parts
    assert thinking == Thinking(text="look first", signature="rs_1|gAAA==", origin="openai_responses")
    assert text == Text(text="I look at the parser.")
    assert call == ToolCall(id="call_1", name="exec_command", arguments='{"cmd":"cat parser.py"}')
    assert patch == ToolCall(id="call_2", name="apply_patch", arguments="*** Begin\nx\n*** End", custom=True)


def test_tool_results_keep_their_call_and_kind():
    first, second = decoded().messages[5].parts
    assert first == ToolResult(call_id="call_1", parts=[Text(text="Process exited with code 0")])
    assert (second.call_id, second.custom) == ("call_2", True)


def test_instructions_are_the_first_system_message():
    first = decoded(instructions="Be brief").messages[0]
    assert (first.role, first.parts) == ("system", [Text(text="Be brief")])


def test_tools_of_a_namespace_get_flat_names_and_custom_tools_keep_their_grammar():
    tools = {tool.name: tool for tool in decoded().tools}
    assert list(tools) == ["exec_command", "apply_patch", "multi_agent_v1__spawn"]
    assert tools["apply_patch"].custom
    assert tools["apply_patch"].grammar["syntax"] == "lark"


def test_hosted_tools_are_losses_and_bookkeeping_is_not():
    assert list(decoded().extra) == ["tools.web_search"]


def test_a_flat_name_that_is_taken_gets_a_hash():
    own = {**EXEC, "name": "multi_agent_v1__spawn"}
    names = [tool.name for tool in decoded(tools=[own, AGENTS]).tools]
    assert names[0] == "multi_agent_v1__spawn"
    assert names[1].startswith("multi_agent_v1__spawn_")


def test_long_flat_names_fit_every_dialect():
    group = {**AGENTS, "name": "n" * 60}
    (tool,) = decoded(tools=[group]).tools
    assert len(tool.name) == 64


def test_settings_reach_their_canonical_names():
    request = decoded(max_output_tokens=99, temperature=0.5, top_p=0.9, top_logprobs=3, safety_identifier="u")
    assert (request.max_output_tokens, request.temperature, request.top_p) == (99, 0.5, 0.9)
    assert (request.logprobs, request.top_logprobs, request.user) == (True, 3, "u")
    assert (request.reasoning.effort, request.reasoning.summary) == ("medium", "auto")
    assert (request.verbosity, request.parallel_tool_calls, request.stream) == ("low", True, True)


def test_codex_output_schema_becomes_the_response_format():
    wanted = {
        "type": "json_schema",
        "name": "codex_output_schema",
        "strict": True,
        "schema": {"type": "object"},
    }
    found = decoded(text={"format": wanted}).response_format
    assert (found.name, found.strict, found.schema) == ("codex_output_schema", True, {"type": "object"})


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ("required", ToolChoice(mode="required")),
        ({"type": "function", "name": "exec_command"}, ToolChoice(mode="tool", name="exec_command")),
        ({"type": "custom", "name": "apply_patch"}, ToolChoice(mode="tool", name="apply_patch")),
        (
            {"type": "function", "name": "spawn", "namespace": "multi_agent_v1"},
            ToolChoice(mode="tool", name="multi_agent_v1__spawn"),
        ),
    ],
)
def test_tool_choice_forms(wish, expected):
    assert decoded(tool_choice=wish).tool_choice == expected


def test_allowed_tools_narrow_the_offer():
    wish = {"type": "allowed_tools", "mode": "required", "tools": [{"type": "custom", "name": "apply_patch"}]}
    request = decoded(tool_choice=wish)
    assert [tool.name for tool in request.tools] == ["apply_patch"]
    assert request.tool_choice == ToolChoice(mode="required")


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"conversation": {"id": "conv_1"}}, "conversation"),
        ({"background": True}, "background"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt"),
        ({"tool_choice": {"type": "image_generation"}}, "tool_choice"),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "input[0]"),
        ({"input": [{"id": "msg_1"}]}, "input[0]"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "file_1"}]}]},
            "input[0].content[0].file_id",
        ),
    ],
)
def test_what_only_one_provider_holds_cannot_be_carried(changes, param):
    with pytest.raises(CannotCarry) as caught:
        decoded(**changes)
    assert caught.value.param == param


def test_values_that_ask_for_nothing_are_no_loss():
    request = decoded(background=False, truncation="disabled", service_tier="auto", previous_response_id=None)
    assert list(request.extra) == ["tools.web_search"]


def test_wishes_without_a_canonical_name_are_losses():
    request = decoded(truncation="auto", service_tier="flex", max_tool_calls=3, tools=[])
    assert request.extra == {"truncation": "auto", "service_tier": "flex", "max_tool_calls": 3}


def test_unknown_items_are_losses():
    request = decoded(tools=[], input=[{"type": "web_search_call", "id": "ws_1"}, said("user", "hi")])
    assert request.extra == {"input.web_search_call": True}
    assert len(request.messages) == 1


def test_pictures_and_files_are_unpacked():
    content = [
        {"type": "input_image", "image_url": "data:image/png;base64,QUJD", "detail": "low"},
        {"type": "input_image", "image_url": "https://example.org/a.png"},
        {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,QUJD"},
        {"type": "refusal", "refusal": "no"},
    ]
    (message,) = decoded(input=[{"role": "user", "content": content}]).messages
    assert message.parts == [
        Image(media_type="image/png", data="QUJD", detail="low"),
        Image(url="https://example.org/a.png"),
        Document(media_type="application/pdf", data="QUJD", name="a.pdf"),
        Refusal(text="no"),
    ]


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"input": [{"role": "robot", "content": "x"}]}, "input[0].role"),
        ({"input": [{"type": "function_call", "name": 3}]}, "input[0].name"),
        ({"input": [{"type": "function_call_output", "output": "x"}]}, "input[0].call_id"),
        ({"tools": [{"type": "function"}]}, "tools[0].name"),
        ({"tools": [{"type": "function", "name": 3}]}, "tools[0].name"),
        ({"tool_choice": "maybe"}, "tool_choice"),
        ({"input": None}, "input"),
        ({"model": None}, "model"),
        ({"text": {"format": {"type": "xml"}}}, "text.format.type"),
    ],
)
def test_misfits_name_the_field(changes, param):
    with pytest.raises(InvalidRequest) as caught:
        decoded(**changes)
    assert caught.value.param == param


def test_a_namespaced_call_in_the_history_gets_the_tools_flat_name():
    call = {**codex_body()["input"][6], "name": "spawn", "namespace": "multi_agent_v1"}
    (message,) = decoded(input=[call]).messages
    assert message.parts[0].name == "multi_agent_v1__spawn"


def test_thinking_of_another_dialect_comes_back_with_its_proof():
    item = {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "hm"}]}
    item["encrypted_content"] = "pointsman-thinking:s:anthropic:si:g"
    (message,) = decoded(input=[item]).messages
    assert message.parts == [Thinking(text="hm", signature="si:g", origin="anthropic")]
