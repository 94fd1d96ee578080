import json

import pytest
from tests.unit.gateway.dialects.anthropic_samples import (
    ATTRIBUTION,
    BASH,
    PNG,
    REMINDER,
    as_json,
    claude_body,
    outlined,
    result,
    text,
)

from pointsman.core.errors import InvalidRequest
from pointsman.core.features import Need
from pointsman.gateway.dialects.anthropic import CODEC
from pointsman.gateway.dialects.anthropic.outline import IMAGE_TOKENS


def user(*blocks):
    return {"role": "user", "content": list(blocks)}


def test_a_tool_loop_is_seen_with_the_calls_it_answers():
    found = outlined()
    assert (found.last_role, found.answered_calls) == ("tool", ("toolu_1",))
    assert (found.message_count, found.tool_names, found.needs) == (4, ("Bash",), Need.TOOLS)
    assert (found.model, found.stream, found.max_output_tokens) == ("claude-auto", True, 32000)


def test_a_human_word_beside_a_result_starts_a_turn():
    found = outlined(messages=[user(result("toolu_9"), text(REMINDER), text("no, stop"))])
    assert (found.last_role, found.last_user, found.answered_calls) == ("user", "no, stop", ("toolu_9",))


def test_only_the_last_message_answers_calls():
    found = outlined(messages=[user(result("toolu_1")), user(result("toolu_2"), result("toolu_3"))])
    assert found.answered_calls == ("toolu_2", "toolu_3")


def test_system_messages_at_the_end_do_not_hide_who_spoke():
    messages = [*claude_body()["messages"], {"role": "system", "content": "Stay in the plan"}]
    found = outlined(messages=messages)
    assert (found.last_role, found.answered_calls) == ("tool", ("toolu_1",))


def test_the_system_prompt_starts_behind_the_attribution():
    assert outlined().system == "You are Claude Code."
    assert outlined(system=ATTRIBUTION).system == ""
    assert outlined(system="Be brief").system == "Be brief"


def test_a_system_message_in_front_stands_in_for_the_field():
    messages = [{"role": "system", "content": "Be brief"}, user(text("hi"))]
    assert outlined(system=None, messages=messages).system == "Be brief"


def test_human_text_is_what_the_harness_did_not_write():
    found = outlined()
    assert (found.first_user, found.last_user) == ("Make the parser accept tabs",) * 2


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (f"{REMINDER}fix it{REMINDER}", "fix it"),
        ("fix it <system-reminder>and never ends", "fix it"),
        (f"{REMINDER} {REMINDER}", ""),
        ("no tags", "no tags"),
    ],
)
def test_reminders_are_cut_out(said, kept):
    assert outlined(messages=[{"role": "user", "content": said}]).first_user == kept


def test_leading_texts_are_bounded():
    found = outlined(system="s" * 9000, messages=[user(text("u" * 9000))])
    assert (len(found.system), len(found.first_user), len(found.last_user)) == (2000, 2000, 2000)


@pytest.mark.parametrize("block", [PNG, result("toolu_1", [PNG])])
def test_a_picture_costs_a_fixed_estimate_wherever_it_stands(block):
    big = json.loads(json.dumps(block).replace("iVBORw0KGgo=", "A" * 400_000))
    found = outlined(messages=[user(big)])
    plain = outlined(messages=[user(block)])
    assert found.needs & Need.IMAGES
    assert IMAGE_TOKENS < found.context_tokens < plain.context_tokens + 10


def test_a_picture_by_address_is_one_too():
    found = outlined(messages=[user({"type": "image", "source": {"type": "url", "url": "https://a/b.png"}})])
    assert found.needs & Need.IMAGES


def test_a_document_is_needed_and_counted_by_its_size():
    source = {"type": "base64", "media_type": "application/pdf", "data": "A" * 400_000}
    found = outlined(messages=[user({"type": "document", "source": source})])
    assert found.needs & Need.DOCUMENTS
    assert 10_000 < found.context_tokens < 11_000


def test_words_about_images_are_no_images():
    assert not outlined(messages=[user(text('{"type":"image"}'))]).needs & Need.IMAGES


@pytest.mark.parametrize(
    "wish",
    [
        {"output_config": {"format": {"type": "json_schema", "schema": {}}}},
        {"output_format": {"type": "json_schema", "schema": {}}},
    ],
)
def test_a_schema_for_the_answer_is_a_need(wish):
    assert outlined(**wish).needs & Need.JSON_SCHEMA
    assert not outlined().needs & Need.JSON_SCHEMA


def test_thinking_is_no_need_since_it_can_be_left_out():
    assert not outlined(thinking={"type": "enabled", "budget_tokens": 2000}).needs & Need.THINKING


def test_tools_of_anthropic_alone_need_no_tool_calling():
    server = {"type": "web_search_20250305", "name": "web_search"}
    assert outlined(tools=[server]).needs == 0
    assert outlined(tools=[server, {**BASH, "type": "custom"}]).needs == Need.TOOLS


@pytest.mark.parametrize(
    ("user_id", "session"),
    [
        ('{"session_id":"s-1"}', "s-1"),
        ("user_0a_account_1b_session_9c-2d", "9c-2d"),
        ("{broken", None),
        ("alice", None),
        ("user_0a_session_", None),
    ],
)
def test_the_session_is_in_the_user_id(user_id, session):
    found = outlined(metadata={"user_id": user_id})
    assert (found.session, found.user) == (session, user_id)


def test_the_body_may_name_its_agent():
    assert outlined(metadata={"agent_id": "builder"}).agent_hint == "builder"


@pytest.mark.parametrize("field", ["model", "messages"])
def test_a_missing_field_is_named(field):
    with pytest.raises(InvalidRequest, match=f"^{field}: ") as caught:
        outlined(**{field: None})
    assert caught.value.param == field


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": "hi"}, "messages"),
        ({"messages": [{"role": 1, "content": "x"}]}, "messages.0.role"),
        ({"max_tokens": "many"}, "max_tokens"),
        ({"tools": [{"name": 3}]}, "tools.0.name"),
    ],
)
def test_a_misfit_is_named_by_its_path(changes, param):
    with pytest.raises(InvalidRequest) as caught:
        outlined(**changes)
    assert caught.value.param == param


def test_a_request_to_count_tokens_has_no_max_tokens():
    assert outlined(max_tokens=None).max_output_tokens is None


def test_unknown_fields_are_no_error():
    assert outlined(brand_new={"a": 1}).model == "claude-auto"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'{"model":"m","messages":[{"role":"user"}]}'])
def test_junk_is_refused(body):
    with pytest.raises(InvalidRequest):
        CODEC.outline(body)


def test_deep_nesting_is_refused_or_read():
    deep = b'{"model":"m","messages":[{"role":"user","content":' + b"[" * 100_000 + b"]" * 100_000 + b"}]}"
    with pytest.raises(InvalidRequest):
        CODEC.outline(deep)


def test_the_outline_of_a_whole_body_is_stable():
    assert CODEC.outline(as_json(claude_body())) == outlined()
