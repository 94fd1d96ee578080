import json

import pytest

from pointsman.core.chat import ChatRequest, ChatResponse, Finish, Message, Text, Tool, ToolCall, ToolResult
from pointsman.core.stream import Finished, TextDelta, ToolCallDelta, ToolCallStarted
from pointsman.gateway.dialects.custom_tools import (
    CustomToolUnwrapper,
    has_custom,
    unwrap,
    unwrap_response,
    wrap,
    wrap_request,
)

GRAMMAR = {"type": "grammar", "syntax": "lark", "definition": "start: WORD"}
PATCH = Tool(name="patch", description="Edits.", custom=True, grammar=GRAMMAR)
LS = Tool(name="ls")
REQUEST = ChatRequest(
    model="m",
    tools=[PATCH, LS],
    messages=[
        Message(role="user", parts=[Text(text="go")]),
        Message(role="assistant", parts=[ToolCall(id="1", name="patch", arguments='a"b', custom=True)]),
        Message(role="tool", parts=[ToolResult(call_id="1", parts=[], custom=True)]),
    ],
)


def test_a_custom_tool_becomes_a_function_with_one_string():
    found = wrap(PATCH)
    assert (found.name, found.description, found.custom) == ("patch", "Edits.", False)
    assert found.parameters["required"] == ["input"]


@pytest.mark.parametrize("grammar", [GRAMMAR, {"type": "grammar", "grammar": GRAMMAR}])
def test_a_grammar_is_told_in_either_form(grammar):
    told = wrap(Tool(name="p", custom=True, grammar=grammar)).parameters["properties"]["input"]
    assert "lark grammar:\nstart: WORD" in told["description"]


@pytest.mark.parametrize("grammar", [None, {"type": "text"}, {"type": "grammar", "grammar": None}])
def test_free_text_has_no_grammar_to_tell(grammar):
    told = wrap(Tool(name="p", custom=True, grammar=grammar)).parameters["properties"]["input"]
    assert "grammar" not in told["description"]


def test_the_history_is_wrapped_too():
    found = wrap_request(REQUEST)
    assert not has_custom(found)
    call, result = found.messages[1].parts[0], found.messages[2].parts[0]
    assert (call.custom, json.loads(call.arguments)) == (False, {"input": 'a"b'})
    assert not result.custom
    assert found.messages[0] is REQUEST.messages[0]


def test_wrapping_leaves_the_clients_request_as_it_was_and_happens_once():
    found = wrap_request(REQUEST)
    assert has_custom(REQUEST)
    assert wrap_request(found) is found


@pytest.mark.parametrize(
    ("arguments", "text"),
    [('{"input":"a\\nb"}', "a\nb"), ("*** Begin", "*** Begin"), ('{"patch":"x"}', '{"patch":"x"}')],
)
def test_a_call_gets_its_free_text_back(arguments, text):
    found = unwrap(ToolCall(id="1", name="patch", arguments=arguments), REQUEST)
    assert (found.custom, found.arguments) == (True, text)


def test_calls_of_functions_stay():
    call = ToolCall(id="1", name="ls", arguments='{"input":"x"}')
    parts = [Text(text="t"), call]
    response = ChatResponse(id="r", model="m", created_s=0, parts=parts, finish=Finish.STOP)
    assert unwrap_response(response, REQUEST).parts == parts


def test_a_stream_gives_the_free_text_before_it_ends():
    unwrapper = CustomToolUnwrapper(REQUEST)
    events = [
        ToolCallStarted(0, "1", "patch"),
        ToolCallStarted(1, "2", "ls"),
        ToolCallDelta(0, '{"inp'),
        ToolCallDelta(1, "{}"),
        ToolCallDelta(0, 'ut":"a"}'),
    ]
    found = [out for event in [*events, Finished(Finish.TOOL_CALLS)] for out in unwrapper.feed([event])]
    assert found == [
        ToolCallStarted(0, "1", "patch", custom=True),
        ToolCallStarted(1, "2", "ls"),
        ToolCallDelta(1, "{}"),
        ToolCallDelta(0, "a"),
        Finished(Finish.TOOL_CALLS),
    ]


def test_other_events_pass_at_once():
    assert CustomToolUnwrapper(REQUEST).feed([TextDelta(0, "x")]) == [TextDelta(0, "x")]
