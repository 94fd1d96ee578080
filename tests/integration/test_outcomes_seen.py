"""A scripted session over the running gateway leaves the outcomes that its traffic shows."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.gateway_process import GatewayProcess
from tests.gateway_world import KEYS, ask, close_wires, configuration, fresh
from tests.raw_upstream import DONE, STREAM_HEAD, Asked, Line, RawUpstream

from pointsman.core.outcomes import OutcomeRecord

RED = "Exit code: 1\nOutput:\n==== 1 failed in 0.10s ===="
GREEN = "Exit code: 0\nOutput:\n==== 1 passed in 0.10s ===="
SECRET = "the-word-nobody-may-keep"
TOOLS = [{"type": "function", "function": {"name": "shell", "parameters": {"type": "object"}}}]


def event(asked: Asked, delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"role": "assistant", **delta}, "finish_reason": finish}
    kept = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": asked.model}
    return b"data: %s\n\n" % json.dumps({**kept, "choices": [choice]}).encode()


def streams(delta: dict[str, Any], finish: str) -> Callable[[Line], Awaitable[None]]:
    async def behave(line: Line) -> None:
        await line.send(STREAM_HEAD)
        await line.chunk(event(line.asked, delta))
        await line.chunk(event(line.asked, {}, finish) + DONE)
        await line.send(b"0\r\n\r\n")

    return behave


def calls(call_id: str, **arguments: str) -> Callable[[Line], Awaitable[None]]:
    function = {"name": "shell", "arguments": json.dumps(arguments)}
    return streams(
        {"tool_calls": [{"index": 0, "id": call_id, "type": "function", "function": function}]}, "tool_calls"
    )


def says(text: str) -> Callable[[Line], Awaitable[None]]:
    return streams({"content": text}, "stop")


class Session:
    """An agent that keeps its history, as coding agents do."""

    def __init__(self, port: int, model: str) -> None:
        self.port, self.model = port, model
        self.history: list[dict[str, Any]] = [{"role": "user", "content": f"Fix it, {SECRET}"}]

    async def send(self) -> str:
        """Asks; the request's id."""
        body = {"model": self.model, "messages": self.history, "tools": TOOLS, "stream": True}
        headers = {"x-agent-id": "scripted"}
        reply = await ask(self.port, json.dumps(body).encode(), headers=headers)
        assert reply.status == 200
        return reply.request_id

    def called(self, call_id: str, command: str, result: str) -> None:
        function = {"name": "shell", "arguments": json.dumps({"command": command})}
        call = {"id": call_id, "type": "function", "function": function}
        self.history.append({"role": "assistant", "content": None, "tool_calls": [call]})
        self.history.append({"role": "tool", "tool_call_id": call_id, "content": result})


async def play(port: int, upstream: RawUpstream) -> list[str]:
    """Red tests, an edit, green tests, an answer, and a correction; the ids of the requests."""
    model = fresh("single")
    answer = f"It is fixed, and all tests are green now: {SECRET}."
    pytest_again = calls("call_b", command="pytest")
    edit = calls("call_e", command="sed -i s/a/b/ a.py")
    steps = [calls("call_a", command="pytest"), edit, pytest_again, says(answer), says("Oh")]
    upstream.on("single", model, *steps)
    one = Session(port, model)
    ids = [await one.send()]
    one.called("call_a", "pytest", RED)
    ids.append(await one.send())
    one.called("call_e", "sed -i s/a/b/ a.py", "Exit code: 0\nOutput:\n")
    ids.append(await one.send())
    one.called("call_b", "pytest", GREEN)
    ids.append(await one.send())
    one.history += [
        {"role": "assistant", "content": answer},
        {"role": "user", "content": f"No, that is wrong {SECRET}"},
    ]
    return [*ids, await one.send()]


def found(told: list[OutcomeRecord], ids: list[str]) -> list[tuple[int, str, str, float | None]]:
    return [(ids.index(e.decision_id), e.signal, e.detail, e.label) for e in told if e.decision_id in ids]


EXPECTED = [
    (0, "tests_turned", "first_red", 0.0),
    (1, "tool_result", "ok", 1.0),
    (1, "tests_turned", "red_to_green", 1.0),
    (1, "verdict", "correction", 0.0),
]


async def test_a_session_leaves_its_outcomes_in_the_journal(
    gateway: GatewayProcess, port: int, upstream: RawUpstream
) -> None:
    ids = await play(port, upstream)
    for _ in range(100):
        told = gateway.outcomes()
        if len(found(told, ids)) >= len(EXPECTED):
            break
        await asyncio.sleep(0.05)
    assert found(told, ids) == EXPECTED
    assert {one.target.partition("/")[0] for one in told if one.decision_id in ids} == {"single"}
    journal = b"".join(path.read_bytes() for path in (gateway.home / "journal").rglob("*.pmj"))
    assert SECRET.encode() not in journal


async def test_a_session_is_told_by_the_api_once_it_is_in_the_database(
    tmp_path: Path, upstream: RawUpstream, database: str
) -> None:
    config = configuration(upstream.url)
    with GatewayProcess(tmp_path, config, {**KEYS, "DATABASE_URL": database}) as running:
        ids = await play(running.port, upstream)
        await close_wires()
        told = await until_told(running, ids[1], 3)
    assert ("verdict", "correction") in [(one["signal"], one["detail"]) for one in told["outcomes"]]
    assert told["outcomes"][0]["delay_ms"] >= 0


async def until_told(gateway: GatewayProcess, request_id: str, least: int = 1) -> dict[str, Any]:
    """What the API tells of a request, as soon as it knows that many outcomes."""
    async with httpx.AsyncClient(base_url=gateway.url, headers=gateway.admin) as client:
        for _ in range(200):
            answer = await client.get(f"/api/v1/requests/{request_id}")
            if answer.status_code == 200 and len(answer.json()["outcomes"]) >= least:
                return dict(answer.json())
            await asyncio.sleep(0.1)
    pytest.fail("no outcome was told")


async def test_results_are_joined_after_a_restart(
    tmp_path: Path, upstream: RawUpstream, database: str
) -> None:
    model = fresh("single")
    upstream.on("single", model, calls("call_7Qx81Tz2", command="make"), says("I see."))
    config = configuration(upstream.url)
    environ = {**KEYS, "DATABASE_URL": database}
    with GatewayProcess(tmp_path, config, environ) as before:
        one = Session(before.port, model)
        first = await one.send()
    with GatewayProcess(tmp_path, config, environ) as after:
        one.port = after.port
        one.called("call_7Qx81Tz2", "make", "Exit code: 2\nno rule")
        await database_there(after)
        await one.send()
        told = await until_told(after, first)
    assert [(o["signal"], o["detail"]) for o in told["outcomes"]] == [("tool_result", "command_failed")]


async def database_there(gateway: GatewayProcess) -> None:
    """Waits until the gateway has its database."""
    async with httpx.AsyncClient(base_url=gateway.url, headers=gateway.admin) as client:
        for _ in range(200):
            if (await client.get("/api/v1/log")).status_code == 200:
                return
            await asyncio.sleep(0.1)
