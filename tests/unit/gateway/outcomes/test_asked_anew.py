"""Clients that go back: the same asked anew, and other words in its place."""

import pytest
from tests.outcome_world import FIRST, SECOND, TURN_S, Chat, Claude, World, details, every_client, said


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
