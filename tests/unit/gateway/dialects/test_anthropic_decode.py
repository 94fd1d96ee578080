from contextlib import suppress
from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.gateway.dialects.anthropic_samples import (
    BASH,
    PNG,
    as_json,
    claude_body,
    decoded,
    result,
    text,
)

from pointsman.core.chat import (
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
from pointsman.core.errors import CannotCarry, InvalidRequest
from pointsman.gateway.dialects.anthropic import CODEC


def parts_of(*blocks):
    return decoded(messages=[{"role": "user", "content": list(blocks)}]).messages[-1].parts


def document(**source):
    return {"type": "document", "source": source, "title": "T"}


def test_a_tool_loop_becomes_messages_of_four_roles():
    roles = [message.role for message in decoded().messages]
    assert roles == ["system", "user", "assistant", "tool", "user"]


def test_the_attribution_is_left_out_and_cache_marks_stay():
    assert decoded().messages[0].parts == [
        Text(text="You are Claude Code.", cache={"type": "ephemeral"}),
    ]


def test_an_assistant_keeps_its_thinking_text_and_call():
    assert decoded().messages[2].parts == [
        Thinking(text="look first", signature="c2ln", origin="anthropic"),
        Text(text="I look at it."),
        ToolCall(id="toolu_1", name="Bash", arguments='{"command": "ls"}'),
    ]


def test_results_come_before_the_words_beside_them():
    *_, results, words = decoded().messages
    expected = ToolResult(call_id="toolu_1", parts=[Text(text="ok")], is_error=True)
    assert results == Message(role="tool", parts=[expected])
    assert words.role == "user"


def test_pictures_inside_results_stay_inside():
    ((found,),) = [parts_of(result("toolu_1", [text("see"), PNG]))]
    assert found.parts == [Text(text="see"), Image(media_type="image/png", data="iVBORw0KGgo=")]
    assert found.is_error is None


def test_a_result_without_content_is_empty():
    assert parts_of({"type": "tool_result", "tool_use_id": "t"}) == [ToolResult(call_id="t", parts=[])]


@pytest.mark.parametrize(
    ("block", "part"),
    [
        ({"type": "image", "source": {"type": "url", "url": "https://a/b"}}, Image(url="https://a/b")),
        (document(type="url", url="https://a/b"), Document(url="https://a/b", name="T")),
        (
            document(type="base64", media_type="application/pdf", data="JVBE"),
            Document(media_type="application/pdf", data="JVBE", name="T"),
        ),
        (
            document(type="text", media_type="text/plain", data="words"),
            Document(media_type="text/plain", text="words", name="T"),
        ),
        (document(type="content", content=[text("a"), text("b")]), Document(text="a\nb", name="T")),
        (
            {"type": "search_result", "source": "https://a", "title": "T", "content": [text("a")]},
            Document(text="a", name="T"),
        ),
        ({"type": "redacted_thinking", "data": "b64"}, Thinking(redacted="b64", origin="anthropic")),
        ({"type": "thinking", "thinking": "t", "signature": ""}, Thinking(text="t")),
    ],
)
def test_blocks_become_parts(block, part):
    assert parts_of(block) == [part]


def test_foreign_thinking_comes_back_with_its_origin():
    sealed = "pointsman-thinking:s:openai_responses:rs_1|gAAA:b=="
    block = {"type": "thinking", "thinking": "t", "signature": sealed}
    assert parts_of(block) == [Thinking(text="t", signature="rs_1|gAAA:b==", origin="openai_responses")]


def test_system_messages_keep_their_place():
    messages = [
        {"role": "user", "content": "a"},
        {"role": "system", "content": "b"},
        {"role": "user", "content": "c"},
    ]
    roles = [message.role for message in decoded(system=None, messages=messages).messages]
    assert roles == ["user", "system", "user"]


def test_blocks_of_server_tools_are_reported():
    blocks = [text("x"), {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}]
    found = decoded(messages=[{"role": "assistant", "content": blocks}])
    assert found.extra == {"messages.server_tool_use": True}


def test_server_tools_are_reported_and_others_read():
    own = {"type": "web_search_20250305", "name": "web_search"}
    found = decoded(tools=[{**BASH, "strict": True, "cache_control": {"type": "ephemeral"}}, own])
    (tool,) = found.tools
    assert tool == Tool(
        name="Bash",
        description="Runs a command.",
        parameters=BASH["input_schema"],
        strict=True,
        cache={"type": "ephemeral"},
    )
    assert found.extra == {"tools.web_search_20250305": own}


@pytest.mark.parametrize(
    ("given", "choice", "parallel"),
    [
        ({"type": "auto"}, ToolChoice(mode="auto"), None),
        ({"type": "any", "disable_parallel_tool_use": True}, ToolChoice(mode="required"), False),
        ({"type": "none"}, ToolChoice(mode="none"), None),
        (
            {"type": "tool", "name": "Bash", "disable_parallel_tool_use": False},
            ToolChoice(mode="tool", name="Bash"),
            True,
        ),
    ],
)
def test_tool_choices(given, choice, parallel):
    found = decoded(tool_choice=given)
    assert (found.tool_choice, found.parallel_tool_calls) == (choice, parallel)


def test_forcing_a_tool_that_only_anthropic_has_cannot_be_carried():
    own = {"type": "web_search_20250305", "name": "web_search"}
    with pytest.raises(CannotCarry, match="web_search"):
        decoded(tools=[own], tool_choice={"type": "tool", "name": "web_search"})


def test_a_stored_file_cannot_be_carried():
    with pytest.raises(CannotCarry):
        parts_of({"type": "image", "source": {"type": "file", "file_id": "file_1"}})


@pytest.mark.parametrize(
    ("changes", "reasoning"),
    [
        ({}, Reasoning(effort="medium", enabled=True)),
        ({"thinking": None}, Reasoning(effort="medium")),
        ({"thinking": None, "output_config": None}, None),
        (
            {"thinking": {"type": "enabled", "budget_tokens": 2048}, "output_config": None},
            Reasoning(budget_tokens=2048, enabled=True),
        ),
        ({"thinking": {"type": "disabled"}, "output_config": None}, Reasoning(enabled=False)),
        (
            {"thinking": {"type": "adaptive", "display": "summarized"}, "output_config": None},
            Reasoning(enabled=True, summary="auto"),
        ),
    ],
)
def test_thinking_and_effort(changes, reasoning):
    assert decoded(**changes).reasoning == reasoning


@pytest.mark.parametrize("field", ["output_format", "output_config"])
def test_a_schema_for_the_answer(field):
    wanted = {"type": "json_schema", "schema": {"type": "object"}}
    found = decoded(**{field: wanted if field == "output_format" else {"format": wanted}})
    assert found.response_format == ResponseFormat(type="json_schema", schema={"type": "object"}, strict=True)


def test_settings_reach_their_canonical_names():
    found = decoded(temperature=0.5, top_p=0.9, top_k=40, stop_sequences=["END"])
    assert (found.max_output_tokens, found.temperature, found.top_p) == (32000, 0.5, 0.9)
    assert (found.top_k, found.stop, found.stream) == (40, ["END"], True)


def test_the_session_serves_as_cache_key_of_other_providers():
    assert (decoded().prompt_cache_key, decoded().user) == ("s-1", None)
    plain = decoded(metadata={"user_id": "alice"})
    assert (plain.prompt_cache_key, plain.user) == (None, "alice")


def test_the_agents_name_goes_no_further():
    assert decoded(metadata={"agent_id": "builder"}).metadata is None


def test_fields_without_a_name_elsewhere_are_reported_and_idle_ones_are_not():
    found = decoded(context_management={"edits": []}, speed="fast", container=None, cache_control={})
    assert found.extra == {"context_management": {"edits": []}, "speed": "fast"}


@pytest.mark.parametrize("field", ["model", "messages", "max_tokens"])
def test_a_missing_field_is_named(field):
    with pytest.raises(InvalidRequest, match=f"^{field}: ") as caught:
        decoded(**{field: None})
    assert caught.value.param == field


@pytest.mark.parametrize(
    ("messages", "param"),
    [
        ([{"role": "robot", "content": "x"}], "messages.0.role"),
        ([{"role": "user", "content": [{"type": "image"}]}], "messages.0.content.0.source"),
        (
            [{"role": "user", "content": [text("a"), {"type": "tool_result"}]}],
            "messages.0.content.1.tool_use_id",
        ),
        ([{"role": "user", "content": [{"type": "text", "text": 1}]}], "messages.0.content.0.text"),
        ([{"role": "user", "content": 7}], "messages.0.content"),
    ],
)
def test_a_misfit_is_named_by_its_path(messages, param):
    with pytest.raises(InvalidRequest) as caught:
        decoded(messages=messages)
    assert caught.value.param == param


JUNK = st.sampled_from(
    [None, True, -1, 2.5, "x", "", "{", [], ["x"], [[]], {}, {"type": 1}, {"type": "image"}]
)
RICH = claude_body(
    messages=[*claude_body()["messages"], {"role": "user", "content": [PNG, result("t", [PNG, text("x")])]}],
    tool_choice={"type": "tool", "name": "Bash"},
    output_config={"effort": "low", "format": {"type": "json_schema", "schema": {}}},
)


def paths(value, at=()):
    """The way to every value inside `value`."""
    if not isinstance(value, dict | list):
        return
    for key, child in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*at, key)
        yield from paths(child, (*at, key))


@given(st.sampled_from(list(paths(RICH))), JUNK)
def test_a_request_with_one_wrong_value_is_read_or_refused(way, junk):
    body = deepcopy(RICH)
    inner = body
    for key in way[:-1]:
        inner = inner[key]
    inner[way[-1]] = junk
    for reader in (CODEC.outline, CODEC.decode_request):
        with suppress(InvalidRequest, CannotCarry):
            assert reader(as_json(body)).model
