"""Whose work a run of tests and a human's verdict are about."""

import pytest
from tests.outcome_world import FIRST, GREEN, RED, SECOND, Chat, World, called, every_client, said


@every_client
async def test_red_to_green_credits_who_did_the_work_and_not_who_ran_the_tests(client: type[Chat]) -> None:
    one = client(World())
    await one.ask("Fix the bug", called("c1", command="pytest"))
    await one.bring({"c1": RED}, called("c2", "edit", path="a"))
    (edited,) = await one.bring({"c2": "done"}, called("c3", command="pytest"))
    told = await one.bring({"c3": GREEN}, said("It is fixed."))
    credited = [event for event in told if event.detail == "red_to_green"]
    assert {event.decision_id for event in credited} == {edited.decision_id}
    assert sum(event.weight for event in credited) == pytest.approx(1.0)


@every_client
async def test_a_humans_verdict_goes_to_who_did_the_work_and_not_to_who_told_of_it(
    client: type[Chat],
) -> None:
    one = client(World())
    await one.ask("Fix the bug", called("c1", "edit", path="a"))
    (edited,) = await one.bring({"c1": "done"}, called("c2", command="pytest"))
    await one.bring({"c2": RED}, FIRST)
    told = await one.ask("No, that is wrong. Try again.", SECOND)
    verdicts = [event for event in told if event.signal == "verdict"]
    assert [(event.decision_id, event.weight) for event in verdicts] == [(edited.decision_id, 0.6)]


@every_client
async def test_a_verdict_is_of_who_worked_last_also_when_words_alone_came_after(client: type[Chat]) -> None:
    one = client(World())
    await one.ask("Fix the bug", called("c1", "edit", path="a"), target="shop/small")
    await one.bring({"c1": "done"}, called("c2", "edit", path="b"), target="shop/large")
    (edited,) = await one.bring({"c2": "done"}, FIRST, target="shop/large")
    told = await one.ask("No, that is wrong.", SECOND)
    assert [(event.target, event.decision_id) for event in told] == [("shop/large", edited.decision_id)]


@every_client
async def test_a_verdict_counts_in_full_however_long_the_turn_was(client: type[Chat]) -> None:
    one = client(World())
    await one.ask("Fix the bug", called("c0", "edit", path="0"))
    for n in range(20):
        await one.bring({f"c{n}": "done"}, called(f"c{n + 1}", "edit", path=str(n + 1)))
    await one.bring({"c20": "done"}, FIRST)
    told = await one.ask("No, that is wrong.", SECOND)
    assert sum(event.weight for event in told if event.signal == "verdict") == pytest.approx(0.6)


@every_client
async def test_who_only_looked_and_waited_did_not_do_the_work(client: type[Chat]) -> None:
    one = client(World())
    await one.ask("Fix the bug", called("c1", "edit", path="a"))
    (edited,) = await one.bring({"c1": "done"}, called("c2", command="cat a.py"))
    await one.bring({"c2": "x = 1"}, called("c3", "write_stdin", session_id=7))
    await one.bring({"c3": "still running"}, FIRST)
    told = await one.ask("Thanks!", SECOND)
    assert [(event.decision_id, event.weight) for event in told] == [(edited.decision_id, 0.6)]


@every_client
async def test_what_failed_before_is_not_held_against_the_next_task(client: type[Chat]) -> None:
    one = client(World())
    await one.ask("Fix the bug", called("c1", command="pytest"))
    await one.bring({"c1": GREEN}, FIRST)
    started = await one.ask("Now write the parser", called("c2", "edit", path="a"))
    await one.bring({"c2": "done"}, called("c3", command="pytest"))
    told = await one.bring({"c3": RED}, SECOND)
    blamed = {event.decision_id for event in told if event.detail == "green_to_red"}
    assert len(blamed) == 1
    assert not blamed & {event.decision_id for event in started}


@every_client
@pytest.mark.parametrize(("target", "told"), [("shop/small", 1), ("shop/large", 0)])
async def test_a_turn_that_gets_nowhere_is_not_blamed_on_who_has_just_taken_over(
    client: type[Chat], target: str, told: int
) -> None:
    stalls: list[str] = []
    one = client(World())
    one.world.observer.on_stall = lambda agent, session: stalls.append(agent)
    await one.ask("Fix the bug", called("c1", "edit", path="a"))
    await one.bring({"c1": "done"}, called("c2", command="pytest"))
    await one.bring({"c2": RED}, called("c3", "edit", path="b"))
    await one.bring({"c3": "done"}, called("c4", command="pytest"))
    await one.bring({"c4": RED}, called("c5", "edit", path="c"), target=target)
    assert len(stalls) == told
