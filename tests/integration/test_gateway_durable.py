"""Kills and outages under load: every finished request is in the log exactly once.

POINTSMAN_OUTAGE_S sets how long the database is away, 5 seconds when not given.
"""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests.gateway_load import Load
from tests.gateway_process import NO_DATABASE, POINTSMAN, GatewayProcess
from tests.gateway_world import CHAT, KEYS, chat, close_wires, configuration, fresh, request, wire
from tests.raw_upstream import RawUpstream, silent_after, stream
from tests.scratch import free_port, scratch_folder

from pointsman.store.embedded import start

MODEL = "steady-0"
OUTAGE_S = float(os.environ.get("POINTSMAN_OUTAGE_S", "5"))


@pytest.fixture
def folder() -> Iterator[Path]:
    with scratch_folder() as made:
        yield made


@pytest.fixture
async def gateway(folder: Path, upstream: RawUpstream) -> AsyncIterator[GatewayProcess]:
    """A gateway with a database of its own, which is there."""
    with GatewayProcess(folder, configuration(upstream.url), KEYS) as running:
        await database_of(running)
        yield running
        await close_wires()


async def database_of(gateway: GatewayProcess) -> tuple[str, int]:
    """Address and process of the gateway's database, once it has loaded what there was."""
    told = gateway.home / "postgres" / "connection.json"
    async with asyncio.timeout(60):
        while True:
            if told.exists() and await loaded(gateway):
                found = json.loads(told.read_bytes())
                return found["dsn"], server_pid(gateway)
            await asyncio.sleep(0.05)


def server_pid(gateway: GatewayProcess) -> int:
    """The process of its PostgreSQL."""
    return int((gateway.home / "postgres/data/postmaster.pid").read_text().split("\n", 1)[0])


async def status(gateway: GatewayProcess) -> dict[str, Any]:
    one = await wire(gateway.port)
    one.send(request(b"", "/api/v1/status", gateway.admin, method="GET"))
    return json.loads((await one.answer()).body)


async def loaded(gateway: GatewayProcess) -> bool:
    found = await status(gateway)
    return found["loader"] is not None


async def logged(dsn: str, wanted: int) -> Counter[str]:
    """How many rows each completed request has in the log, once there are at least `wanted`."""
    deadline_s = time.monotonic() + 60
    while True:
        connection = await asyncpg.connect(dsn)
        try:
            rows = await connection.fetch("SELECT request_id FROM gateway_request_log")
        finally:
            await connection.close()
        if len(rows) >= wanted or time.monotonic() > deadline_s:
            return Counter(row["request_id"] for row in rows)
        await asyncio.sleep(0.1)


def check(load: Load, rows: Counter[str]) -> None:
    """Nothing is missing, nothing is there twice, and nothing that nobody asked for."""
    assert len(set(load.finished)) == len(load.finished)
    assert [found for found in load.finished if rows[found] != 1] == []
    assert max(rows.values()) == 1


async def test_kill_9_under_load_loses_no_finished_request_and_doubles_none(
    gateway: GatewayProcess,
) -> None:
    load = Load(gateway.port, MODEL)
    await load.count(400)
    await asyncio.to_thread(gateway.kill)
    await load.stop()
    await asyncio.to_thread(gateway.start)
    again = Load(gateway.port, MODEL)
    await again.count(100)
    await again.stop()
    assert not again.faults
    again.finished += load.finished
    dsn, _ = await database_of(gateway)
    rows = await logged(dsn, len(again.finished))
    check(again, rows)
    assert len(rows) - len(again.finished) <= 16  # answered, but the client had not read it all
    command = [str(POINTSMAN), "log", "--json", "-n", "100000"]
    environ = {**os.environ, "POINTSMAN_HOME": str(gateway.home)}
    shown = await asyncio.to_thread(subprocess.run, command, env=environ, capture_output=True, check=True)
    attempts = json.loads(shown.stdout)["attempts"]
    assert Counter(one["request_id"] for one in attempts) == rows


@pytest.mark.parametrize("how", ["stopped", "killed"])
async def test_without_the_database_no_client_sees_an_error_and_nothing_is_lost(
    gateway: GatewayProcess, how: str
) -> None:
    dsn, pid = await database_of(gateway)
    load = Load(gateway.port, MODEL, pause_s=0.01)
    await load.count(100)
    began_s = time.monotonic()
    if how == "stopped":
        os.kill(pid, signal.SIGSTOP)
        await asyncio.sleep(OUTAGE_S)
        os.kill(pid, signal.SIGCONT)
    else:
        while time.monotonic() - began_s < OUTAGE_S:
            with contextlib.suppress(ProcessLookupError, FileNotFoundError, ValueError):
                os.kill(server_pid(gateway), signal.SIGKILL)
            await asyncio.sleep(0.25)
    during = len(load.finished)
    await load.count(100)
    await load.stop()
    assert not load.faults
    assert load.begun == []
    assert during > 100
    rows = await logged_when_there(dsn, len(load.finished))
    check(load, rows)
    print(f"{how}: {len(load.finished)} requests, {during} until the database was back")


async def test_an_external_database_that_comes_later_gets_everything(
    folder: Path, upstream: RawUpstream
) -> None:
    port = free_port()
    url = f"postgresql://postgres@127.0.0.1:{port}/pointsman"
    with GatewayProcess(folder, configuration(upstream.url), {**KEYS, "DATABASE_URL": url}) as gateway:
        load = Load(gateway.port, MODEL)
        await load.count(100)
        settings = {"listen_addresses": "127.0.0.1", "port": str(port), "fsync": "off"}
        server = await start(folder / "server", settings={"shared_buffers": "16MB", **settings})
        await load.count(100)
        await load.stop()
        rows = await logged_when_there(url, len(load.finished))
        await close_wires()
    assert not load.faults
    check(load, rows)
    await server.stop()


async def logged_when_there(url: str, wanted: int) -> Counter[str]:
    async with asyncio.timeout(150):  # killed again and again, the server is given ever longer pauses
        while True:
            try:
                return await logged(url, wanted)
            except (OSError, asyncpg.PostgresError):
                await asyncio.sleep(0.2)


async def test_sigterm_lets_streams_end_takes_nobody_new_and_loads_the_journal(
    gateway: GatewayProcess, upstream: RawUpstream
) -> None:
    model = fresh("single")
    upstream.on("single", model, stream(20, pause_s=0.1))
    running = [asyncio.create_task(chat(gateway.port, model, f"{n}", stream=True)) for n in range(10)]
    async with asyncio.timeout(30):
        while len(upstream.for_model(model)) < 10:
            await asyncio.sleep(0.02)
    gateway.terminate()
    await refused_soon(gateway.port)
    replies = await asyncio.gather(*running)
    assert all(reply.whole and reply.body.endswith(b"data: [DONE]\n\n") for reply in replies)
    assert await asyncio.to_thread(gateway.wait) == 0
    assert gateway.journal() == []
    await asyncio.to_thread(gateway.start)
    dsn, _ = await database_of(gateway)
    assert set(await logged(dsn, 10)) == {reply.request_id for reply in replies}


@pytest.mark.parametrize("how", ["drain time over", "second signal"])
async def test_streams_that_cannot_end_in_time_are_told_and_journaled(
    folder: Path, upstream: RawUpstream, how: str
) -> None:
    config = configuration(upstream.url).replace("_timeout_s = 20", "_timeout_s = 1")
    if how == "second signal":
        config = configuration(upstream.url)
    gateway = GatewayProcess(folder, config, {**KEYS, "DATABASE_URL": NO_DATABASE})
    gateway.start()
    talking, silent = fresh("single"), fresh("single")
    upstream.on("single", talking, silent_after(3))
    upstream.on("single", silent, silent_after(None))
    talks = [asyncio.create_task(chat(gateway.port, talking, f"{n}", stream=True)) for n in range(5)]
    silences = [await wire(gateway.port) for _ in range(3)]
    for one in silences:
        one.send(request(CHAT.body(silent)))
    async with asyncio.timeout(30):
        while len(upstream.for_model(silent)) < 3 or len(upstream.for_model(talking)) < 5:
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.2)
    gateway.terminate()
    if how == "second signal":
        await refused_soon(gateway.port)
        gateway.terminate()
    told = await asyncio.gather(*talks)
    assert all(reply.whole and b"shutting down" in reply.body for reply in told)
    refused = [await one.answer() for one in silences]
    assert {(reply.status, reply.headers["retry-after"]) for reply in refused} == {(503, "1")}
    assert await asyncio.to_thread(gateway.wait) == 0
    rows = Counter((row.finish_state, row.error_code) for row in gateway.journal())
    assert rows == {("failed", "draining"): 8}
    await close_wires()


async def refused_soon(port: int) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                return
            writer.transport.abort()
            await asyncio.sleep(0.05)
