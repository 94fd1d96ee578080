"""The embedded PostgreSQL starts, is shared, ends with its owner, and comes back."""

import asyncio
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from tests.scratch import scratch_folder

from pointsman.store import embedded
from pointsman.store.embedded import EmbeddedServer, start
from pointsman.store.errors import EmbeddedFailed
from pointsman.store.postmaster import answers
from pointsman.store.processes import state_of

SMALL = {"shared_buffers": "16MB"}
OWN = """
import asyncio, sys
from pathlib import Path
from pointsman.store.embedded import start

async def main():
    server = await start(Path(sys.argv[1]), settings={"shared_buffers": "16MB"})
    print(server.owner, server.pid, server.dsn, flush=True)
    if len(sys.argv) > 2:
        await server.stop()
    else:
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
def fresh_home() -> Iterator[Path]:
    """A home where no server ever ran."""
    with scratch_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def used_home() -> Iterator[Path]:
    with scratch_folder() as folder:
        subprocess.run([sys.executable, "-c", OWN, str(folder), "stop"], check=True, capture_output=True)
        yield folder


@pytest.fixture
def home(fresh_home: Path, used_home: Path) -> Path:
    """A home where a server has run and was stopped; a copy, since that is quicker than making one."""
    subprocess.run(["cp", "-a", used_home / "postgres", fresh_home], check=True)
    return fresh_home


@pytest.fixture
async def server(home: Path) -> AsyncIterator[EmbeddedServer]:
    running = await start(home, settings=SMALL)
    yield running
    await running.stop()


def owner_process(home: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", OWN, str(home)], stdout=subprocess.PIPE)


def said(process: "subprocess.Popen[bytes]") -> tuple[bool, int, str]:
    assert process.stdout is not None
    owner, pid, dsn = process.stdout.readline().decode().split()
    return owner == "True", int(pid) if pid != "None" else 0, dsn


async def gone(pid: int) -> None:
    async with asyncio.timeout(30):
        while state_of(pid) not in ("", "Z"):
            await asyncio.sleep(0.01)


async def back(dsn: str) -> None:
    async with asyncio.timeout(30):
        while not await answers(dsn):
            await asyncio.sleep(0.02)


async def run(dsn: str, sql: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def test_what_was_written_is_there_after_a_stop_and_a_start(fresh_home: Path) -> None:
    first = await start(fresh_home, settings=SMALL)
    await run(first.dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
    await first.stop()
    assert not await answers(first.dsn)
    second = await start(fresh_home, settings=SMALL)
    assert await run(second.dsn, "SELECT answer FROM kept") == 42
    await second.stop()


async def test_the_server_has_pgvector(server: EmbeddedServer) -> None:
    assert await run(server.dsn, "SELECT count(*) FROM pg_available_extensions WHERE name = 'vector'") == 1


async def test_the_server_does_not_run_as_root(server: EmbeddedServer) -> None:
    assert server.pid is not None
    assert Path(f"/proc/{server.pid}").stat().st_uid != 0


async def test_the_server_listens_on_no_network(server: EmbeddedServer) -> None:
    assert await run(server.dsn, "SHOW listen_addresses") == ""


async def test_only_its_user_reaches_the_socket(server: EmbeddedServer) -> None:
    sockets = Path(str(await run(server.dsn, "SHOW unix_socket_directories")))
    assert sockets.stat().st_mode & 0o777 == 0o700


async def test_stopping_twice_does_nothing(home: Path) -> None:
    running = await start(home, settings=SMALL)
    await running.stop()
    await running.stop()
    assert not running.owner


async def test_kill_9_of_the_owner_ends_the_server_and_the_next_start_recovers(home: Path) -> None:
    with owner_process(home) as owner:
        _, pid, dsn = said(owner)
        await run(dsn, "CREATE TABLE kept AS SELECT 1 AS answer")
        owner.kill()
        await gone(pid)
    again = await start(home, settings=SMALL)
    assert await run(again.dsn, "SELECT answer FROM kept") == 1
    await again.stop()


async def test_kill_9_of_owner_and_server_at_once_loses_nothing_committed(home: Path) -> None:
    with owner_process(home) as owner:
        _, pid, dsn = said(owner)
        await run(dsn, "CREATE TABLE kept AS SELECT 1 AS answer")
        os.kill(pid, signal.SIGKILL)
        owner.kill()
        await gone(pid)
    again = await start(home, settings=SMALL)
    assert await run(again.dsn, "SELECT answer FROM kept") == 1
    await again.stop()


async def test_a_second_process_attaches(home: Path, server: EmbeddedServer) -> None:
    with owner_process(home) as second:
        owner, _, dsn = said(second)
        assert (owner, dsn) == (False, server.dsn)
        second.kill()
    assert await run(server.dsn, "SELECT 1") == 1


async def test_of_several_starting_at_once_one_owns_the_server(home: Path) -> None:
    with owner_process(home) as one, owner_process(home) as two, owner_process(home) as three:
        told = [said(process) for process in (one, two, three)]
        assert sorted(owner for owner, _, _ in told) == [False, False, True]
        assert len({dsn for _, _, dsn in told}) == 1
        for process in (one, two, three):
            process.kill()
        await gone(max(pid for _, pid, _ in told))


async def test_an_attached_process_takes_over_when_the_owner_ends(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "TEND_EVERY_S", 0.05)
    with owner_process(home) as owner:
        said(owner)
        attached = await start(home, settings=SMALL)
        assert not attached.owner
        owner.kill()
    async with asyncio.timeout(30):
        while not attached.owner:
            await asyncio.sleep(0.02)
    assert await run(attached.dsn, "SELECT 1") == 1
    await attached.stop()


async def test_a_killed_server_is_started_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "TEND_EVERY_S", 0.05)
    running = await start(home, settings=SMALL)
    killed = running.pid
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    await gone(killed)
    await back(running.dsn)
    assert running.pid != killed
    await running.stop()


async def test_a_folder_with_a_long_and_odd_name_works(fresh_home: Path) -> None:
    running = await start(fresh_home / ("long name, ünd " * 8), settings=SMALL)
    assert await run(running.dsn, "SELECT 1") == 1
    await running.stop()


async def test_a_home_that_only_its_owner_may_enter_works(home: Path) -> None:
    home.chmod(0o700)
    running = await start(home, settings=SMALL)
    assert await run(running.dsn, "SELECT 1") == 1
    await running.stop()
    assert home.stat().st_mode & 0o777 == 0o700


async def test_data_of_another_major_version_is_refused_with_what_to_do(home: Path) -> None:
    running = await start(home, settings=SMALL)
    await running.stop()
    (home / "postgres" / "data" / "PG_VERSION").write_text("11\n")
    with pytest.raises(EmbeddedFailed, match="pg_dump"):
        await start(home)


async def test_a_start_that_fails_says_what_the_server_said(home: Path) -> None:
    with pytest.raises(EmbeddedFailed, match="shared_buffers"):
        await start(home, settings={"shared_buffers": "nonsense"})
    running = await start(home, settings=SMALL)
    await running.stop()


async def test_a_half_made_data_folder_is_made_anew(fresh_home: Path) -> None:
    leftover = fresh_home / "postgres" / "data.new999"
    leftover.mkdir(parents=True)
    (leftover / "PG_VERSION").write_text("18")
    running = await start(fresh_home, settings=SMALL)
    assert not leftover.exists()
    await running.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_runs_the_server_too(fresh_home: Path) -> None:
    user = pwd.getpwnam("daemon")
    os.chown(fresh_home, user.pw_uid, user.pw_gid)
    step_down = f"os.setgroups([]); os.setgid({user.pw_gid}); os.setuid({user.pw_uid})"
    step_down = f"import os, concurrent.futures.thread; {step_down}"
    script = OWN.replace("asyncio.run", f"{step_down}\nasyncio.run")  # the interpreter itself may be root's
    command = [sys.executable, "-c", script, str(fresh_home), "stop"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", timeout=60)
    assert done.stdout.startswith("True "), done.stderr
    assert (fresh_home / "postgres" / "data").stat().st_uid == user.pw_uid
