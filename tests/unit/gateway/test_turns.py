"""A conversation is with one model through a turn, and prefers it while its cache is warm."""

import pytest

from pointsman.core.chat import Outline
from pointsman.gateway.turns import NEW, TURN_S, WARM_S, Follows, Turns, follows
from pointsman.memory.reader import TaskRead

HUMAN = Outline(model="auto", last_role="user", message_count=3)
TOOL = Outline(model="auto", last_role="tool", message_count=3, answered_calls=("call_1",))


@pytest.fixture
def turns() -> Turns:
    turns = Turns()
    turns.answered("codex", "s1", "openai/gpt-x", 900, now_s=0.0)
    return turns


def says(text: str, role: str = "user") -> Outline:
    return Outline(model="auto", last_role=role, last_user=text)


def test_a_verdict_is_about_the_task_before_and_a_new_wish_is_a_task_of_its_own():
    turns, task = Turns(), TaskRead(task_type="P2_code_simple")
    turns.answered("codex", "s1", "openai/gpt-x", 900, 0.0, task)

    def about(outline: Outline, session: str = "s1") -> TaskRead | None:
        return turns.standing("codex", session, outline, 1.0).task

    assert about(says("No, that is wrong. Try again.")) is task
    assert about(says("Write a poem about trains")) is None
    assert about(says("Write a poem about trains", role="tool")) is task
    assert about(says("Thanks!"), "s2") is None


@pytest.mark.parametrize("text", ["No, that is wrong.", "Try again", "That still does not work."])
def test_work_that_is_sent_back_stays_with_its_model_as_stalled(turns: Turns, text: str) -> None:
    found = turns.standing("codex", "s1", says(text), 10.0)
    assert (found.held, found.stalled) == ("openai/gpt-x", True)


@pytest.mark.parametrize(
    "text",
    [
        "I ran this command:\n\nmake\n\nAnd got this output:\n\nerror",
        "# 1 SEARCH/REPLACE block failed to match!",
        "# Fix any errors below, if possible.",
    ],
)
def test_what_a_client_reports_in_the_humans_name_goes_on_with_the_turn(turns: Turns, text: str) -> None:
    found = turns.standing("codex", "s1", says(text), 10.0)
    assert (found.held, found.stalled) == ("openai/gpt-x", False)


@pytest.mark.parametrize("text", ["Thanks, that works!", "Now write the documentation of it", "go on"])
def test_whatever_else_a_human_says_opens_a_turn_without_blame(turns: Turns, text: str) -> None:
    turns.stalled("codex", "s1")
    assert turns.standing("codex", "s1", says(text), 10.0).held == ""
    assert not turns.standing("codex", "s1", TOOL, 11.0).stalled


def test_a_no_to_our_question_sends_nothing_back(turns: Turns) -> None:
    turns.asked("codex", "s1")
    assert turns.standing("codex", "s1", says("No, leave the old tests alone"), 10.0).held == ""
    assert follows(says("No, leave the old tests alone"), asked=True) is Follows.REMARK
    turns.answered("codex", "s1", "openai/gpt-x", 900, now_s=20.0)
    assert turns.standing("codex", "s1", says("No, use the old tests"), 30.0).stalled


def test_work_sent_back_after_a_very_long_time_is_decided_anew(turns: Turns) -> None:
    assert turns.standing("codex", "s1", says("No, that is wrong."), TURN_S + 1).held == ""


def test_a_tool_loop_is_held_by_its_model(turns: Turns) -> None:
    assert turns.standing("codex", "s1", TOOL, 10.0).held == "openai/gpt-x"


def test_a_new_human_message_is_free_but_warm(turns: Turns) -> None:
    found = turns.standing("codex", "s1", HUMAN, 10.0)
    assert (found.held, found.warm, found.warm_tokens) == ("", "openai/gpt-x", 900)


def test_a_cache_gets_cold(turns: Turns) -> None:
    assert turns.standing("codex", "s1", HUMAN, WARM_S + 1) == NEW


def test_a_slow_tool_keeps_the_turn_but_not_the_cache(turns: Turns) -> None:
    found = turns.standing("codex", "s1", TOOL, WARM_S + 1)
    assert (found.held, found.warm) == ("openai/gpt-x", "")


def test_a_turn_ends_with_a_very_slow_tool(turns: Turns) -> None:
    assert turns.standing("codex", "s1", TOOL, TURN_S + 1) == NEW


@pytest.mark.parametrize(("agent", "session"), [("codex", "s2"), ("other", "s1"), ("codex", None)])
def test_nobody_inherits_anothers_turn(turns: Turns, agent: str, session: str | None) -> None:
    assert turns.standing(agent, session, TOOL, 1.0) == NEW


def test_a_stalled_turn_says_so_until_another_model_takes_it(turns: Turns) -> None:
    turns.stalled("codex", "s1")
    assert turns.standing("codex", "s1", TOOL, 1.0).stalled
    turns.answered("codex", "s1", "openai/gpt-y", 900, now_s=2.0)
    assert not turns.standing("codex", "s1", TOOL, 3.0).stalled


def test_the_oldest_conversation_is_forgotten_first() -> None:
    turns = Turns(capacity=2)
    for number in range(3):
        turns.answered("a", f"s{number}", "t", 1, now_s=float(number))
    assert (len(turns), turns.standing("a", "s0", TOOL, 3.0)) == (2, NEW)
