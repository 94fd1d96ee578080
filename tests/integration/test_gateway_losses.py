"""The header that tells what was lost speaks of the provider that answers."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.gateway_process import NO_DATABASE, GatewayProcess
from tests.gateway_world import DIALECTS, ask
from tests.raw_upstream import RawUpstream, html, said
from tests.scratch import scratch_folder

CONFIG = """
[local]
enabled = false
[providers.foreign]
base_url = "{url}/foreign/v1"
dialects = ["openai_chat"]
models = ["cheap"]
retries = 0
[providers.kin]
base_url = "{url}/kin/v1"
dialects = ["anthropic"]
models = ["dear", "other"]
retries = 0
[models.dear]
price_usd_per_million = {{ input = 10, output = 100 }}
[aliases.both]
candidates = ["cheap", "dear"]
[aliases.any]
candidates = ["other"]
"""
HELLO = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "dear",
    "content": [
        {"type": "thinking", "thinking": "Hm.", "signature": "s"},
        {"type": "text", "text": "Hello."},
    ],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 5, "output_tokens": 2},
}


@pytest.fixture(scope="module")
def upstream() -> Iterator[RawUpstream]:
    with RawUpstream() as running:
        yield running


@pytest.fixture(scope="module")
def port(upstream: RawUpstream) -> Iterator[int]:
    with scratch_folder() as folder:
        upstream.on("foreign", "cheap", html(502))
        upstream.on("kin", "dear", said(200, json.dumps(HELLO).encode()))
        with GatewayProcess(
            Path(folder), CONFIG.format(url=upstream.url), {"DATABASE_URL": NO_DATABASE}
        ) as one:
            yield one.port


async def test_what_a_failed_provider_could_not_carry_is_no_loss(port: int) -> None:
    spoken = DIALECTS["anthropic"]
    body = {**json.loads(spoken.body("both")), "top_k": 5}
    reply = await ask(port, json.dumps(body).encode(), spoken.path, spoken.headers)
    assert reply.headers["x-pointsman-model"] == "kin/dear"
    assert "x-pointsman-dropped" not in reply.headers


async def test_what_the_clients_dialect_has_no_place_for_is_told(port: int) -> None:
    spoken = DIALECTS["openai_chat"]
    body = json.dumps({"model": "dear", "prompt": "Say hello."}).encode()
    reply = await ask(port, body, "/v1/completions", spoken.headers)
    assert reply.headers["x-pointsman-dropped"] == "thinking"


UNPROVEN = {
    "type": "error",
    "error": {
        "type": "invalid_request_error",
        "message": "messages.1.content.0: Invalid `signature` in `thinking` block",
    },
}
THOUGHT = {"role": "assistant", "content": [HELLO["content"][0], {"type": "text", "text": "Hello."}]}


def thoughtful(model: str) -> bytes:
    """A conversation with thinking that somebody signed."""
    spoken = json.loads(DIALECTS["anthropic"].body(model))
    messages = [*spoken["messages"], THOUGHT, {"role": "user", "content": "And now?"}]
    return json.dumps({**spoken, "messages": messages}).encode()


async def test_thinking_of_another_provider_is_dropped_where_the_gateway_chose(
    upstream: RawUpstream, port: int
) -> None:
    refused = said(400, json.dumps(UNPROVEN).encode())
    upstream.on("kin", "other", refused, said(200, json.dumps(HELLO).encode()), refused)
    spoken = DIALECTS["anthropic"]
    reply = await ask(port, thoughtful("any"), spoken.path, spoken.headers)
    assert (reply.status, reply.headers["x-pointsman-dropped"]) == (200, "messages.thinking")
    first, second = [asked.body["messages"][1]["content"] for asked in upstream.for_model("other")]
    assert (first, second) == (THOUGHT["content"], THOUGHT["content"][1:])
    by_name = await ask(port, thoughtful("other"), spoken.path, spoken.headers)
    assert by_name.status == 400
