import pytest
from tests.unit.gateway.dialects.chat_samples import PATCH, RUN, agent_body, as_json

from pointsman.core.errors import InvalidRequest
from pointsman.core.features import Need
from pointsman.gateway.dialects.openai_chat import CODEC


def outline(**changes):
    return CODEC.outline(as_json(agent_body(**changes)))


def user(*pieces):
    return [{"role": "user", "content": list(pieces)}]


def test_a_tool_loop_is_outlined():
    found = outline()
    assert (found.model, found.stream, found.message_count) == ("auto", True, 7)
    assert (found.system, found.first_user) == ("You are opencode", "Make the tests pass")
    assert (found.last_role, found.answered_calls) == ("tool", ("call_1", "call_2"))
    assert (found.tool_names, found.needs, found.max_output_tokens) == (("run",), Need.TOOLS, 32000)


def test_calls_answered_before_the_last_answer_are_old():
    messages = [*agent_body()["messages"], {"role": "assistant", "content": "done"}]
    found = outline(messages=[*messages, {"role": "user", "content": "thanks"}])
    assert (found.answered_calls, found.last_role, found.last_user) == ((), "user", "thanks")


def test_the_session_user_and_agent_are_found():
    found = outline(prompt_cache_key="s1", user="u", safety_identifier="safe", metadata={"agent_id": "bot"})
    assert (found.cache_key, found.user, found.agent_hint) == ("s1", "safe", "bot")
    assert found.session is None


@pytest.mark.parametrize(
    ("changes", "need"),
    [
        ({"tools": [PATCH]}, Need.TOOLS),
        ({"functions": [{"name": "f"}]}, Need.TOOLS),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "a"}}}, Need.JSON_SCHEMA),
        ({"logprobs": True}, Need.LOGPROBS),
        ({"n": 2}, Need.SEVERAL_CHOICES),
        ({"modalities": ["text", "audio"]}, Need.AUDIO),
        ({"messages": user({"type": "image_url", "image_url": {"url": "http://x"}})}, Need.IMAGES),
        ({"messages": user({"type": "input_audio", "input_audio": {"data": "AA"}})}, Need.AUDIO),
        ({"messages": user({"type": "file", "file": {"file_data": "AA"}})}, Need.DOCUMENTS),
        ({"response_format": {"type": "json_object"}}, 0),
    ],
)
def test_needs(changes, need):
    assert outline(**{"tools": None, **changes}).needs == need


def test_every_kind_of_tool_has_its_name():
    tools = [RUN, PATCH, {"type": "web_search"}]
    assert outline(tools=tools, functions=[{"name": "f"}]).tool_names == ("f", "run", "patch", "web_search")


def test_base64_counts_as_what_it_shows():
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 400_000}}
    assert 1000 <= outline(messages=user(picture)).context_tokens < 1200


def test_what_a_harness_adds_is_no_human_word():
    pieces = [{"type": "text", "text": text} for text in ("<system-reminder>x</system-reminder>", "Fix it")]
    assert outline(messages=user(*pieces)).first_user == "Fix it"


def test_the_newer_limit_wins():
    assert outline(max_completion_tokens=9).max_output_tokens == 9


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        (b"{", None, "invalid_json"),
        (b"[]", None, "invalid_type"),
        (b'{"messages":[{"role":"user"}]}', "model", "missing_field"),
        (b'{"model":"m"}', "messages", "missing_field"),
        (b'{"model":"m","messages":[]}', "messages", "missing_field"),
        (b'{"model":7,"messages":[]}', "model", "invalid_type"),
        (b'{"model":"m","messages":[{"content":"x"}]}', "messages[0]", "invalid_type"),
        (b'{"model":"m","messages":[{"role":"user","content":5}]}', "messages.content", "invalid_type"),
        (b'{"model":"m","stream":"yes","messages":[]}', "stream", "invalid_type"),
    ],
)
def test_a_misfit_names_its_field(body, param, code):
    with pytest.raises(InvalidRequest) as caught:
        CODEC.outline(body)
    assert (caught.value.param, caught.value.code) == (param, code)


def test_unknown_fields_are_no_error():
    assert outline(vendor={"x": [1]}).model == "auto"
