"""Checks of the configuration, the gateway and the database."""

import asyncio
import errno
import json
import socket
from collections.abc import Iterator

import asyncpg

from pointsman.cli.checks.finding import Finding, Situation
from pointsman.cli.gateway import Gateway, running
from pointsman.cli.options import Failed

PATIENCE_S = 5.0


def configuration(situation: Situation) -> Iterator[Finding]:
    """The configuration file."""
    where = str(situation.file) if situation.file else "no file, all defaults"
    if not situation.problems:
        yield Finding(check="configuration", verdict="ok", found=f"{where}: valid")
    for problem in situation.problems:
        remedy = f"Mend it in {where}." if situation.file else "Mend the environment variable."
        yield Finding(check="configuration", verdict="fail", found=problem, remedy=remedy)


def gateway(situation: Situation) -> Iterator[Finding]:
    """A gateway runs, or could listen."""
    try:
        found = running(situation.environ)
        state = found.ready()
        yield _gateway_state(found, state)
        return
    except Failed:
        pass
    server = situation.config.server
    try:
        _listen(server.host, server.port)
    except OSError as error:
        yield _port_taken(server.host, server.port, error)
    else:
        yield Finding(check="gateway", verdict="ok", found=f"not running; port {server.port} is free")


def _gateway_state(found: Gateway, state: object) -> Finding:
    ready = isinstance(state, dict) and state.get("ready")
    if ready:
        return Finding(check="gateway", verdict="ok", found=f"runs at {found.url}")
    remedy = "Give it a provider's key, an Ollama or a local model; see the checks below."
    return Finding(check="gateway", verdict="warn", found=f"{found.url} has no model", remedy=remedy)


def _listen(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))


def _port_taken(host: str, port: int, error: OSError) -> Finding:
    where = f"{host}:{port}"
    if error.errno == errno.EADDRINUSE:
        found, remedy = f"another program uses {where}", "Stop it, or choose: pointsman up --port PORT"
    else:
        found = f"cannot listen on {where}: {error.strerror or error}"
        remedy = "Set `host` and `port` under [server], or POINTSMAN_HOST and POINTSMAN_PORT."
    return Finding(check="gateway", verdict="fail", found=found, remedy=remedy)


def database(situation: Situation) -> Iterator[Finding]:
    """The database: the server of DATABASE_URL, or the embedded one."""
    url = situation.config.database_url(situation.environ)
    if url is not None:
        yield asyncio.run(_external(url))
        return
    data = situation.home / "postgres"
    try:
        dsn = json.loads((data / "connection.json").read_bytes())["dsn"]
    except (OSError, ValueError, KeyError, TypeError):
        found = (
            "embedded; it starts with the gateway" if data.exists() else "embedded; made at the first start"
        )
        yield Finding(check="database", verdict="ok", found=found)
        return
    yield asyncio.run(_embedded(dsn))


async def _external(url: str) -> Finding:
    try:
        connection = await asyncpg.connect(url, timeout=PATIENCE_S)
    except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return Finding(
            check="database",
            verdict="fail",
            found=f"the server of DATABASE_URL does not let us in: {error or type(error).__name__}",
            remedy="Start it, or mend DATABASE_URL; the gateway serves without it and journals meanwhile.",
        )
    try:
        version = await connection.fetchval("SHOW server_version")
        vector = await connection.fetchval(
            "SELECT default_version FROM pg_available_extensions WHERE name = 'vector'"
        )
    finally:
        await connection.close()
    if vector is None:
        remedy = "Install the extension pgvector on that server."
        return Finding(
            check="database", verdict="fail", found=f"PostgreSQL {version} has no pgvector", remedy=remedy
        )
    return Finding(check="database", verdict="ok", found=f"PostgreSQL {version} with pgvector {vector}")


async def _embedded(dsn: str) -> Finding:
    try:
        connection = await asyncpg.connect(dsn, timeout=PATIENCE_S)
    except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return Finding(
            check="database", verdict="ok", found="embedded; not running, it starts with the gateway"
        )
    await connection.close()
    return Finding(check="database", verdict="ok", found="embedded; runs")
