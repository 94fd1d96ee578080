import json

from tests.unit.gateway.dialects.anthropic_samples import as_json, claude_body

from pointsman.gateway.dialects.anthropic import CODEC


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


def test_the_agents_name_is_not_sent_on():
    body = claude_body(metadata={"agent_id": "builder", "user_id": "u"})
    assert json.loads(CODEC.with_model(as_json(body), "b"))["metadata"] == {"user_id": "u"}


def test_every_header_of_the_vendor_travels_and_no_other():
    assert CODEC.forward_headers == (b"anthropic-*",)
