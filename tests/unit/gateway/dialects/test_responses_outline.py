import pytest
from tests.unit.gateway.dialects.responses_samples import as_json, codex_body, said

from pointsman.core.errors import InvalidRequest
from pointsman.core.features import Need
from pointsman.gateway.dialects.openai_responses import CODEC


def outline_of(**changes):
    return CODEC.outline(as_json(codex_body(**changes)))


def test_codex_system_prompt_is_the_first_developer_message():
    assert outline_of().system == "You are a coding agent running in the Codex CLI"


def test_instructions_come_before_developer_messages():
    assert outline_of(instructions="Be brief").system == "Be brief"


def test_environment_context_is_not_the_users_words():
    found = outline_of()
    assert (found.first_user, found.last_user) == ("Make the parser accept tabs",) * 2


@pytest.mark.parametrize(
    "harness",
    [
        "<environment_context>\n</environment_context>",
        "<user_instructions>\nx</user_instructions>",
        "# AGENTS.md instructions for /repo\n<INSTRUCTIONS>x</INSTRUCTIONS>",
        "\n<turn_aborted>stopped</turn_aborted>",
    ],
)
def test_harness_items_after_the_last_human_message_are_skipped(harness):
    found = outline_of(input=[said("user", "no, wrong"), said("user", harness)])
    assert (found.last_user, found.last_role) == ("no, wrong", "user")


def test_a_tag_that_no_harness_writes_is_the_users_own():
    assert outline_of(input=[said("user", "<html> fails")]).first_user == "<html> fails"


def test_trailing_results_are_the_answered_calls():
    found = outline_of()
    assert found.answered_calls == ("call_1", "call_2")
    assert found.last_role == "tool"


def test_results_before_a_newer_message_are_not_answered_again():
    items = [*codex_body()["input"], said("assistant", "Done."), said("user", "thanks")]
    found = outline_of(input=items)
    assert (found.answered_calls, found.last_role) == ((), "user")


def test_results_followed_by_harness_items_still_count():
    items = [*codex_body()["input"], said("developer", "<permissions instructions>x")]
    assert outline_of(input=items).answered_calls == ("call_1", "call_2")


def test_tool_names_are_flat_and_hosted_tools_are_named_by_type():
    names = ("exec_command", "apply_patch", "multi_agent_v1__spawn", "web_search")
    assert outline_of().tool_names == names


def test_session_stream_and_message_count():
    found = outline_of()
    assert (found.cache_key, found.stream, found.message_count) == ("0199-session", True, 10)


def test_agent_and_user_come_from_metadata_and_safety_identifier():
    found = outline_of(metadata={"agent_id": "reviewer"}, safety_identifier="u1", user="old")
    assert (found.agent_hint, found.user) == ("reviewer", "u1")


def test_input_may_be_a_string_and_messages_may_lack_a_type():
    assert CODEC.outline(b'{"model":"m","input":"hi"}').first_user == "hi"
    assert CODEC.outline(b'{"model":"m","input":[{"role":"user","content":"hi"}]}').last_user == "hi"


def test_unknown_items_and_fields_are_tolerated():
    items = [{"type": "web_search_call", "id": "ws_1", "action": {"x": 1}}, said("user", "hi")]
    assert outline_of(input=items, someday={"a": 1}).message_count == 2


@pytest.mark.parametrize(
    ("changes", "need"),
    [
        ({"tools": [{"type": "web_search"}]}, 0),
        ({}, Need.TOOLS),
        (
            {"tools": [], "text": {"format": {"type": "json_schema", "name": "n", "schema": {}}}},
            Need.JSON_SCHEMA,
        ),
        ({"tools": [], "top_logprobs": 2}, Need.LOGPROBS),
    ],
)
def test_needs_follow_from_the_settings(changes, need):
    assert outline_of(**changes).needs == need


def test_a_picture_counts_as_a_thousand_tokens_whatever_its_bytes():
    picture = {"type": "input_image", "image_url": "data:image/png;base64," + "A" * 400_000}
    found = outline_of(tools=[], input=[{"role": "user", "content": [picture]}])
    assert found.needs == Need.IMAGES
    assert 1000 < found.context_tokens < 1400
    assert found.last_role == "user"


def test_files_in_tool_results_are_seen():
    output = [{"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,AAAA"}]
    item = {"type": "function_call_output", "call_id": "c", "output": output}
    assert outline_of(tools=[], input=[item]).needs == Need.DOCUMENTS


def test_text_that_quotes_an_image_part_is_no_image():
    assert outline_of(tools=[], input=[said("user", 'write {"type": "input_image"}')]).needs == 0


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b'{"input":"x"}', "model"),
        (b'{"model":7,"input":"x"}', "model"),
        (b'{"model":"m"}', "input"),
        (b'{"model":"m","input":[{"role":7}]}', "input[0].role"),
        (b'{"model":"m","input":"x","max_output_tokens":"many"}', "max_output_tokens"),
        (b'{"model":', None),
        (b"[]", None),
    ],
)
def test_misfits_name_the_field(body, param):
    with pytest.raises(InvalidRequest) as caught:
        CODEC.outline(body)
    assert caught.value.param == param


def test_a_stored_prompt_or_earlier_response_may_stand_for_the_input():
    assert CODEC.outline(b'{"model":"m","previous_response_id":"resp_1"}').message_count == 0
