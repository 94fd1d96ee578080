"""Checks of the configuration and of whom Pointsman talks to."""

import asyncio
import errno
import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import asyncpg

from pointsman.app.config import ProviderConfig
from pointsman.cli.checks.finding import Finding, Situation
from pointsman.cli.gateway import Gateway, running
from pointsman.cli.options import Failed
from pointsman.gateway.providers import PROVIDERS
from pointsman.gateway.providers.address import base_url_of
from pointsman.gateway.providers.base import Provider
from pointsman.gateway.providers.custom import custom

PATIENCE_S = 5.0
IN_PROCESS = "local"
"""The provider that Pointsman runs itself."""


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


def providers(situation: Situation) -> Iterator[Finding]:
    """Each provider: whether its key is there, and whether it answers to it."""
    config = situation.config.providers
    names = [*PROVIDERS, *[name for name in config if name not in PROVIDERS]]
    wanted = [name for name in names if name != IN_PROCESS]
    with ThreadPoolExecutor(max_workers=8) as threads:
        found = threads.map(lambda name: _provider(name, config.get(name), situation), wanted)
        findings = list(found)
    yield from findings
    if not any(finding.verdict == "ok" and finding.remedy == "" for finding in findings):
        remedy = "Set a provider's key such as OPENAI_API_KEY, or start Ollama; else only local models serve."
        yield Finding(check="providers", verdict="warn", found="no provider is ready", remedy=remedy)


def _provider(name: str, config: ProviderConfig | None, situation: Situation) -> Finding:
    check = f"provider {name}"
    if config is not None and not config.enabled:
        return Finding(check=check, verdict="ok", found="turned off", remedy="Nothing, if that is wanted.")
    provider = _facts(name, config)
    key_env = (config.key_env if config else None) or provider.key_env
    key = situation.environ.get(key_env, "").strip() if key_env else ""
    if key_env and not key:
        return Finding(
            check=check,
            verdict="warn" if config is not None else "ok",
            found="no key",
            remedy=f"Set {key_env} to use it.",
        )
    try:
        url = _base_url(provider, config, situation) + provider.models_path
        status = _status_of(url, _headers(provider, key), verify=config is None or config.verify_tls)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return _unreachable(check, provider, config, str(error) or type(error).__name__)
    return _answered(check, url, status, key_env)


def _facts(name: str, config: ProviderConfig | None) -> Provider:
    if name in PROVIDERS:
        return PROVIDERS[name]
    base_url = (config.base_url if config else None) or ""
    return custom(name, base_url, config.dialects if config else ())


def _base_url(provider: Provider, config: ProviderConfig | None, situation: Situation) -> str:
    written = config.base_url if config else None
    if not written and provider.base_url_env:
        written = situation.environ.get(provider.base_url_env, "").strip()
    return base_url_of(provider, written or provider.base_url)


def _headers(provider: Provider, key: str) -> dict[str, str]:
    headers = {**provider.headers, "accept": "application/json"}
    if key:
        headers[provider.auth_header] = provider.auth_prefix + key
    return headers


def _status_of(url: str, headers: dict[str, str], *, verify: bool) -> int:
    parts = urlsplit(url)
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        if not verify:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(
            parts.hostname or "", parts.port, timeout=PATIENCE_S, context=context
        )
    else:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE_S)
    try:
        connection.request("GET", f"{parts.path}{'?' + parts.query if parts.query else ''}", headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def _unreachable(check: str, provider: Provider, config: ProviderConfig | None, why: str) -> Finding:
    if provider.local and config is None:
        return Finding(check=check, verdict="ok", found="not running", remedy="Start it to use it.")
    remedy = "Check the network, the proxy and the provider's `base_url`."
    return Finding(check=check, verdict="warn", found=f"cannot be reached: {why}", remedy=remedy)


def _answered(check: str, url: str, status: int, key_env: str | None) -> Finding:
    host = urlsplit(url).netloc
    if status < 300:
        return Finding(check=check, verdict="ok", found=f"{host} answers")
    if status in (401, 403):
        remedy = f"Put a valid key into {key_env}." if key_env else "Name its key's variable in `key_env`."
        return Finding(check=check, verdict="warn", found=f"{host} refuses the key ({status})", remedy=remedy)
    remedy = "Check its `base_url`, or wait if it is down."
    return Finding(check=check, verdict="warn", found=f"{host} answers {status}", remedy=remedy)
