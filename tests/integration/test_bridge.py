"""The bridge answers through its library, for real: any-llm's own providers, pointed at a stand-in."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import openai
import psutil
import pytest
import pytest_asyncio
from tests.standin import StandIn

from pointsman.app.bridge import Bridge
from pointsman.app.config.schema import ProviderConfig

HELLO = [{"role": "user", "content": "Say hello to the bridge"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
OWNER = """
import asyncio, os, sys
from pathlib import Path
from pointsman.app.bridge import Bridge
from pointsman.app.config.schema import ProviderConfig

async def main():
    bridge = Bridge({"far": ProviderConfig(bridge="openai")}, os.environ, Path(sys.argv[1]))
    await bridge.start()
    await bridge.ready(60)
    print(bridge.states()[0].pid, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""
ENVIRON = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""Lets the library's modules be compiled once only."""
IN_MODULE = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def upstream():
    with StandIn() as upstream:
        yield upstream


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bridge(upstream: StandIn, tmp_path_factory: pytest.TempPathFactory):
    """A bridge of four providers: an OpenAI-like one, an Anthropic-like one, one without its key, and one
    whose vendor package is not installed."""
    providers = {
        "far": ProviderConfig(bridge="openai", key_env="FAR_KEY", base_url=f"{upstream.url}/p/far/v1"),
        "other": ProviderConfig(bridge="anthropic", key_env="FAR_KEY", base_url=f"{upstream.url}/p/other"),
        "keyless": ProviderConfig(bridge="openai", key_env="NOT_SET"),
        "partless": ProviderConfig(bridge="cohere", key_env="FAR_KEY"),
    }
    environ = {**ENVIRON, "FAR_KEY": "sk-far-1234567890"}
    bridge = Bridge(providers, environ, tmp_path_factory.mktemp("logs"))
    await bridge.start()
    yield bridge
    await bridge.stop()


def client(bridge: Bridge, name: str = "far") -> openai.AsyncOpenAI:
    endpoint = bridge.endpoint(name)
    assert endpoint is not None
    return openai.AsyncOpenAI(base_url=endpoint.base_url, api_key=endpoint.key, max_retries=0)


async def ask(bridge: Bridge, name: str = "far", **more: Any) -> Any:
    async with client(bridge, name) as caller:
        return await caller.chat.completions.create(**{"model": "gpt-5-mini", "messages": HELLO, **more})


def says(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


@IN_MODULE
async def test_answers_and_shows_the_provider_its_own_key_only(bridge: Bridge, upstream: StandIn) -> None:
    answer = await ask(bridge, messages=says("[[say:bridged]]"))  # sent before the bridge is ready: it waits
    assert answer.choices[0].message.content == "bridged"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.completion_tokens > 0
    seen = upstream.requests()[-1]
    assert (seen["provider"], seen["path"]) == ("far", "/v1/chat/completions")
    assert seen["headers"]["authorization"] == "Bearer sk-far-1234567890"


@IN_MODULE
async def test_streams_chunk_by_chunk_with_usage_at_the_end(bridge: Bridge) -> None:
    async with client(bridge) as caller:
        stream = await caller.chat.completions.create(
            model="gpt-5-mini",
            messages=says("[[chunks:7]]"),
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = [chunk async for chunk in stream]
    texts = [c.choices[0].delta.content for c in chunks if c.choices and c.choices[0].delta.content]
    assert "".join(texts).split() == [f"word{n}" for n in range(7)]
    assert len(texts) >= 7
    assert chunks[-1].usage.completion_tokens > 0


@IN_MODULE
async def test_carries_tools_and_tool_calls(bridge: Bridge) -> None:
    answer = await ask(bridge, messages=says("What is the weather in Paris?"), tools=[WEATHER])
    (call,) = answer.choices[0].message.tool_calls
    assert (call.function.name, call.function.arguments) == ("get_weather", '{"city":"Paris"}')
    assert answer.choices[0].finish_reason == "tool_calls"


@IN_MODULE
async def test_speaks_another_vendors_form_for_us(bridge: Bridge, upstream: StandIn) -> None:
    answer = await ask(
        bridge, "other", model="claude-sonnet-4-5", messages=says("[[say:translated]]"), max_tokens=50
    )
    assert answer.choices[0].message.content == "translated"
    assert upstream.requests()[-1]["path"] == "/v1/messages"


@IN_MODULE
@pytest.mark.parametrize("encoding", ["float", "base64"])
async def test_embeds_in_the_encoding_asked_for(bridge: Bridge, encoding: Any) -> None:
    async with client(bridge) as caller:
        answer = await caller.embeddings.create(
            model="text-embedding-3-small", input=["one", "two"], encoding_format=encoding
        )
    vectors = [entry.embedding for entry in answer.data]
    assert len(vectors) == 2
    assert all(isinstance(vector, str) == (encoding == "base64") for vector in vectors)


@IN_MODULE
async def test_lists_the_providers_models(bridge: Bridge) -> None:
    async with client(bridge) as caller:
        assert [model.id async for model in caller.models.list()]


@IN_MODULE
@pytest.mark.parametrize(
    ("directive", "status"),
    [
        ("status:400", 400),
        ("status:401", 401),
        ("status:404", 404),
        ("status:429 retry-after:7", 429),
        ("status:500", 500),
        ("status:503", 503),
        ("html:502", 502),
        ("reset:early", 502),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_errors_keep_their_status(bridge: Bridge, directive: str, status: int, stream: bool) -> None:
    with pytest.raises(openai.APIStatusError) as raised:
        await ask(bridge, messages=says(f"[[{directive}]]"), stream=stream)
    assert raised.value.status_code == status
    assert raised.value.body["message"]
    assert raised.value.response.headers.get("retry-after") == ("7" if status == 429 else None)


@IN_MODULE
async def test_an_unreadable_answer_is_the_providers_fault(bridge: Bridge) -> None:
    with pytest.raises(openai.InternalServerError) as raised:
        await ask(bridge, messages=says("[[garbage]]"))
    assert raised.value.status_code == 502


@IN_MODULE
async def test_an_error_inside_a_stream_is_told_inside_it(bridge: Bridge) -> None:
    async with client(bridge) as caller:
        stream = await caller.chat.completions.create(
            model="gpt-5-mini", messages=says("[[midstream-error]] one two three four five"), stream=True
        )
        with pytest.raises(openai.APIError):
            [chunk async for chunk in stream]


@IN_MODULE
async def test_hanging_up_ends_the_call_to_the_provider(bridge: Bridge, upstream: StandIn) -> None:
    upstream.clear()
    with pytest.raises(openai.APITimeoutError):
        await ask(bridge, messages=says("[[slow:30]]"), timeout=3.0)
    for _ in range(1000):
        if upstream.requests()[0]["aborted"]:
            return
    pytest.fail("the provider was left answering nobody")


@IN_MODULE
@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({"model": "m", "messages": HELLO, "api_base": "http://127.0.0.1:9/"}, 400, "api_base"),
        ({"model": "m", "messages": HELLO, "api_key": "k"}, 400, "api_key"),
        ({"model": "m", "messages": HELLO, "client_args": {}}, 400, "client_args"),
        ({"messages": HELLO}, 400, "model"),
        ({"model": "m"}, 400, "messages"),
        ([], 400, None),
    ],
)
async def test_refuses_what_could_turn_a_key_elsewhere_or_is_malformed(
    bridge: Bridge, body: Any, status: int, param: str | None
) -> None:
    endpoint = bridge.endpoint("far")
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {endpoint.key}"}) as caller:
        answer = await caller.post(f"{endpoint.base_url}/chat/completions", json=body)
    assert answer.status_code == status
    assert answer.json()["error"]["param"] == param


@IN_MODULE
@pytest.mark.parametrize("path", ["chat/completions", "embeddings", "models"])
async def test_serves_nobody_without_the_token(bridge: Bridge, upstream: StandIn, path: str) -> None:
    upstream.clear()
    endpoint = bridge.endpoint("far")
    async with httpx.AsyncClient(headers={"authorization": "Bearer guess"}) as caller:
        body = {"model": "m", "messages": HELLO, "input": "x"}
        method = "GET" if path == "models" else "POST"
        answer = await caller.request(method, f"{endpoint.base_url}/{path}", json=body)
    assert answer.status_code == 401
    assert upstream.requests() == []


@IN_MODULE
@pytest.mark.parametrize(
    ("name", "status", "words"), [("keyless", 401, "NOT_SET"), ("partless", 501, "cohere")]
)
async def test_says_what_is_missing(bridge: Bridge, name: str, status: int, words: str) -> None:
    with pytest.raises(openai.APIStatusError) as raised:
        await ask(bridge, name)
    assert raised.value.status_code == status
    assert words in str(raised.value)


@IN_MODULE
async def test_a_killed_bridge_comes_back_and_requests_wait_for_it(bridge: Bridge) -> None:
    assert await bridge.ready(60)
    pid = bridge.states()[0].pid
    os.kill(pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=10)
    answer = await ask(bridge, messages=says("[[say:back]]"))
    assert answer.choices[0].message.content == "back"
    assert bridge.states()[0].pid != pid


def test_kill_9_of_the_owner_ends_the_bridge(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OWNER, tmp_path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=ENVIRON) as owner:
        assert owner.stdout is not None
        child = psutil.Process(int(owner.stdout.readline()))
        owner.kill()
        psutil.wait_procs([child], timeout=20)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
