"""What agents report to a gateway whose database is away is there when it comes back."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from tests.gateway_process import NO_DATABASE, GatewayProcess
from tests.gateway_world import KEYS, chat, close_wires, configuration, request, wire
from tests.raw_upstream import RawUpstream
from tests.scratch import scratch_folder

from pointsman.client import Pointsman

WANTED = "SELECT count(*) FROM feedback WHERE state = 'applied'"


@pytest.fixture
def folder() -> Iterator[Path]:
    with scratch_folder() as made:
        yield made


def gateway_in(folder: Path, upstream: RawUpstream, database_url: str) -> GatewayProcess:
    return GatewayProcess(folder, configuration(upstream.url), {**KEYS, "DATABASE_URL": database_url})


async def until(dsn: str, question: str, wanted: object) -> None:
    """Waits until the database gives this answer."""
    connection = await asyncpg.connect(dsn)
    try:
        async with asyncio.timeout(60):
            while await connection.fetchval(question) != wanted:
                await asyncio.sleep(0.1)
    finally:
        await connection.close()


async def test_nothing_is_lost_while_the_database_is_away_and_the_gateway_is_killed(
    folder: Path, upstream: RawUpstream, database: str
) -> None:
    alone = gateway_in(folder, upstream, NO_DATABASE)
    alone.start()
    reply = await chat(alone.port, "steady-1", x_agent_id="ci")
    await close_wires()
    assert reply.status == 200, reply.body
    agent = Pointsman(alone.url, agent="ci")
    assert agent.feedback(reply.request_id, "success", quality=9).status == 202
    assert agent.thumbs(reply.request_id, False).status == 202
    assert agent.feedback(reply.request_id, "success", quality=9).status == 202
    assert agent.feedback(reply.request_id, "error").status == 409
    task = agent.create_task(task_id="T-1", domain="code")
    assert (task.status, task.id is not None) == (202, True)
    told = agent.task_outcome(task.id or "", success=True, request_ids=[reply.request_id])
    assert told.status == 202
    assert agent.get_task(task.id or "").status == 503
    alone.kill()

    with gateway_in(folder, upstream, database) as back:
        await until(database, WANTED, 2)
        await until(database, "SELECT count(*) FROM task_executions WHERE actual_cost >= 0", 1)
        again = Pointsman(back.url, agent="ci")
        found = again.get_task(task.id or "").body
        assert (found["success"], found["assigned_model"]) == (True, "steady-1")
        assert again.create_task(task_id="T-1", domain="code").id == task.id
        assert again.create_task(task_id="T-1", domain="prose").status == 409
        assert again.feedback(reply.request_id, "error").status == 409
        await until(database, "SELECT outcome FROM gateway_request_log", "user_rejected")


async def test_keys_decide_who_may_report(folder: Path, upstream: RawUpstream, database: str) -> None:
    with gateway_in(folder, upstream, database) as gateway:
        await until(database, "SELECT count(*) FROM policy_snapshots", 1)
        secret = await made_key(gateway, agent="codex")
        reply = await chat(gateway.port, "steady-2", authorization=f"Bearer {secret}")
        await close_wires()
        codex, other = (Pointsman(gateway.url, secret, name) for name in ("codex", "ci"))
        assert codex.thumbs(reply.request_id, True).status == 202
        assert other.thumbs(reply.request_id, True).status == 403
        assert Pointsman(gateway.url, "pm-made-up", "codex").thumbs(reply.request_id, True).status == 401
        task = codex.create_task(task_title="Mine")
        assert codex.get_task(task.id or "").body["agent"] == "codex"
        thief = Pointsman(gateway.url, await made_key(gateway, agent="thief"), "thief")
        assert thief.get_task(task.id or "").status == 404
        assert thief.task_outcome(task.id or "", success=False).status == 404
        await until(database, WANTED, 1)
        told = await get(gateway, "/api/v1/agents/codex")
        assert told["user_satisfaction"]["steady-2"]["user_satisfaction"] == 1.0


async def made_key(gateway: GatewayProcess, **wanted: str) -> str:
    found = await ask_control(gateway, "POST", "/api/v1/keys", {"name": "k", **wanted})
    return str(found["secret"])


async def get(gateway: GatewayProcess, path: str) -> dict[str, object]:
    return await ask_control(gateway, "GET", path, None)


async def ask_control(gateway: GatewayProcess, method: str, path: str, body: object) -> dict[str, object]:
    text = b"" if body is None else json.dumps(body).encode()
    one = await wire(gateway.port)
    one.send(request(text, path, {**gateway.admin, "content-type": "application/json"}, method=method))
    try:
        return dict(json.loads((await one.answer()).body))
    finally:
        one.close()
