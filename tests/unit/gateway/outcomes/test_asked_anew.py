"""Clients that go back: the same asked anew, and other words in its place."""

import pytest
from tests.outcome_world import FIRST, SECOND, TURN_S, Chat, Claude, World, details, every_client, said

from pointsman.gateway.outcomes.memory import MAX_STEPS, Step


@every_client
async def test_asking_the_same_anew_is_a_regeneration(client: type[Chat]) -> None:
    one = client(World())
    await one.ask("Write a parser", FIRST)
    await one.ask("Now the documentation", SECOND)
    del one.history[-1]
    one.more["temperature"] = 0.5
    told = await one._send(said("Other documentation, longer than before."))
    assert details(told) == [("asked_anew", "regenerated")]


@every_client
@pytest.mark.parametrize(("later_s", "seen"), [(5.0, [("asked_anew", "regenerated")]), (-5.0, [])])
async def test_the_very_same_bytes_are_a_regeneration_once_the_answer_was_read(
    client: type[Chat], later_s: float, seen: list[tuple[str, str]]
) -> None:
    one = client(World())
    await one.ask("Write a parser", FIRST)
    await one.ask("Now the documentation", SECOND, shown_s=TURN_S - 1 - later_s)
    del one.history[-1]
    assert details(await one._send(said("Other documentation, longer than before."))) == seen


@every_client
async def test_what_is_asked_again_and_again_is_a_program(client: type[Chat]) -> None:
    one = client(World())
    await one.ask("Write a parser", FIRST)
    told = []
    for _ in range(6):
        told.append(details(await one.ask("Now the documentation", SECOND, shown_s=0.0)))
        del one.history[-2:]
    assert [len(signs) for signs in told[1:]] == [1, 1, 1, 0, 0]


async def test_what_follows_a_compaction_is_no_edited_prompt() -> None:
    one = Claude(World(session="7f0c"))
    await one.ask("Write a parser", FIRST)
    await one.ask("Your task is to create a detailed summary of the conversation so far.", SECOND)
    one.history = []
    assert await one.ask("This session is being continued from a previous one. Go on.", FIRST) == []


@every_client
async def test_other_words_in_the_same_place_are_an_edited_prompt(client: type[Chat]) -> None:
    one = client(World())
    await one.ask("Write a parser", FIRST)
    kept = list(one.history)
    await one.ask("Now the documentation", SECOND)
    one.history = kept
    told = await one.ask("Now the documentation, but short", said("Short."))
    assert [(e.signal, e.label) for e in told] == [("asked_anew", 0.0)]


async def test_a_subagent_in_its_agents_session_edits_nothing() -> None:
    world = World(session="7f0c")
    await Chat(world, system="You are Claude Code.").ask("Write a parser", FIRST)
    assert await Chat(world, system="You search files.").ask("Find the grammar", SECOND) == []


async def test_a_program_with_many_questions_to_one_text_edits_nothing_for_long() -> None:
    one = Chat(World())
    await one.ask("Here is a text", FIRST)
    told = []
    for n in range(40):
        told += await one.ask(f"Question {n} about the text", said(f"The answer number {n}."))
        del one.history[-2:]
    assert [event.detail for event in told].count("edited") == 3


async def test_of_a_conversation_without_end_the_newest_steps_are_kept() -> None:
    one = Chat(World(session="7f0c"))
    for n in range(2 * MAX_STEPS):
        await one.ask(f"Question {n}", said(f"This is the answer to the question of the number {n}."))
    (thread,) = one.world.observer._memory.threads.values()
    assert thread.root is not None
    assert _kept_by(thread.root) <= MAX_STEPS + 1


def _kept_by(step: Step) -> int:
    return 1 + sum(map(_kept_by, step.followers.values()))
