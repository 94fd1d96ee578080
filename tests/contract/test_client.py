"""`pointsman.client` beside the vendors' SDKs, against a running gateway with its database."""

import time
from collections.abc import Callable
from typing import Any

import anthropic
import httpx
import openai
import pytest
from tests.contract.samples import DIRECT

from pointsman.client import Answer, AsyncPointsman, Pointsman

pytestmark = pytest.mark.skipif(DIRECT, reason="what the gateway adds to its provider")
ASK: Any = [{"role": "user", "content": "Good morning"}]


@pytest.fixture
def client(gateway: str) -> Pointsman:
    return Pointsman(gateway, agent="reporter")


def soon(found: Callable[[], Any]) -> Any:
    """What is found, once it is something."""
    deadline_s = time.monotonic() + 90
    while not (value := found()):
        assert time.monotonic() < deadline_s
        time.sleep(0.2)
    return value


def test_a_task_knows_its_requests_and_what_they_cost(gateway: str, client: Pointsman) -> None:
    headers = {"x-agent-id": "reporter"}
    with client.task(task_title="Greet", domain="prose") as task:
        with httpx.Client(event_hooks={"response": [task.saw]}, headers=headers) as hooked:
            sdk = openai.OpenAI(base_url=f"{gateway}/v1", api_key="none", http_client=hooked)
            sdk.chat.completions.create(model="chat-model", messages=ASK)
            sdk.chat.completions.create(model="chat-model", messages=ASK)
        task.tell(tests_passed=2)
    assert task.id is not None
    told = soon(lambda: measured(client, task.id))
    assert (told["success"], told["tests_passed"], len(told["request_ids"])) == (True, 2, 2)
    assert (told["assigned_model"], told["actual_output_tokens"] > 0) == ("chat-model", True)


def measured(client: Pointsman, task_id: Any) -> Any:
    body = client.get_task(task_id).body
    return body if body.get("assigned_model") else None


def test_feedback_on_raw_responses_and_streams(gateway: str, client: Pointsman) -> None:
    sdk = anthropic.Anthropic(base_url=gateway, api_key="none", default_headers={"x-agent-id": "reporter"})
    raw = sdk.messages.with_raw_response.create(model="claude-model", max_tokens=99, messages=ASK)
    assert client.feedback(raw, "success", quality=9.5).status == 202
    chat = openai.OpenAI(base_url=f"{gateway}/v1", api_key="none", default_headers={"x-agent-id": "reporter"})
    stream = chat.chat.completions.create(model="chat-model", messages=ASK, stream=True)
    assert list(stream)
    assert client.thumbs(stream, True).status == 202
    with chat.chat.completions.stream(model="claude-model", messages=ASK) as helper:
        helper.until_done()
    assert client.feedback(helper, "success").status == 202
    with chat.responses.stream(model="claude-model", input="Hello.") as helper:
        helper.until_done()
    assert client.feedback(helper, "success").status == 202
    up = soon(lambda: satisfaction(gateway).get("chat-model"))
    assert up["user_satisfaction"] == 1.0


def satisfaction(gateway: str) -> Any:
    return httpx.get(f"{gateway}/api/v1/agents/reporter").json().get("user_satisfaction") or {}


async def test_the_async_client_speaks_with_the_same_gateway(gateway: str) -> None:
    client = AsyncPointsman(gateway, agent="reporter", strict=True)
    async with client.task(domain="prose") as task:
        task.tell(quality_score=7)
    body = (await client.get_task(task.id or "")).body
    assert (body["success"], body["quality_score"], body["agent"]) == (True, 7.0, "reporter")


def test_an_agent_asks_which_model_should_do_its_task(client: Pointsman) -> None:
    with client.task(task_title="Fix the broken parser", assigned_model="chat-model"):
        pass
    found = soon(lambda: similar(client)).body
    assert (found["agent"], found["model"], found["model_basis"]) == (
        "reporter",
        "chat-model",
        "similar_tasks",
    )
    assert found["similar"][0]["task_title"] == "Fix the broken parser"


def similar(client: Pointsman) -> Answer | None:
    """The recommendation, once it stands on evidence."""
    answer = client.recommend("Fix the broken parser", agents=["reporter"])
    return answer if answer.body.get("similar") else None


def test_what_is_wrong_is_told_by_name(client: Pointsman) -> None:
    task = client.create_task(domain="prose").id or ""
    assert "quality_score" in (client.task_outcome(task, quality_score=11).error or "")
    assert client.task_outcome(task, success=True)
    assert "success" in (client.task_outcome(task, success=False).error or "")
    assert client.task_outcome(task, success=False, revises=True)
