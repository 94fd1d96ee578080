"""The task memory's commands over a control API with a real database."""

import asyncio
import json

import pytest
from click.testing import CliRunner
from tests.integration.test_cli import served
from tests.memory_world import Words, a_task
from tests.plain_control import TOKEN, PlainControl

from pointsman.cli.group import main
from pointsman.memory import agents, history

EMBEDDER = Words()


@pytest.fixture
async def run(db_pool, tmp_path, monkeypatch):
    """Runs commands as a user would, beside the API."""
    monkeypatch.setenv("POINTSMAN_HOME", str(tmp_path))
    monkeypatch.setenv("POINTSMAN_ADMIN_TOKEN", TOKEN)
    control = PlainControl(db_pool)
    control.memory.load(EMBEDDER)

    async def invoke(*arguments, text=None):
        words = [str(one) for one in arguments]
        return await asyncio.to_thread(CliRunner().invoke, main, words, input=text)

    async with served(control) as url:
        monkeypatch.setenv("POINTSMAN_URL", url)
        yield invoke


@pytest.fixture
async def tasks(db_pool):
    for task in (
        a_task("write kalman tests"),
        a_task("write tests", assigned_model="opus"),
        a_task("bake", success=False),
    ):
        places = ", ".join(f"${number}" for number in range(1, len(task) + 1))
        await db_pool.execute(
            f"INSERT INTO task_executions ({', '.join(task)}) VALUES ({places})", *task.values()
        )
    await history.embed_missing(db_pool, history.Scribe(EMBEDDER), lambda agent: True)


async def test_a_recommendation_is_told_with_its_evidence(run, tasks):
    told = (await run("recommend", "write ecological tests")).stdout
    assert all(word in told for word in ("QA_TESTER", "sonnet", "RELIABILITY", "write kalman tests"))
    found = json.loads((await run("recommend", "write tests", "--model", "opus", "--json")).stdout)
    assert found["model"] == "opus"


async def test_a_recommendation_without_evidence_says_so(run):
    assert "is the agent's tier" in (await run("recommend", "hello", "--agent", "DBA")).stdout


async def test_gaps_need_specifications_and_name_the_nearest(run, tasks, db_pool, tmp_path):
    assert "agents_dir" in (await run("gaps")).stdout
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "QA_TESTER.md").write_text("write tests")
    await agents.refresh(db_pool, EMBEDDER, tmp_path / "specs")
    told = (await run("gaps")).stdout
    assert "bake" in told
    assert "kalman" not in told
    assert json.loads((await run("gaps", "--threshold", "1.9", "--json")).stdout)["gaps"] == []


async def test_tiers_are_shown_set_and_removed(run):
    assert "COORD_*" in (await run("tiers")).stdout
    assert "haiku" in (await run("tiers", "set", "MY_BOT", "haiku", "--notes", "small")).stdout
    tiers = json.loads((await run("tiers", "--json")).stdout)["tiers"]
    assert [one["notes"] for one in tiers if one["agent_name"] == "MY_BOT"] == ["small"]
    assert "no tier any more" in (await run("tiers", "remove", "MY_BOT")).stdout
    assert (await run("tiers", "remove", "MY_BOT")).exit_code == 1


async def test_agents_are_assigned_from_options_a_file_or_standard_input(run, tmp_path):
    told = (await run("assign", "--agents", "a,b", "--models", "gpt-x,qwen", "--capacity", "gpt-x=1")).stdout
    assert [line.split()[:2] for line in told.splitlines()[1:]] == [
        ["a", "openai/gpt-x"],
        ["b", "ollama/qwen"],
    ]
    (tmp_path / "team.json").write_text('{"agents": ["a", "b", "c"], "capacities": {"qwen": 0, "gpt-x": 2}}')
    assert "Without a model: c" in (await run("assign", tmp_path / "team.json")).stdout
    found = await run("assign", "-", "--json", text='{"agents": ["a"]}')
    assert json.loads(found.stdout)["assignments"][0]["agent_id"] == "a"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [([], 2), (["--agents", "a", "--capacity", "x"], 2), (["--agents", "a", "--models", "no"], 1)],
)
async def test_an_assignment_of_nobody_or_to_nothing_is_refused(run, arguments, code):
    assert (await run("assign", *arguments)).exit_code == code


async def test_agents_by_their_use(run, tasks):
    assert "DBA" in (await run("agents", "--unused")).stdout.split()
    assert "QA_TESTER" not in (await run("agents", "--unused")).stdout.split()
    assert "No agent did more than 50 tasks" in (await run("agents", "--overloaded", "--days", "7")).stdout


async def test_an_agent_is_forgotten_after_a_yes(run, tasks, db_pool):
    assert (await run("agents", "forget", "ci", text="n\n")).exit_code == 1
    assert await db_pool.fetchval("SELECT count(*) FROM task_executions") == 3
    assert "3 rows erased" in (await run("agents", "forget", "ci", text="y\n")).stdout
    assert await db_pool.fetchval("SELECT count(*) FROM task_executions") == 0
    assert (await run("agents", "forget", "ci", "--yes")).exit_code == 1


async def test_an_agents_id_still_shows_it(run):
    assert json.loads((await run("agents", "ci-bot", "--json")).stdout)["id"] == "ci-bot"
    assert json.loads((await run("agents", "show", "ci-bot", "--json")).stdout)["id"] == "ci-bot"


async def test_an_agent_is_shown_with_what_its_users_think(run, db_pool):
    await db_pool.execute("INSERT INTO user_satisfaction VALUES ('ci-bot', 'gpt-x', 3, 1, DEFAULT, now())")
    lines = (await run("agents", "ci-bot")).stdout.splitlines()
    (shown,) = [line.split() for line in lines if line.startswith("gpt-x ")]
    assert shown[-1] == "0.75"
    assert lines[-1].startswith("Learning is held back: ")
