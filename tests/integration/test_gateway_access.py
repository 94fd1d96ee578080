"""Who may use a gateway that other machines can reach, and what a new configuration changes while it runs."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import pytest
from tests.gateway_load import Load
from tests.gateway_process import NO_DATABASE, GatewayProcess
from tests.gateway_world import (
    CHAT,
    DIALECTS,
    KEYS,
    Reply,
    ask,
    close_wires,
    configuration,
    fresh,
    message_of,
    request,
    wire,
)
from tests.raw_upstream import RawUpstream, silent_after, stream
from tests.scratch import scratch_folder

OPEN_SERVER = """
[local]
enabled = false
[server]
host = "0.0.0.0"
allow_beyond_loopback = true
"""
PRICED = """
[models."single-*"]
price_usd_per_million = {input = 1000.0, output = 1000.0}
"""


@pytest.fixture(scope="module")
def shared(upstream: RawUpstream) -> Iterator[GatewayProcess]:
    with scratch_folder() as folder:
        config = configuration(upstream.url, OPEN_SERVER, PRICED)
        with GatewayProcess(folder, config, KEYS) as running:
            yield running


@pytest.fixture
async def reachable(shared: GatewayProcess) -> AsyncIterator[GatewayProcess]:
    """A gateway on all addresses, with its database."""
    async with asyncio.timeout(60):
        while (await control(shared, "GET", "/keys")).status == 503:
            await asyncio.sleep(0.05)
    yield shared
    await close_wires()
    assert "met a bug" not in shared.logged()


async def control(gateway: GatewayProcess, method: str, path: str, body: Any = None) -> Reply:
    """A request to the control API, with its token."""
    one = await wire(gateway.port)
    headers = {**gateway.admin, "content-type": "application/json"}
    text = b"" if body is None else json.dumps(body).encode()
    one.send(request(text, f"/api/v1{path}", headers, method=method))
    return await one.answer(method)


async def get(gateway: GatewayProcess, path: str, headers: Mapping[str, str] | None = None) -> Reply:
    one = await wire(gateway.port)
    one.send(request(b"", path, headers, method="GET"))
    return await one.answer()


async def new_key(gateway: GatewayProcess, **wanted: Any) -> tuple[str, dict[str, str]]:
    """A new key: its id, and the header that shows it."""
    reply = await control(gateway, "POST", "/keys", {"name": "ci", **wanted})
    made = json.loads(reply.body)
    assert reply.status == 201, made
    return made["id"], {"authorization": f"Bearer {made['secret']}"}


async def asked_with(gateway: GatewayProcess, headers: Mapping[str, str], model: str = "") -> Reply:
    return await ask(gateway.port, CHAT.body(model or fresh("single")), CHAT.path, headers)


def code_of(reply: Reply) -> tuple[int, str]:
    return reply.status, json.loads(reply.body)["error"]["code"]


# Beyond loopback


def test_other_machines_are_not_served_by_accident(upstream: RawUpstream) -> None:
    with scratch_folder() as folder:
        environ = {**KEYS, "DATABASE_URL": NO_DATABASE}
        gateway = GatewayProcess(folder, configuration(upstream.url), environ)
        gateway.launch("--host", "0.0.0.0")
        assert gateway.wait() == 1
        assert "allow_beyond_loopback" in gateway.said()


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("wrong", [{}, {"authorization": "Bearer pm-made-up"}, {"x-api-key": "sk-else"}])
async def test_without_a_key_nobody_is_served(
    reachable: GatewayProcess, upstream: RawUpstream, dialect: str, wrong: dict[str, str]
) -> None:
    model, spoken = fresh("single"), DIALECTS[dialect]
    reply = await ask(reachable.port, spoken.body(model), spoken.path, {**spoken.headers, **wrong})
    assert reply.status == 401
    assert "key" in message_of(dialect, reply.body)
    assert not upstream.for_model(model)


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/single-1", "/api/tags", "/api/ps"])
async def test_pages_need_a_key_too(reachable: GatewayProcess, path: str) -> None:
    assert (await get(reachable, path)).status == 401
    _, key = await new_key(reachable)
    assert (await get(reachable, path, key)).status == 200


@pytest.mark.parametrize("path", ["/", "/api/version", "/api/hello", "/healthz", "/readyz"])
async def test_probes_are_open(reachable: GatewayProcess, path: str) -> None:
    assert (await get(reachable, path)).status == 200


@pytest.mark.parametrize("path", ["/status", "/log", "/keys", "/models", "/openapi.json"])
async def test_the_control_api_is_closed_without_its_token(reachable: GatewayProcess, path: str) -> None:
    assert (await get(reachable, f"/api/v1{path}")).status == 401
    _, key = await new_key(reachable)
    assert (await get(reachable, f"/api/v1{path}", key)).status == 401
    assert (await get(reachable, f"/api/v1{path}", reachable.admin)).status == 200


async def test_a_key_opens_the_gateway_under_every_name(reachable: GatewayProcess) -> None:
    _, key = await new_key(reachable)
    foreign = {**key, "host": "gate.example", "origin": "https://app.example"}
    assert (await asked_with(reachable, foreign)).status == 200


# Keys


async def test_a_key_works_from_its_creation_to_its_revocation(reachable: GatewayProcess) -> None:
    key_id, key = await new_key(reachable)
    assert (await asked_with(reachable, key)).status == 200
    assert (await control(reachable, "DELETE", f"/keys/{key_id}")).status == 200
    assert code_of(await asked_with(reachable, key)) == (401, "invalid_api_key")


async def test_a_key_speaks_for_its_agent_only(reachable: GatewayProcess) -> None:
    _, key = await new_key(reachable, agent="ci-bot")
    assert (await asked_with(reachable, key)).headers["x-pointsman-agent"] == "ci-bot"
    reply = await asked_with(reachable, {**key, "x-agent-id": "boss"})
    assert code_of(reply) == (403, "permission_denied")
    _, some = await new_key(reachable, allowed_agents=["one", "two"])
    assert (await asked_with(reachable, {**some, "x-agent-id": "two"})).status == 200
    assert (await asked_with(reachable, {**some, "x-agent-id": "three"})).status == 403
    assert (await asked_with(reachable, some)).status == 403


async def test_a_key_opens_its_models_only(reachable: GatewayProcess, upstream: RawUpstream) -> None:
    allowed, other = fresh("single"), fresh("single")
    _, key = await new_key(reachable, allowed_models=[allowed])
    assert (await asked_with(reachable, key, allowed)).status == 200
    assert (await asked_with(reachable, key, other)).status in (403, 404)
    assert not upstream.for_model(other)


async def test_a_key_for_an_alias_opens_it_by_either_of_its_names(reachable: GatewayProcess) -> None:
    _, key = await new_key(reachable, allowed_models=["auto"])
    assert (await asked_with(reachable, key, "auto")).status == 200
    assert (await asked_with(reachable, key, "auto:latest")).status == 200


async def test_a_keys_budget_ends(reachable: GatewayProcess) -> None:
    _, key = await new_key(reachable, daily_budget_usd_micros=100_000)  # each request costs 10,000
    body = json.dumps({**json.loads(CHAT.body(fresh("single"))), "max_tokens": 3}).encode()
    replies = [await ask(reachable.port, body, CHAT.path, key) for _ in range(15)]
    served = [reply.status for reply in replies].count(200)
    assert 5 <= served <= 10
    assert [reply.status for reply in replies] == [200] * served + [429] * (15 - served)
    assert code_of(replies[-1]) == (429, "insufficient_quota")
    _, other = await new_key(reachable)
    assert (await asked_with(reachable, other)).status == 200


async def test_keys_count_also_at_a_start_without_the_database(upstream: RawUpstream) -> None:
    with scratch_folder() as folder:
        config = configuration(upstream.url, OPEN_SERVER)
        with GatewayProcess(folder, config, KEYS) as first:
            async with asyncio.timeout(60):
                while (await control(first, "GET", "/keys")).status == 503:
                    await asyncio.sleep(0.05)
            _, kept = await new_key(first)
            revoked_id, revoked = await new_key(first)
            await control(first, "DELETE", f"/keys/{revoked_id}")
        with GatewayProcess(folder, config, {**KEYS, "DATABASE_URL": NO_DATABASE}) as second:
            assert (await asked_with(second, kept)).status == 200
            assert (await asked_with(second, revoked)).status == 401
            assert (await control(second, "GET", "/keys")).status == 503
        await close_wires()


# Configuration


async def test_a_bad_configuration_changes_nothing_and_a_good_one_drops_nobody(
    reachable: GatewayProcess, upstream: RawUpstream
) -> None:
    good = reachable.config.read_text()
    _, key = await new_key(reachable)
    load = Load(reachable.port, "steady-2", headers=key)
    await load.count(50)
    before = json.loads((await control(reachable, "GET", "/status")).body)["policy_version"]
    reachable.config.write_text(good + '\n[providers.odd]\nbase_url = 3\n[servr]\nport = "x"\n')
    refused = await control(reachable, "POST", "/config/reload")
    assert refused.status == 400
    assert all(word in refused.body.decode() for word in ("servr", "base_url"))
    assert json.loads((await control(reachable, "GET", "/status")).body)["policy_version"] == before
    extra = f'[providers.late]\nbase_url = "{upstream.url}/late/v1"\ndialects = ["openai_chat"]\n'
    reachable.config.write_text(f'{good}\n{extra}models = ["late-1"]\n'.replace("retries = 0", "retries = 1"))
    changed = json.loads((await control(reachable, "POST", "/config/reload")).body)
    assert changed["added"] == ["late/late-1"]
    assert (await asked_with(reachable, key, "late-1")).status == 200
    await load.count(50)
    await load.stop()
    reachable.config.write_text(good)
    assert json.loads((await control(reachable, "POST", "/config/reload")).body)["removed"] == ["late/late-1"]
    assert not load.faults


async def test_requests_on_connections_of_the_old_configuration_end_as_they_began(
    reachable: GatewayProcess, upstream: RawUpstream
) -> None:
    good = reachable.config.read_text()
    _, key = await new_key(reachable)
    talking, silent = fresh("single"), fresh("hasty")
    upstream.on("single", talking, stream(10, pause_s=0.05))
    upstream.on("hasty", silent, silent_after(2))
    models = (talking, silent)
    running = [
        asyncio.create_task(ask(reachable.port, CHAT.body(model, stream=True), CHAT.path, key))
        for model in models
    ]
    async with asyncio.timeout(20):
        while not all(upstream.for_model(model) for model in models):
            await asyncio.sleep(0.01)
    reachable.config.write_text(good.replace("retries = 0", "retries = 1"))
    assert (await control(reachable, "POST", "/config/reload")).status == 200
    whole, ended = await asyncio.gather(*running)
    reachable.config.write_text(good)
    assert whole.body.endswith(b"[DONE]\n\n")
    assert b"was silent" in ended.body
    assert (await control(reachable, "POST", "/config/reload")).status == 200
    assert (await asked_with(reachable, key)).status == 200
