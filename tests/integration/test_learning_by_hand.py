"""`pointsman learn` without a gateway, beside whoever else uses the database of that home."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

from tests.gateway_process import POINTSMAN
from tests.scratch import scratch_folder

from pointsman.store import learned
from pointsman.store.database import open_database
from pointsman.store.folders import folders_under
from pointsman.store.pool import Connection, connect

PATIENCE_S = 60.0


async def learning_in(home: Path) -> Process:
    words = (sys.executable, str(POINTSMAN), "learn", "--all", "--json")
    return await asyncio.create_subprocess_exec(
        *words, env={**os.environ, "POINTSMAN_HOME": str(home)}, stdout=PIPE, stderr=PIPE
    )


async def asks_for_its_turn(connection: Connection) -> bool:
    return await connection.fetchval(
        "SELECT count(*) > 0 FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND query LIKE '%pointsman.learning%'"
    )


async def test_one_goes_on_when_the_other_that_ran_the_server_ends():
    with scratch_folder() as home:
        first = await open_database(home, None)
        assert first.embedded is not None
        assert first.embedded.owner
        connection = await connect(first.dsn)
        assert await learned.try_lease(connection)
        second = await learning_in(home)
        async with asyncio.timeout(PATIENCE_S):
            while not await asks_for_its_turn(connection):
                await asyncio.sleep(0.02)
        await first.embedded.stop()
        connection.terminate()
        out, err = await second.communicate()
        await first.close()
        assert second.returncode == 0, err.decode()
        assert [one["error"] for one in json.loads(out)["phases"]] == [None] * 5
        assert not folders_under(home).connection.exists()
