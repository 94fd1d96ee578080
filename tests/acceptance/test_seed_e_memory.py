"""Seed E end to end: a task is told, remembered, found again, and leads to a recommendation."""

import pytest
from tests.memory_world import a_task
from tests.plain_control import BEARER, PlainControl, client_of

from pointsman.memory import history
from pointsman.memory.embed import Embedder
from pointsman.memory.texts import Bundled
from pointsman.store import model_tiers

EMBEDDER = Bundled(Embedder.load())
FAST = {"DELEGATION_AUDITOR", "META_UPDATER", "DBA", "SYNTHESIZER"}
COMPLEX = {"ORCHESTRATOR", "ARCHITECT", "COORD_*", "OPTIMIZATION_SPECIALIST"}

HISTORY = [
    ("Add 2 deps, fix imports", "ARCHITECT", "opus", True),
    ("Add a dependency and fix its imports", "ARCHITECT", "haiku", True),
    ("Write game_theory tests", "QA_TESTER", "opus", True),
    ("Write kalman tests", "QA_TESTER", "sonnet", True),
    ("Write ecological tests", "QA_TESTER", "sonnet", True),
    ("Write tests for the scheduler", "QA_TESTER", "haiku", False),
]


@pytest.fixture
async def recommend(db_pool):
    for title, agent, model, success in HISTORY:
        task = a_task(title, agent_used=agent, assigned_model=model, success=success)
        places = ", ".join(f"${number}" for number in range(1, len(task) + 1))
        sql = f"INSERT INTO task_executions ({', '.join(task)}) VALUES ({places})"
        await db_pool.execute(sql, *task.values())
    await history.embed_missing(db_pool, history.Scribe(EMBEDDER), lambda agent: True)
    control = PlainControl(db_pool)
    control.memory.load(EMBEDDER)

    async def ask(task, **more):
        async with client_of(control, headers=BEARER) as client:
            answer = await client.post("/api/v1/recommend", json={"task": task, **more})
        return answer.json()

    return ask


@pytest.mark.parametrize(
    ("task", "agent", "model"),
    [
        ("Add one dependency, fix the imports", "ARCHITECT", "haiku"),
        ("Write ecology tests", "QA_TESTER", "sonnet"),
    ],
)
async def test_each_task_of_the_seeds_example_gets_the_model_it_should_have_had(
    recommend, task, agent, model
):
    found = await recommend(task)
    assert (found["agent"], found["model"], found["model_basis"]) == (agent, model, "similar_tasks")


async def test_a_task_unlike_all_others_falls_back_to_the_tier_lookup(recommend):
    found = await recommend("Plan the wedding seating chart", agent="COORD_EVENTS")
    assert (found["model"], found["model_basis"]) == ("opus", "tier")


async def test_task_history_has_the_columns_of_the_seed(db_pool, recommend):
    row = await db_pool.fetchrow("SELECT * FROM task_history LIMIT 1")
    assert set(row.keys()) == {
        *("id", "created_at", "task_description", "task_embedding", "agent_used", "model_used", "success"),
        *("duration_ms", "error_message", "session_id", "parent_task_id"),
    }
    assert row["task_embedding"] is not None


async def test_the_tiers_are_those_of_the_seed(db_pool):
    tiers = {tier.agent_name: tier.default_model for tier in await model_tiers.listing(db_pool)}
    assert {name for name, model in tiers.items() if model == "haiku"} == FAST
    assert {name for name, model in tiers.items() if model == "opus"} == COMPLEX
    assert list(tiers.values()).count("sonnet") == 11
