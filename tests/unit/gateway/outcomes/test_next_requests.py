"""What the next request of a conversation says of the answer before."""

import asyncio
from typing import Any

import pytest
from tests.outcome_world import (
    FIRST,
    RED,
    SECOND,
    Chat,
    Claude,
    Codex,
    World,
    called,
    details,
    every_client,
    said,
)

from pointsman.core.events import FinishState
from pointsman.gateway.outcomes import Decided, observer


@every_client
async def test_the_same_error_again_counts_more(client: type[Chat]) -> None:
    one = client(World())
    await one.ask("Fix it", called("c1", command="make"))
    first = await one.bring({"c1": "Exit code: 2\nno rule"}, called("c2", command="make all"))
    again = await one.bring({"c2": "Exit code: 2\nno rule"}, called("c3", command="make it"))
    assert [e.weight for e in first] < [e.weight for e in again]
    assert details(again)[0] == ("tool_result", "same_error_again")


async def test_the_same_error_is_known_whatever_codex_says_in_front_of_it() -> None:
    one = Codex(World())
    head = "Chunk ID: {0}\nWall time: 0.{0} seconds\nProcess exited with code 2\nOutput:\n"
    await one.ask("Fix it", called("c1", cmd="make"))
    await one.bring({"c1": head.format(17) + "no rule"}, called("c2", cmd="make all"))
    again = await one.bring({"c2": head.format(23) + "no rule"}, called("c3", cmd="make it"))
    assert details(again)[0] == ("tool_result", "same_error_again")


@every_client
@pytest.mark.parametrize(
    ("words", "label"),
    [
        ("No, that is wrong. Try again.", 0.0),
        ("Das funktioniert immer noch nicht", 0.0),
        ("Perfect, thank you!", 1.0),
        ("谢谢", 1.0),
    ],
)
async def test_a_humans_verdict_goes_to_the_answer_before(
    client: type[Chat], words: str, label: float
) -> None:
    one = client(World())
    await one.ask("Write a parser", FIRST)
    told = await one.ask(words, SECOND)
    assert [(e.signal, e.label) for e in told] == [("verdict", label)]


@every_client
async def test_a_no_to_our_question_is_no_correction(client: type[Chat]) -> None:
    one = client(World())
    await one.ask("Write a parser", said("The parser is written. Shall I also write tests for it?"))
    told = await one.ask("No, commit it", SECOND)
    assert details(told) == [("continued", "went_on")]


@every_client
async def test_going_on_is_a_weak_sign_of_approval(client: type[Chat]) -> None:
    one = client(World())
    await one.ask("Write a parser", FIRST)
    told = await one.ask("Now write the documentation", SECOND)
    assert [(e.signal, e.label, e.weight) for e in told] == [("continued", 1.0, 0.15)]


@pytest.mark.parametrize(
    ("client", "text", "is_error", "detail"),
    [
        (
            Codex,
            "Chunk ID: 1\nWall time: 0.1\nProcess exited with code 127\nOutput:\n",
            None,
            "command_failed",
        ),
        (Codex, "Chunk ID: 1\nWall time: 0.1\nProcess exited with code 0\nOutput:\n", None, "ok"),
        (
            Codex,
            '{"output":"boom","metadata":{"exit_code":1,"duration_seconds":0.1}}',
            None,
            "command_failed",
        ),
        (
            Codex,
            "apply_patch verification failed: Failed to find expected lines in a.py",
            None,
            "edit_failed",
        ),
        (Claude, "Exit code 3\nboom", True, "command_failed"),
        (Claude, "<tool_use_error>File has not been read yet.</tool_use_error>", True, "edit_failed"),
        (Claude, "<tool_use_error>Error: No such tool available: Foo</tool_use_error>", True, "unknown_tool"),
        (Claude, "<tool_use_error>InputValidationError: x</tool_use_error>", True, "invalid_arguments"),
        (Claude, "everything is fine", False, "ok"),
        (
            Chat,
            '[{"query":"x","result":"","success":false,"error":"Command exited with code 3"}]',
            None,
            "command_failed",
        ),
        (Chat, '[{"query":"x","result":"fine","success":true}]', None, "ok"),
        (Chat, '{"error":"\\u2716 Invalid input: expected string"}', None, "invalid_arguments"),
        (Chat, "Error: oldString not found in content", None, "edit_failed"),
        (Chat, "import os  # Error: Process exited with code 1", None, "ok"),
    ],
)
async def test_each_clients_tool_results_are_understood(
    client: type[Chat], text: str, is_error: bool | None, detail: str
) -> None:
    one = client(World())
    await one.ask("Do it", called("c1", command="x"))
    more = {} if is_error is None else {"is_error": is_error}
    told = await one.bring({"c1": text}, said("I see."), **more)
    assert details(told) == [("tool_result", "command_failed" if detail is None else detail)]


@pytest.mark.parametrize(
    ("client", "text", "is_error"),
    [
        (Claude, "The user doesn't want to proceed with this tool use. The tool use was rejected.", True),
        (Chat, "The user rejected permission to use this specific tool call.", False),
        (Codex, "exec command rejected by user", False),
    ],
)
async def test_a_call_turned_down_by_the_user_is_no_tool_error(
    client: type[Chat], text: str, is_error: bool
) -> None:
    one = client(World())
    await one.ask("Delete it", called("c1", command="rm -r ."))
    more = {"is_error": is_error} if client is Claude else {}
    told = await one.bring({"c1": text}, said("I shall not."), **more)
    assert [(e.signal, e.detail, e.outcome) for e in told] == [("rejected", "turned_down", "user_rejected")]


async def test_an_interruption_is_seen() -> None:
    one = Claude(World())
    await one.ask("Refactor all of it", called("c1", command="x"))
    text = "[Request interrupted by user for tool use]"
    one.history.append({"role": "user", "content": [{"type": "text", "text": text}]})
    assert details(await one._send(said("Stopped."))) == [("rejected", "interrupted")]


async def test_words_behind_a_clients_own_blocks_are_heard() -> None:
    one = Claude(World())
    await one.ask("Write a parser", FIRST)
    texts = [
        "Caveat: The messages below were generated by the user while running local commands.",
        "<command-name>/model</command-name>\n<command-args></command-args>",
        "That's not quite right",
    ]
    one.history.append({"role": "user", "content": [{"type": "text", "text": text} for text in texts]})
    assert details(await one._send(SECOND)) == [("verdict", "correction")]


class Aider(Chat):
    """Aider: no tools, harness messages in the user's name, a reminder behind the last message."""

    async def _send(self, parts: Any, **how: Any) -> Any:
        reminder = {"role": "system", "content": "Use SEARCH/REPLACE blocks."}
        body = {"model": "auto", "messages": [*self.history, reminder]}
        told = await self.world.turn(self.form, body, parts, **how)
        self._answered(parts)
        return told


@pytest.mark.parametrize(
    ("words", "seen"),
    [
        (
            "# 1 SEARCH/REPLACE block failed to match!\n\n## SearchReplaceNoExactMatch",
            ("tool_result", "edit_failed"),
        ),
        ("# Fix any errors below, if possible.\n\n## Running: flake8", ("tool_result", "command_failed")),
        (f"I ran this command:\n\npytest\n\nAnd got this output:\n\n{RED}", ("tests_turned", "first_red")),
        ("You forgot the tests", ("verdict", "correction")),
    ],
)
async def test_aiders_own_messages_are_told_apart_from_the_humans(words: str, seen: tuple[str, str]) -> None:
    one = Aider(World(), system="You must use SEARCH/REPLACE blocks.")
    await one.ask("Write a parser", FIRST)
    assert details(await one.ask(words, SECOND)) == [seen]


async def test_a_commit_message_request_shows_that_the_edit_was_kept() -> None:
    world = World(agent="aider")
    await Aider(world).ask("Write a parser", FIRST)
    commit = "You are an expert software engineer that generates concise, one-line Git commit messages"
    told = await Chat(world, system=commit).ask("diff --git a/x b/x", said("feat: add a parser"))
    assert [(e.signal, e.decision_id) for e in told] == [("edit_kept", "req_" + told[0].decision_id[4:])]


async def test_a_retry_after_a_failure_is_availability() -> None:
    world = World()
    one = Chat(world)
    await one.ask("Hello", [], state=FinishState.TRUNCATED, finish=None)
    del one.history[-1]
    told = await one._send(FIRST)
    assert [(e.signal, e.label, e.weight) for e in told] == [("retried", None, 0.0)]


async def test_an_abandoned_stream_counts_if_no_retry_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observer, "RETRY_GRACE_S", 0.0)
    one = Chat(World())
    assert await one.ask("Write", FIRST, state=FinishState.CLIENT_GONE, shown_s=5.0, finish=None) == []
    await asyncio.sleep(0.01)
    assert [(e.signal, e.detail, e.label) for e in one.world.told] == [("abandoned", "read_then_left", 0.0)]


async def test_another_agents_conversation_is_none_of_its_business() -> None:
    world = World()
    one = Chat(world)
    await one.ask("Write a parser", FIRST)
    world.agent = "somebody-else"
    assert await one.ask("No, that is wrong", SECOND) == []


async def test_the_same_results_sent_again_are_counted_once() -> None:
    world = World()
    one = Codex(world)
    await one.ask("Fix it", called("c1", command="make"))
    await one.bring({"c1": "Exit code: 2\nboom"}, [], state=FinishState.FAILED, finish=None)
    await one._send(said("I see what it is now."))
    assert [e.signal for e in world.told if e.signal == "tool_result"] == ["tool_result"]


async def test_one_loud_conversation_has_bounded_influence() -> None:
    one = Codex(World())
    await one.ask("Fix it", called("c0", command="make"))
    for n in range(60):
        await one.bring({f"c{n}": f"Exit code: 2\nboom {n}"}, called(f"c{n + 1}", command=f"make {n}"))
    assert sum(e.weight for e in one.world.told) < 6


async def test_after_a_restart_the_log_is_asked_who_issued_a_call() -> None:
    before = Codex(World())
    await before.ask("Fix it", called("call_R3s7art99x", command="make"))
    after = World()
    before.world = after

    async def finder(agent: str, call_ids: Any) -> dict[str, Decided]:
        assert (agent, list(call_ids)) == ("tester", ["call_R3s7art99x"])
        return {"call_R3s7art99x": Decided("req_old", 0, "shop/small", 1_000_000)}

    after.observer.finder = finder
    await before.bring({"call_R3s7art99x": "Exit code: 2\nboom"}, said("I see what it is now."))
    await asyncio.sleep(0.01)
    assert [(e.decision_id, e.target, e.detail) for e in after.told] == [
        ("req_old", "shop/small", "command_failed")
    ]


async def test_silence_after_a_question_and_its_answer_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observer, "SILENCE_S", -1.0)
    one = Chat(World())
    await one.ask("Write a parser", FIRST)
    one.world.observer._sweep()
    assert one.world.told == []


async def test_silence_after_a_longer_conversation_is_weak(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Codex(World())
    await one.ask("Fix it", called("c1", command="make"))
    await one.bring({"c1": "Exit code: 0\n"}, FIRST)
    monkeypatch.setattr(observer, "SILENCE_S", -1.0)
    one.world.observer._sweep()
    last = one.world.told[-1]
    assert (last.signal, last.label, last.weight) == ("ended", 1.0, 0.05)


async def test_silence_inside_a_tool_loop_has_no_label(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Codex(World())
    await one.ask("Fix it", called("c1", command="make"))
    monkeypatch.setattr(observer, "SILENCE_S", -1.0)
    one.world.observer._sweep()
    assert [(e.detail, e.label) for e in one.world.told] == [("left_in_tool_loop", None)]


async def test_examples_in_a_prompt_are_no_conversation() -> None:
    world = World()
    for review in ("I liked it", "No, that is wrong", "Thanks"):
        one = Chat(world)
        one.history += [
            {"role": "user", "content": "A fine film"},
            {"role": "assistant", "content": "positive"},
        ]
        assert await one.ask(review, said("positive")) == []


async def test_ids_that_only_count_are_joined_within_their_conversation() -> None:
    world = World(session="conv-1")
    await Codex(world).ask("Fix it", called("functions.shell:0", command="make"))
    world.session = "conv-2"
    other = Codex(world)
    await other.ask("Fix that", called("functions.shell:0", command="ls"))
    told = await other.bring({"functions.shell:0": "Exit code: 2\n"}, said("I see."))
    assert [e.decision_id for e in told] == [world.told[0].decision_id]
    assert len(world.told) == 1


async def test_what_waits_is_looked_at_before_the_end() -> None:
    world = World()
    world.observer.ended(
        world.call("openai_chat", {"model": "m", "messages": [{"role": "user", "content": "x"}]}, [])
    )  # type: ignore[arg-type]
    world.observer.close()
    assert details(world.told) == [("empty_answer", "empty")]


async def test_when_calls_come_too_fast_the_oldest_are_left_out() -> None:
    world = World()
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
    for _ in range(observer.MAX_WAITING + 10):
        world.observer.ended(world.call("openai_chat", body, []))  # type: ignore[arg-type]
    world.observer.close()
    assert world.observer.counts.skipped == 10


async def test_a_fault_of_its_own_reaches_nobody(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    call = world.call("openai_chat", {"model": "m", "messages": [{"role": "user", "content": "x"}]}, [])
    call.exchange = None
    world.observer.ended(call)  # type: ignore[arg-type]
    world.observer.close()
    assert world.observer.counts.faults == 1
    assert "could not be seen" in caplog.text


async def test_of_several_conversations_the_one_whose_answer_is_repeated_is_committed() -> None:
    world = World(agent="aider", session=None)
    answers = ["I add the first file, as you asked me to.", "I add the second file, as you asked me to."]
    for answer in answers:
        await Aider(world).ask(f"Do it: {answer}", said(answer))
    commit = "You are an expert software engineer that generates concise, one-line Git commit messages"
    context = f"\nUSER: Do it\n\nASSISTANT: {answers[0]}\n\n# git diff HEAD -- a"
    told = await Chat(world, system=commit).ask(context, said("feat: add it"))
    neither = await Chat(world, system=commit).ask("# git diff HEAD -- b", said("feat: add it"))
    assert details(told) == [("edit_kept", "committed")]
    assert neither == []


@pytest.mark.parametrize(("session", "seen"), [("ses_42", [("asked_anew", "regenerated")]), ("conv-1", [])])
async def test_a_first_message_asked_anew_is_known_where_the_client_names_conversations(
    session: str, seen: list[tuple[str, str]]
) -> None:
    one = Chat(World(session=session))
    await one.ask("Write a parser", FIRST)
    del one.history[-1]
    one.more["temperature"] = 0.5
    assert details(await one._send(SECOND)) == seen


async def test_a_broken_off_answer_is_found_by_its_conversation() -> None:
    one = Chat(World(session="conv-1"))
    await one.ask("Write a parser", said("Here is the fi"), state=FinishState.CLIENT_GONE, finish=None)
    one.history[-1]["content"] = "Here is"
    told = await one.ask("[Request interrupted by user]No, use another library", SECOND)
    assert told == []
    assert one.world.observer._memory.threads_of("tester")[0].taken == 2
