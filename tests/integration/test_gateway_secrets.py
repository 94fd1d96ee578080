"""What travels to a provider, and what must never be written down."""

import asyncio
import json

import pytest
from tests.gateway_process import GatewayProcess
from tests.gateway_world import CHAT, DIALECTS, KEYS, ask, chat, fresh, request, wire
from tests.raw_upstream import RawUpstream, html, reset

THEIRS = "sk-the-clients-own-5e1f"
PROMPT = "The password of the vault is Sesame-9931."
SENT = {
    "authorization": f"Bearer {THEIRS}",
    "x-api-key": THEIRS,
    "api-key": THEIRS,
    "cookie": f"session={THEIRS}",
    "proxy-authorization": f"Basic {THEIRS}",
    "connection": "keep-alive, x-hop",
    "keep-alive": "timeout=5",
    "x-hop": "1",
    "te": "trailers",
    "x-forwarded-for": "203.0.113.9",
    "accept-encoding": "gzip, br",
    "x-agent-id": "secret-agent",
}
NEVER = {*SENT, "transfer-encoding", "upgrade", "user-agent"} - {"authorization", "accept-encoding"}


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_only_the_providers_own_key_travels(port: int, upstream: RawUpstream, dialect: str) -> None:
    model, spoken = fresh("pair"), DIALECTS[dialect]
    upstream.on("first", model, html(502))
    reply = await ask(port, spoken.body(model), spoken.path, {**spoken.headers, **SENT})
    assert reply.status == 200
    first, second = upstream.for_model(model)
    for asked, name in ((first, "FIRST_KEY"), (second, "SECOND_KEY")):
        assert asked.headers["authorization"] == [f"Bearer {KEYS[name]}"]
        assert asked.headers["accept-encoding"] == ["identity"]
        assert len(asked.headers["host"]) == len(asked.headers["content-length"]) == 1
        assert not NEVER & asked.headers.keys()
        assert THEIRS not in json.dumps([asked.headers, asked.body])


async def test_no_secret_and_no_prompt_is_written_down(
    port: int, gateway: GatewayProcess, upstream: RawUpstream
) -> None:
    model = fresh("pair")
    upstream.on("first", model, reset)
    upstream.on("second", model, html(502))
    headers = {"authorization": f"Bearer {THEIRS}"}
    assert (await ask(port, CHAT.body(model, PROMPT), headers=headers)).status == 502
    assert (await ask(port, CHAT.body("nobody", PROMPT), headers=headers)).status == 404
    assert (await ask(port, CHAT.body(fresh("single"), PROMPT, stream=True), headers=headers)).status == 200
    await asyncio.to_thread(gateway.journal)
    files = [path for path in gateway.home.rglob("*") if path.is_file()]
    written = b"".join(path.read_bytes() for path in files) + gateway.said().encode()
    assert gateway.logged()
    for secret in (*KEYS.values(), THEIRS, "Sesame-9931"):
        assert secret.encode() not in written


async def test_the_control_api_shows_no_secret(port: int, gateway: GatewayProcess) -> None:
    await chat(port, fresh("single"))
    for path in ("/status", "/models", "/agents"):
        one = await wire(port)
        one.send(request(b"", f"/api/v1{path}", gateway.admin, method="GET"))
        reply = await one.answer()
        assert reply.status == 200
        assert not any(key in reply.body.decode() for key in KEYS.values())


@pytest.mark.parametrize("headers", [{"origin": "https://evil.example"}, {"host": "evil.example"}])
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/api/chat", "/v1/responses"])
async def test_pages_of_strangers_are_refused_without_a_key(
    port: int, upstream: RawUpstream, path: str, headers: dict[str, str]
) -> None:
    model = fresh("single")
    spoken = next(one for one in DIALECTS.values() if one.path == path)
    reply = await ask(port, spoken.body(model), path, {**spoken.headers, **headers})
    assert reply.status == 403
    assert not upstream.for_model(model)
