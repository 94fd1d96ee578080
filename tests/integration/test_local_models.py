"""Real models answer from real processes, which end with their parent and come back after a crash."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import urllib.request
from functools import partial
from pathlib import Path
from typing import Any

import openai
import psutil
import pytest
import pytest_asyncio

from pointsman.app.config.schema import Local
from pointsman.app.local_models import LOCAL_MODELS, LocalModels
from pointsman.gateway.http.client import Upstream

SMOLLM = "local/smollm2-135m-instruct"
GEMMA = "local/gemma3-270m"
QUESTION = [{"role": "user", "content": "What is the capital of France?"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
OWNER = """
import asyncio, sys
from pathlib import Path
from pointsman.app.config.schema import Local
from pointsman.app.local_models import LocalModels

async def main():
    models = LocalModels(Local(models=("smollm2-135m-instruct",)), Path(sys.argv[1]))
    await models.start()
    await models.ready("local/smollm2-135m-instruct", 60)
    print(models.states()[0].pid, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


IN_MODULE = pytest.mark.asyncio(loop_scope="module")
"""Marks the tests that share the fixture `models` and its event loop."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def models(folder: Path):
    """SmolLM2 alone, ready, for all tests of this module."""
    models = LocalModels(Local(models=(SMOLLM,), threads=1), folder / "logs")
    await models.start()
    assert await models.ready(SMOLLM, 60), models.states()
    yield models
    await models.stop()


def client(models: LocalModels, target_id: str) -> openai.AsyncOpenAI:
    endpoint = models.targets()[target_id][1]
    return openai.AsyncOpenAI(base_url=endpoint.base_url, api_key=endpoint.key, max_retries=0)


async def ask(models: LocalModels, target_id: str, **more: Any) -> Any:
    asked = {"model": "x", "messages": QUESTION, "temperature": 0, "max_tokens": 24, **more}
    async with client(models, target_id) as openai_client:
        return await openai_client.chat.completions.create(**asked)


async def test_every_model_of_the_table_is_served_and_knows_a_capital(folder: Path) -> None:
    models = LocalModels(Local(threads=1), folder / "logs")
    await models.start()
    try:
        for target_id in [model.id for model in LOCAL_MODELS]:
            assert await models.ready(target_id, 60), models.states()
            answer = await ask(models, target_id)
            assert "Paris" in answer.choices[0].message.content
            assert answer.choices[0].finish_reason == "stop"
            assert answer.usage.prompt_tokens > 5
            assert answer.model == target_id.partition("/")[2]
    finally:
        await models.stop()


@IN_MODULE
async def test_streams_deltas_then_usage(models: LocalModels) -> None:
    async with client(models, SMOLLM) as openai_client:
        stream = await openai_client.chat.completions.create(
            model="x",
            messages=QUESTION,
            temperature=0,
            max_tokens=24,
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = [chunk async for chunk in stream]
    deltas = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices]
    assert "Paris" in "".join(delta or "" for delta in deltas)
    assert len(deltas) > 3
    assert chunks[-1].usage.completion_tokens > 0


@IN_MODULE
async def test_takes_tools_and_a_history_of_tool_calls(models: LocalModels) -> None:
    call = {
        "id": "a",
        "type": "function",
        "function": {"name": "get_weather", "arguments": '{"city":"Paris"}'},
    }
    history = [
        {"role": "user", "content": "What is the weather in Paris?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "a", "content": "It is sunny in Paris."},
    ]
    answer = await ask(models, SMOLLM, messages=history, tools=[WEATHER])
    assert answer.choices[0].message.content
    plain = await ask(models, SMOLLM, messages=history)
    assert answer.usage.prompt_tokens > plain.usage.prompt_tokens  # the model is shown the tools


@IN_MODULE
async def test_holds_an_answer_to_a_json_schema(models: LocalModels) -> None:
    schema = {
        "type": "object",
        "properties": {"age": {"type": "integer", "maximum": 99}},
        "required": ["age"],
    }
    wanted = {"type": "json_schema", "json_schema": {"name": "person", "schema": schema}}
    answer = await ask(models, SMOLLM, response_format=wanted, max_tokens=60)
    assert isinstance(json.loads(answer.choices[0].message.content)["age"], int)


@IN_MODULE
async def test_answers_nobody_without_the_key(models: LocalModels) -> None:
    endpoint = models.targets()[SMOLLM][1]
    async with openai.AsyncOpenAI(base_url=endpoint.base_url, api_key="guess", max_retries=0) as stranger:
        with pytest.raises(openai.AuthenticationError):
            await stranger.chat.completions.create(model="x", messages=QUESTION)


@IN_MODULE
async def test_a_killed_model_comes_back_at_the_same_address(models: LocalModels) -> None:
    state = models.states()[0]
    before = state.pid
    os.kill(before, signal.SIGKILL)
    while state.phase == "ready":
        await asyncio.sleep(0.01)
    assert await models.ready(SMOLLM, 60)
    assert state.pid != before
    assert state.restarts == 1
    assert "Paris" in (await ask(models, SMOLLM)).choices[0].message.content


async def test_a_request_made_while_the_model_loads_waits_for_it(folder: Path) -> None:
    models = LocalModels(Local(models=(SMOLLM,), threads=1), folder / "logs")
    await models.start()
    upstream = Upstream(models.targets()[SMOLLM][1])
    upstream.revive = partial(models.ready, SMOLLM)
    body = json.dumps({"messages": QUESTION, "temperature": 0, "max_tokens": 24}).encode()
    answer = await upstream.send("/chat/completions", b"", body)
    assert answer.status == 200
    assert b"Paris" in await answer.read(100_000)
    upstream.close()
    await models.stop()


async def test_stop_leaves_no_process(folder: Path) -> None:
    models = LocalModels(Local(models=(SMOLLM,)), folder / "logs")
    await models.start()
    while (pid := models.states()[0].pid) is None:
        await asyncio.sleep(0.01)
    await models.stop()
    assert not psutil.pid_exists(pid)
    assert [state.phase for state in models.states()] == ["stopped"]


def test_kill_9_of_the_owner_ends_its_models(folder: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", OWNER, folder / "logs"], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        model = psutil.Process(int(owner.stdout.readline()))
        owner.kill()
        psutil.wait_procs([model], timeout=20)
    assert not model.is_running() or model.status() == psutil.STATUS_ZOMBIE


async def test_a_damaged_file_is_a_failure_with_a_remedy(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged = folder / "models" / "damaged.gguf"
    damaged.parent.mkdir(exist_ok=True)
    damaged.write_bytes(b"GGUF and then nothing of use")
    monkeypatch.setattr("pointsman.app.weights._inside", lambda module, path: damaged)
    models = LocalModels(Local(models=(SMOLLM,)), folder / "logs")
    await models.start()
    assert not await models.ready(SMOLLM, 60)
    (state,) = models.states()
    assert "cannot serve smollm2-135m-instruct" in state.reason
    assert "damaged" in state.remedy
    await models.stop()


@IN_MODULE
async def test_metrics_are_there_for_the_operator(models: LocalModels) -> None:
    endpoint = models.targets()[SMOLLM][1]
    url = endpoint.base_url.removesuffix("/v1") + "/metrics"
    asked = urllib.request.Request(url, headers={"authorization": f"Bearer {endpoint.key}"})
    text = await asyncio.to_thread(lambda: urllib.request.urlopen(asked).read())
    assert b"llamacpp:prompt_tokens_total" in text
