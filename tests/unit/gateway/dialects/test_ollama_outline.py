import pytest
from tests.unit.gateway.dialects.ollama_samples import CHAT, GENERATE, LS, PNG, SCHEMA, as_json, chat_body

from pointsman.core.errors import InvalidRequest
from pointsman.core.features import Need


def outlined(**changes):
    return CHAT.outline(as_json(chat_body(**changes)))


def prompt(**fields):
    return GENERATE.outline(as_json({"model": "m", "prompt": "Say hi", **fields}))


def test_a_tool_loop_is_outlined():
    found = outlined(tools=[LS])
    assert (found.model, found.stream, found.message_count) == ("qwen3:latest", True, 4)
    assert (found.system, found.first_user, found.last_user) == (
        "You are terse.",
        "What is here?",
        "What is here?",
    )
    assert (found.last_role, found.tool_names, found.max_output_tokens) == ("tool", ("ls",), 99)
    assert found.needs == Need.TOOLS | Need.IMAGES
    assert found.answered_calls == ()


def test_answered_calls_are_the_last_ones_that_have_ids():
    tool = [{"role": "tool", "tool_call_id": name, "content": ""} for name in ("c1", "c2")]
    earlier = {"role": "tool", "tool_call_id": "c0", "content": ""}
    assert outlined(messages=[earlier, {"role": "user", "content": "x"}, *tool]).answered_calls == (
        "c1",
        "c2",
    )


@pytest.mark.parametrize(
    ("changes", "need"),
    [
        ({"format": SCHEMA}, Need.JSON_SCHEMA),
        ({"format": "json"}, 0),
        ({"logprobs": True}, Need.LOGPROBS),
        ({"tools": [LS]}, Need.TOOLS),
        ({"think": True}, 0),
    ],
)
def test_what_a_request_needs(changes, need):
    bare = {"messages": [{"role": "user", "content": "x", "images": []}], "tools": None, "think": None}
    assert outlined(**{**bare, **changes}).needs == need


def test_a_picture_costs_tokens_but_not_for_its_letters():
    def tokens(picture):
        return prompt(images=[picture]).context_tokens

    assert tokens(PNG * 10_000) == tokens(PNG)
    assert tokens(PNG) - prompt().context_tokens >= 1500


def test_a_prompt_is_outlined():
    found = prompt(system="be kind", images=[PNG], stream=False, options={"num_predict": -1})
    assert (found.first_user, found.last_user, found.system) == ("Say hi", "Say hi", "be kind")
    assert (found.message_count, found.last_role, found.stream) == (2, "user", False)
    assert (found.needs, found.max_output_tokens) == (Need.IMAGES, None)


@pytest.mark.parametrize("field", [{"suffix": "}"}, {"context": [1, 2]}])
def test_what_only_ollama_can_do_is_a_need(field):
    assert prompt(**field).needs == Need.COMPLETION
    assert prompt(suffix="", context=[]).needs == 0


@pytest.mark.parametrize("messages", [None, []])
def test_a_probe_without_messages_is_no_fault(messages):
    assert outlined(messages=messages).message_count == 0


def test_leading_texts_are_cut():
    found = outlined(messages=[{"role": role, "content": "x" * 9000} for role in ("system", "user")])
    assert {len(found.system), len(found.first_user), len(found.last_user)} == {2000}


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"model": ""}, "model"),
        ({"messages": [{"role": "user", "content": [1]}]}, "messages.content"),
        ({"messages": [{"role": "user", "content": "x", "images": "y"}]}, "messages.images"),
        ({"stream": "yes"}, "stream"),
        ({"tools": {}}, "tools"),
    ],
)
def test_a_misfit_is_named(changes, param):
    with pytest.raises(InvalidRequest) as caught:
        outlined(**changes)
    assert caught.value.param == param


def test_another_model_is_asked_with_the_same_bytes_otherwise():
    options = b'"options": {"temperature": 0.10}'
    body = b'{"model": "a:latest", %s, "messages": [{"role":"user","content":"\\u00e9"}]}' % options
    found = CHAT.with_model(body, "b")
    assert b'"model":"b"' in found
    assert b'{"temperature": 0.10}' in found
    assert b'"content":"\\u00e9"' in found
    assert CHAT.outline(found).model == "b"
