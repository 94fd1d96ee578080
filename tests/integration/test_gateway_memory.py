"""The task memory of a running gateway: from told tasks to recommendations, task types and forgetting."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import httpx
import pytest
from tests.gateway_process import GatewayProcess
from tests.gateway_world import DIALECTS, KEYS, configuration
from tests.raw_upstream import RawUpstream
from tests.scratch import scratch_folder

from pointsman.client import Pointsman

SHY = '[agents.shy]\nlog_requests = false\n[memory]\nagents_dir = "specs"\n'
TOLD = (
    ("QA", "Write kalman filter tests", "sonnet", True),
    ("QA", "Write tests for the tokenizer", "haiku", False),
    ("COOK", "Bake a chocolate cake", "haiku", False),
)
Told = dict[str, Any]


@pytest.fixture
async def running(upstream: RawUpstream, database: str) -> AsyncIterator[GatewayProcess]:
    """A gateway that can read texts."""
    with scratch_folder() as folder:
        (folder / "specs").mkdir()
        (folder / "specs" / "QA.md").write_text("Writes unit tests and makes failing tests pass.")
        config = configuration(upstream.url, further=SHY)
        with GatewayProcess(folder, config, {**KEYS, "DATABASE_URL": database}) as process:
            process.read_in()
            yield process


def asked(process: GatewayProcess, path: str, body: Any = None, method: str = "GET") -> Any:
    url = f"{process.url}/api/v1{path}"
    answer = httpx.request("POST" if body else method, url, json=body, headers=process.admin, timeout=30)
    return answer.json()


async def until(check: Callable[[], Any]) -> None:
    async with asyncio.timeout(60):
        while not check():
            await asyncio.sleep(0.1)


def tell(process: GatewayProcess, agent: str = "ci") -> None:
    client = Pointsman(process.url, agent=agent)
    for used, title, model, success in TOLD:
        task = client.create_task(task_title=title, agent_used=used, assigned_model=model)
        assert client.task_outcome(task.id or "", success=success).status == 200


async def test_tasks_that_are_told_lead_to_recommendations_until_their_agent_is_forgotten(
    running: GatewayProcess,
) -> None:
    tell(running)
    await until(lambda: asked(running, "/status")["memory"]["tasks"] == 3)
    found = asked(running, "/recommend", {"task": "Write unit tests for the parser"})
    assert (found["agent"], found["model"], found["model_basis"]) == ("QA", "sonnet", "similar_tasks")
    await until(lambda: asked(running, "/gaps")["agents"])
    assert asked(running, "/gaps")["gaps"][0]["task_title"] == "Bake a chocolate cake"
    assert asked(running, "/agents/ci", method="DELETE")["rows"]["task_executions"] == 3
    await until(lambda: asked(running, "/status")["memory"]["tasks"] == 0)
    assert asked(running, "/recommend", {"task": "Write unit tests for the parser"})["similar"] == []


async def test_an_agent_that_opted_out_leaves_no_embedding(running: GatewayProcess, database: str) -> None:
    tell(running, "shy")
    tell(running)
    await until(lambda: asked(running, "/status")["memory"]["tasks"] == 3)
    connection = await asyncpg.connect(database)
    rows = await connection.fetch("SELECT agent_id FROM task_executions WHERE task_embedding IS NOT NULL")
    await connection.close()
    assert {row["agent_id"] for row in rows} == {"ci"}


async def ask(process: GatewayProcess, dialect: str, headers: Told, more: Told) -> int:
    form = DIALECTS[dialect]
    body = json.loads(form.body("steady-1", "Write unit tests for the parser")) | more
    async with httpx.AsyncClient() as client:
        answer = await client.post(process.url + form.path, json=body, headers={**form.headers, **headers})
    return answer.status_code


@pytest.mark.parametrize("dialect", ["openai_chat", "openai_responses", "anthropic"])
async def test_a_request_has_the_task_type_of_its_words_its_metadata_and_its_headers(
    running: GatewayProcess, dialect: str
) -> None:
    metadata = {"metadata": {"domain": "Data Science", "priority": "P0"}}
    header = {"x-pointsman-domain": "infrastructure"}
    for headers, more in (({}, {}), ({}, metadata), (header, metadata)):
        assert await ask(running, dialect, headers, more) == 200
    await until(lambda: len(asked(running, "/log")["attempts"]) == 3)
    types = [one["task_type"] for one in asked(running, "/log")["attempts"]]
    assert types == ["P0_infrastructure_simple", "P0_data_science_simple", "P2_testing_simple"]


async def test_a_header_that_is_no_label_is_refused(running: GatewayProcess) -> None:
    assert await ask(running, "openai_chat", {"x-pointsman-priority": "!"}, {}) == 400
