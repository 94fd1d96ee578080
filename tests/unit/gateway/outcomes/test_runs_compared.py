"""Runs of tests one after the other, and what is none."""

from typing import Any

import pytest
from tests.outcome_world import (
    GREEN,
    RED,
    Chat,
    World,
    called,
    details,
    every_client,
    said,
)


@every_client
async def test_green_to_red_is_a_regression(client: type[Chat]) -> None:
    one = client(World())
    await one.ask("Refactor", called("c1", command="pytest"))
    first = await one.bring({"c1": GREEN}, called("e1", "edit", path="a"))
    await one.bring({"e1": "done"}, called("c2", command="pytest"))
    told = await one.bring({"c2": RED}, said("Oh."))
    assert ("tests_turned", "first_green") in details(first)
    assert [(e.label, e.weight) for e in told if e.detail == "green_to_red"] == [(0.0, 0.8)]


@every_client
async def test_another_command_of_the_same_family_counts_less(client: type[Chat]) -> None:
    one = client(World())
    await one.ask("Fix it", called("c1", command="pytest"))
    await one.bring({"c1": RED}, called("e1", "edit", path="a"))
    await one.bring({"e1": "done"}, called("c2", command="pytest -k one"))
    told = await one.bring({"c2": GREEN}, said("Fixed."))
    assert [e.weight for e in told if e.detail == "red_to_green"] == [pytest.approx(0.6)]


@every_client
@pytest.mark.parametrize(("first", "second"), [(RED, RED), (RED, GREEN), (GREEN, RED)])
async def test_without_work_in_between_a_second_run_says_nothing_of_work(
    client: type[Chat], first: str, second: str
) -> None:
    one = client(World())
    await one.ask("Reproduce the failure", called("c1", command="pytest"))
    await one.bring({"c1": first}, called("c2", command="cat tests/test_a.py"))
    await one.bring({"c2": "Exit code: 0\nOutput:\nassert False"}, called("c3", command="pytest"))
    again = await one.bring({"c3": second}, called("c4", command="pytest -k one"))
    other = await one.bring({"c4": second}, said("It fails."))
    assert "tests_turned" not in [e.signal for e in again]
    assert [e.detail for e in other] == ["first_green" if second == GREEN else "first_red"]


@every_client
@pytest.mark.parametrize(
    ("failed", "detail", "label"), [(2, "fewer_red", 1.0), (3, "stays_red", 0.0), (4, "stays_red", 0.0)]
)
async def test_less_that_fails_is_progress(
    client: type[Chat], failed: int, detail: str, label: float
) -> None:
    one = client(World())
    await one.ask("Fix the tests", called("c1", command="pytest"))
    await one.bring({"c1": RED.replace("1 failed", "3 failed")}, called("e1", "edit", path="a"))
    await one.bring({"e1": "done"}, called("c2", command="pytest"))
    told = await one.bring({"c2": RED.replace("1 failed", f"{failed} failed")}, said("Better."))
    assert [(e.detail, e.label) for e in told] == [(detail, label)]


@every_client
@pytest.mark.parametrize(
    "looks", [{"command": "cat build.log | tail -50"}, {"cmd": ["bash", "-lc", "gh run view 7"]}]
)
async def test_a_failed_test_in_a_file_is_no_run(client: type[Chat], looks: dict[str, Any]) -> None:
    one = client(World())
    await one.ask("Why did it fail?", called("c1", **looks))
    told = await one.bring({"c1": RED.replace("Exit code: 1", "Exit code: 0")}, said("One test failed."))
    assert details(told) == [("tool_result", "ok")]


@every_client
async def test_a_search_that_finds_nothing_is_no_failure(client: type[Chat]) -> None:
    one = client(World())
    await one.ask("Is it used?", called("c1", command="cd src && rg -n 'old_name|older_name' ."))
    told = await one.bring({"c1": "Exit code: 1\nWall time: 0.1 s\nOutput:\n"}, said("It is not used."))
    assert told == []
