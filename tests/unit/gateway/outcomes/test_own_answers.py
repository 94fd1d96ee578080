"""What our own answers show at once."""

import json

import pytest
from tests.outcome_world import Chat, Claude, Codex, World, called, details, said

from pointsman.core.chat import Finish, Part, Text, ToolCall
from pointsman.core.errors import UpstreamBroken, UpstreamLimited, UpstreamRejected, UpstreamTimeout
from pointsman.core.events import FinishState

SHELL = {
    "type": "function",
    "function": {
        "name": "shell",
        "parameters": {
            "type": "object",
            "properties": {"command": {"type": "string"}, "timeout": {"type": "integer"}},
            "required": ["command"],
        },
    },
}
SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}},
    "required": ["name"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("name", "arguments", "detail"),
    [
        ("shell", '{"command": "ls"}', None),
        ("shell", "", "missing_argument"),
        ("shell", '{"command": "l', "unparsable"),
        ("shell", '["ls"]', "unparsable"),
        ("shell", '{"command": "ls", "timeout": "soon"}', "misfit"),
        ("bash", '{"command": "ls"}', "unknown_tool"),
    ],
)
async def test_a_call_no_client_can_carry_out_is_seen(name: str, arguments: str, detail: str | None) -> None:
    parts: list[Part] = [ToolCall(id="c1", name=name, arguments=arguments)]
    told = await Chat(World(), tools=[SHELL]).ask("List it", parts, finish=Finish.TOOL_CALLS)
    assert details(told) == ([] if detail is None else [("bad_tool_call", detail)])


async def test_free_text_for_a_custom_tool_is_no_fault() -> None:
    parts: list[Part] = [ToolCall(id="c1", name="apply_patch", arguments="*** Begin", custom=True)]
    told = await Codex(World(), tools=[{"type": "custom", "name": "apply_patch"}]).ask("Patch it", parts)
    assert told == []


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ('{"name": "Bob"}', "schema_kept"),
        ("Here it is: Bob", "no_json"),
        ("{}", "missing_field"),
        ('{"name": 3}', "wrong_type"),
        ('{"name": "Bob", "age": 3}', "unknown_field"),
    ],
)
@pytest.mark.parametrize("form", ["openai_chat", "openai_responses", "anthropic", "ollama_chat"])
async def test_structured_output_is_held_to_its_schema(form: str, text: str, detail: str) -> None:
    told = await World().turn(form, structured(form), said(text))
    assert details(told) == [("schema_violation", detail)]


def structured(form: str) -> dict[str, object]:
    """A request for an answer of SCHEMA."""
    messages = [{"role": "user", "content": "Who?"}]
    named = {"type": "json_schema", "name": "person", "schema": SCHEMA}
    if form == "openai_chat":
        wanted = {"type": "json_schema", "json_schema": {"name": "person", "schema": SCHEMA}}
        return {"model": "auto", "messages": messages, "response_format": wanted}
    if form == "openai_responses":
        return {"model": "auto", "input": "Who?", "text": {"format": named}}
    if form == "ollama_chat":
        return {"model": "auto", "messages": messages, "format": SCHEMA}
    format_ = {"type": "json_schema", "schema": SCHEMA}
    return {"model": "auto", "max_tokens": 999, "messages": messages, "output_config": {"format": format_}}


async def test_an_empty_answer_is_seen() -> None:
    assert details(await Chat(World()).ask("Hello", [])) == [("empty_answer", "empty")]


@pytest.mark.parametrize("finish", [Finish.REFUSAL, Finish.CONTENT_FILTER, Finish.LENGTH])
async def test_an_answer_is_not_blamed_twice_for_being_empty(finish: Finish) -> None:
    told = await Chat(World()).ask("Hello", [], finish=finish)
    assert [one.signal for one in told if one.signal == "empty_answer"] == []


@pytest.mark.parametrize(("limit", "seen"), [(None, True), (4096, True), (16, False)])
async def test_a_limit_counts_only_if_the_client_did_not_want_it_small(limit: int | None, seen: bool) -> None:
    body = {"model": "auto", "messages": [{"role": "user", "content": "Tell"}], "max_tokens": limit}
    told = await World().turn("openai_chat", body, said("Once"), finish=Finish.LENGTH)
    assert details(told) == ([("cut_short", "length")] if seen else [])


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("I'm sorry, but I can't help with that.", True),
        ("I cannot assist with this request.", True),
        ("Es tut mir leid, aber ich kann das nicht.", True),
        ("Sorry for the delay; here is the code.", False),
        ("The function cannot help here, so I wrote another.", False),
    ],
)
async def test_a_refusal_is_known_by_its_words(text: str, seen: bool) -> None:
    told = await Chat(World()).ask("Do it", said(text))
    assert details(told) == ([("refusal", "worded")] if seen else [])


async def test_a_declared_refusal_counts_more_than_words() -> None:
    declared = await Claude(World()).ask("Do it", said("No."), finish=Finish.REFUSAL)
    worded = await Claude(World()).ask("Do it", said("I can't help with that."))
    assert declared[0].weight > worded[0].weight


@pytest.mark.parametrize(
    ("error", "detail", "outcome"),
    [
        (UpstreamTimeout("slow"), "timeout", "timeout"),
        (UpstreamLimited("later"), "rate_limited", "error"),
        (UpstreamBroken("odd"), "failed", "error"),
    ],
)
async def test_a_providers_fault_says_nothing_of_quality(error: Exception, detail: str, outcome: str) -> None:
    told = await Chat(World()).ask("Hello", [], state=FinishState.FAILED, error=error, finish=None)
    assert [(one.detail, one.outcome, one.label, one.weight) for one in told] == [
        (detail, outcome, None, 0.0)
    ]


async def test_a_request_the_provider_rejects_leaves_nothing() -> None:
    error = UpstreamRejected("no")
    assert await Chat(World()).ask("Hello", [], state=FinishState.FAILED, error=error, finish=None) == []


async def test_the_third_identical_call_is_a_stall() -> None:
    client = Codex(World())
    await client.ask("Fix it", called("c1", command="ls"))
    second = await client.bring({"c1": "Exit code: 0\n"}, called("c2", command="ls"))
    third = await client.bring({"c2": "Exit code: 0\n"}, called("c3", command="ls"))
    assert "repeated_call" not in [one.signal for one in second]
    assert ("repeated_call", "same_call_again") in details(third)


async def test_a_client_that_forgets_the_ids_of_calls_is_followed_by_their_place() -> None:
    world, told = World(), []
    messages: list[dict[str, object]] = [{"role": "user", "content": "Look for it."}]
    call = {"function": {"name": "look", "arguments": {"at": "x"}}}
    failed = {"role": "tool", "tool_name": "look", "content": "Error: there is no such place"}
    for number in range(3):
        body = {"model": "auto", "messages": messages}
        told.append(await world.turn("ollama_chat", body, called(f"call_{number}", "look", at="x")))
        messages = [*messages, {"role": "assistant", "content": "", "tool_calls": [call]}, failed]
    assert "tool_result" in [one.signal for one in told[1]]
    assert ("repeated_call", "same_call_again") in details(told[2])


async def test_tests_run_again_after_each_new_edit_are_no_stall() -> None:
    client, number = Codex(World()), 0
    told = await client.ask("Fix it", called("e0", command="edit 0"))
    for number in range(1, 5):
        told += await client.bring(
            {f"e{number - 1}": "Exit code: 0\n"}, called(f"t{number}", command="pytest")
        )
        told += await client.bring({f"t{number}": "1 failed"}, called(f"e{number}", command=f"edit {number}"))
    assert "repeated_call" not in [one.signal for one in told]


async def test_an_agent_that_opted_out_of_the_log_is_not_looked_at() -> None:
    assert await Chat(World()).ask("Hello", [], logged=False) == []


async def test_side_requests_are_told_apart_from_conversations() -> None:
    world = World()
    client = Chat(world, system="You are a title generator. You output ONLY a thread title.")
    await client.ask("Fix the bug", said("Fixing the bug in the parser, as you asked me to do"))
    told = await client.ask("No, that is wrong", said("Another"))
    assert told == []


async def test_arguments_are_kept_apart_in_a_stream_of_several_calls() -> None:
    parts: list[Part] = [
        Text(text="Look:"),
        ToolCall(id="a", name="shell", arguments=json.dumps({"command": "ls"})),
        ToolCall(id="b", name="shell", arguments="{"),
    ]
    told = await Chat(World(), tools=[SHELL]).ask("List it", parts)
    assert details(told) == [("bad_tool_call", "unparsable")]


async def test_asking_again_for_what_still_runs_is_no_stall() -> None:
    client = Codex(World())
    told = await client.ask("Fix it", called("c0", "exec_command", cmd="make"))
    for number in range(5):
        ask = called(f"c{number + 1}", "write_stdin", session_id=7, chars="")
        told += await client.bring({f"c{number}": "Process running with session ID 7"}, ask)
    assert "repeated_call" not in [one.signal for one in told]
