"""What real aider sends: its examples, commits and files stand between a human's words and our answer."""

import json
from typing import Any

import pytest
from tests.outcome_world import FIRST, RED, SECOND, World, details, said

from pointsman.gateway.dialects import aider
from pointsman.gateway.dialects.registry import CODECS

RULES = "\n\n# *SEARCH/REPLACE block* Rules:\n\nEvery *SEARCH/REPLACE block* must use this format:\n1. ..."
EXAMPLES = [
    ("user", "Change get_factorial() to use math.factorial"),
    ("assistant", "To make this change we need to modify `mathweb/flask/app.py` to: ..."),
    ("user", "I switched to a new code base. Please don't consider the above files."),
    ("assistant", "Ok."),
]
FILES = [
    ("user", "I have *added these files to the chat* so you can go ahead and edit them.\n\na.py"),
    ("assistant", "Ok, any changes I propose will be to those files."),
]
COMMITTED = [("user", "I committed the changes with git hash 72b & commit msg: x"), ("assistant", "Ok.")]
RAN = [("user", "I ran this command:\n\nls\n\nAnd got this output:\n\na.py"), ("assistant", "Ok.")]
ASKED = [("user", "Write a parser"), ("assistant", FIRST[0].text)]  # type: ignore[union-attr]


def body(*said_before: tuple[str, str], human: str) -> dict[str, Any]:
    messages = [("system", "Act as an expert software developer."), *said_before, ("user", human + RULES)]
    return {"model": "auto", "messages": [{"role": role, "content": text} for role, text in messages]}


async def test_a_verdict_finds_its_answer_behind_what_aider_says_in_both_names() -> None:
    world = World(agent="aider")
    await world.turn("openai_chat", body(*EXAMPLES, *FILES, human="Write a parser"), FIRST)
    second = body(*EXAMPLES, *ASKED, *COMMITTED, *FILES, *RAN, human="No, that is wrong")
    told = await world.turn("openai_chat", second, SECOND)
    assert details(told) == [("verdict", "correction")]


async def test_an_ok_to_a_human_is_an_answer_of_ours() -> None:
    world = World()
    await world.turn("openai_chat", body(human="Remember the number seven"), said("Ok."))
    told = await world.turn(
        "openai_chat", body(("user", "Remember seven"), ("assistant", "Ok."), human="Thanks!"), SECOND
    )
    assert details(told) == [("verdict", "praise")]


def test_the_first_human_words_are_not_aiders_examples() -> None:
    outlines = [
        CODECS["openai_chat"].outline(json.dumps(one).encode())
        for one in (
            body(*EXAMPLES, *FILES, human="Write a parser"),
            body(*EXAMPLES, *ASKED, *COMMITTED, *FILES, human="Go on"),
        )
    ]
    assert [(one.first_user, one.last_user) for one in outlines] == [
        ("Write a parser", "Write a parser"),
        ("Write a parser", "Go on"),
    ]


def test_only_the_rules_go_and_long_blank_stretches_cost_no_time() -> None:
    blank = "return x" + " \n" * 100_000 + "y"
    assert aider.without_rules(blank) == blank
    assert aider.without_rules(
        "Fix it  \n\n" + "To suggest changes to a file you MUST return the entire content of"
    ) == ("Fix it")


@pytest.mark.parametrize(("command", "seen"), [("pytest", ["first_red"]), ("cat build.log", [])])
async def test_what_a_human_runs_is_a_run_of_tests_unless_it_only_looks(
    command: str, seen: list[str]
) -> None:
    world = World()
    await world.turn("openai_chat", body(human="Write a parser"), FIRST)
    ran = ("user", f"I ran this command:\n\n{command}\n\nAnd got this output:\n\n{RED}")
    told = await world.turn("openai_chat", body(*ASKED, ran, human="Go on with the parser"), SECOND)
    assert [event.detail for event in told if event.signal == "tests_turned"] == seen


async def test_a_human_who_begins_as_aider_does_is_heard() -> None:
    said_so = "I edited the files myself. Now write the documentation of it"
    outline = CODECS["openai_chat"].outline(json.dumps(body(*ASKED, human=said_so)).encode())
    assert outline.last_user == said_so
    world = World()
    await world.turn("openai_chat", body(human="Write a parser"), FIRST)
    told = await world.turn("openai_chat", body(*ASKED, human=said_so), SECOND)
    assert details(told) == [("continued", "went_on")]
