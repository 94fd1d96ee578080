import json

import pytest
from tests.unit.gateway.dialects.anthropic_samples import as_json, claude_body

from pointsman.gateway.dialects.anthropic import CODEC
from pointsman.gateway.dialects.anthropic.rename import without_thinking


def test_another_model_name_leaves_every_other_byte():
    body = b'{"model": "a", "temperature": 1.50, "messages": [ {"x":"\\u00e9"} ], "system" : [ ]}'
    expected = b'{"model":"b","temperature":1.50,"messages":[ {"x":"\\u00e9"} ],"system":[ ]}'
    assert CODEC.with_model(body, "b") == expected


def foreign(kind, field):
    return {"type": kind, field: "pointsman-thinking:s:openai_responses:x"}


def test_foreign_thinking_is_kept_from_a_provider_of_this_dialect():
    first, said, last = claude_body()["messages"]
    own = said["content"]
    mixed = [foreign("thinking", "signature"), foreign("redacted_thinking", "data"), *own]
    only = {"role": "assistant", "content": [foreign("thinking", "signature")]}
    quoting = {"role": "user", "content": "what is pointsman-thinking: ?"}
    body = claude_body(messages=[first, {**said, "content": mixed}, last, only, quoting])
    assert json.loads(CODEC.with_model(as_json(body), "b"))["messages"] == [first, said, last, quoting]


CLEARING = {"edits": [{"type": "clear_thinking_20251015"}, {"type": "clear_tool_uses_20250919"}]}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {}}
RESULT = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "x"}]}


def looping(*answer, after=RESULT, **thinking):
    """A tool loop whose last answer has these blocks, renamed."""
    asked = {"role": "user", "content": "Look."}
    messages = [asked, {"role": "assistant", "content": list(answer)}, after]
    body = claude_body(messages=messages, thinking=thinking, context_management=CLEARING)
    return json.loads(CODEC.with_model(as_json(body), "b"))


@pytest.mark.parametrize("before", [(), (foreign("thinking", "signature"),)])
def test_a_tool_loop_that_another_dialects_model_began_goes_on_without_thinking(before):
    found = looping(*before, CALL, type="enabled", budget_tokens=1024)
    assert "thinking" not in found
    assert found["context_management"] == {"edits": CLEARING["edits"][1:]}


def test_thinking_stays_where_this_dialect_allows_it():
    own = {"type": "thinking", "thinking": "Hm.", "signature": "sig"}
    budget = {"type": "enabled", "budget_tokens": 1024}
    assert looping(own, CALL, **budget)["thinking"] == budget
    assert looping(CALL, type="adaptive")["thinking"] == {"type": "adaptive"}
    said = {"role": "user", "content": "Now another task."}
    found = looping({"type": "text", "text": "Done."}, after=said, **budget)
    assert (found["thinking"], found["context_management"]) == (budget, CLEARING)


def test_without_thinking_a_running_tool_loop_has_no_budget_either():
    own = {"type": "thinking", "thinking": "Hm.", "signature": "sig"}
    messages = [
        {"role": "user", "content": "thinking?"},
        {"role": "assistant", "content": [own, CALL]},
        RESULT,
    ]
    body = claude_body(messages=messages, thinking={"type": "enabled", "budget_tokens": 1024})
    found = json.loads(without_thinking(as_json(body)))
    assert found["messages"] == [messages[0], {"role": "assistant", "content": [CALL]}, RESULT]
    assert "thinking" not in found


def test_the_agents_name_is_not_sent_on():
    body = claude_body(metadata={"agent_id": "builder", "user_id": "u"})
    assert json.loads(CODEC.with_model(as_json(body), "b"))["metadata"] == {"user_id": "u"}


def test_every_header_of_the_vendor_travels_and_no_other():
    assert CODEC.forward_headers == (b"anthropic-*",)
