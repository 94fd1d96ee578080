import json
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses.input_token_count_response import InputTokenCountResponse
from tests.unit.gateway.dialects.responses_samples import as_json, codex_body

from pointsman.core.errors import CannotCarry, ContextTooLong, InvalidRequest
from pointsman.gateway.dialects.openai_responses import CODEC, ROUTES
from pointsman.gateway.dialects.openai_responses.namespaces import flat_names, places
from pointsman.gateway.dialects.openai_responses.rename import without_thinking


def test_the_dialect_serves_answers_and_token_counts():
    assert [(route.path, route.kind) for route in ROUTES] == [
        ("/responses", "chat"),
        ("/responses/input_tokens", "count"),
    ]


def test_a_count_is_what_the_sdk_reads():
    found = InputTokenCountResponse.model_validate_json(CODEC.encode_count(7), strict=True)
    assert (found.object, found.input_tokens) == ("response.input_tokens", 7)


def test_another_model_name_leaves_every_other_byte():
    body = b'{"model": "a", "temperature": 1.50, "input": [ {"x":"\\u00e9"} ]}'
    assert CODEC.with_model(body, "b") == b'{"model":"b","temperature":1.50,"input":[ {"x":"\\u00e9"} ]}'


def test_without_thinking_all_else_stays():
    reasoning = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "x"}
    said, call = {"role": "user", "content": "reasoning"}, {"type": "function_call", "name": "f"}
    body = as_json(codex_body(input=[said, reasoning, call]))
    assert json.loads(without_thinking(body))["input"] == [said, call]
    assert json.loads(without_thinking(as_json(codex_body(input="Hello."))))["input"] == "Hello."


def test_reasoning_of_another_dialect_is_kept_from_a_provider_of_this_one():
    own, *_ = [item for item in codex_body()["input"] if item["type"] == "reasoning"]
    foreign = {**own, "encrypted_content": "pointsman-thinking:s:anthropic:sig"}
    quoting = {"role": "user", "content": "what is pointsman-thinking: ?"}
    body = as_json(codex_body(input=[own, foreign, quoting]))
    assert json.loads(CODEC.with_model(body, "b"))["input"] == [own, quoting]


def test_errors_keep_the_code_that_clients_match():
    status, body = CODEC.render_error(ContextTooLong("too long"), "req_1")
    assert status == 400
    assert json.loads(body)["error"]["code"] == "context_length_exceeded"


def test_a_refusal_of_a_provider_keeps_its_words():
    body = b'{"error":{"message":"slow","type":"requests","param":null,"code":"rate_limit_exceeded"}}'
    error = CODEC.read_error(429, [(b"retry-after", b"2")], body)
    assert (error.kind, error.retry_after_s, error.body) == ("rate_limit", 2, body)


JUNK = st.sampled_from([None, True, -1, 2.5, "x", "", [], ["x"], [[]], {}, {"type": 1}, {"a": "b"}])


def paths(value, at=()):
    """The way to every value inside `value`."""
    if not isinstance(value, dict | list):
        return
    for key, child in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*at, key)
        yield from paths(child, (*at, key))


@given(st.data())
def test_a_request_with_one_wrong_value_is_read_or_refused(data):
    body = codex_body(tool_choice={"type": "allowed_tools", "mode": "auto", "tools": [{"name": "f"}]})
    *way, last = data.draw(st.sampled_from(list(paths(body))))
    inner = body
    for key in way:
        inner = inner[key]
    inner[last] = data.draw(JUNK)
    for read in (CODEC.outline, CODEC.decode_request):
        with suppress(InvalidRequest, CannotCarry):
            assert read(as_json(body)).model


NAMES = st.text("ab_", min_size=1, max_size=40)


@given(st.dictionaries(NAMES, st.lists(NAMES, min_size=1, max_size=4, unique=True), max_size=4))
def test_flat_names_lead_back_to_their_place(groups):
    tools = [
        {"type": "namespace", "name": name, "tools": [{"name": inner} for inner in inners]}
        for name, inners in groups.items()
    ]
    flat = flat_names(tools)
    assert len(set(flat.values())) == len(flat)
    assert all(len(name) <= 64 for name in flat.values())
    assert {place: places(tools)[name] for place, name in flat.items()} == {place: place for place in flat}
