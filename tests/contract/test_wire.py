"""What reaches a provider: its own wire form, its own key, nothing of the caller's."""

from collections.abc import Callable
from typing import Any

import openai
import pytest
from anthropic import Anthropic
from openai import OpenAI
from tests.contract.samples import gateway_only

PATHS = {
    "chat-model": "/v1/chat/completions",
    "responses-model": "/v1/responses",
    "claude-model": "/v1/messages",
    "llama-model": "/api/chat",
}
Recorded = Callable[[], list[dict[str, Any]]]
pytestmark = gateway_only


@pytest.fixture
def asked(gateway: str, model: str, upstream_requests: Recorded) -> dict[str, Any]:
    """The request that reached the provider when each of two SDKs asked; the second's."""
    messages: Any = [{"role": "user", "content": "Good morning"}]
    with OpenAI(base_url=f"{gateway}/v1", api_key="caller-secret", max_retries=0) as client:
        client.chat.completions.create(model=model, messages=messages)
    with Anthropic(base_url=gateway, api_key="caller-secret", max_retries=0) as other:
        other.messages.create(model=model, max_tokens=99, messages=messages)
    first, second = upstream_requests()
    assert first["path"] == second["path"]
    return second


def test_a_provider_is_asked_in_its_own_wire_form(asked: dict[str, Any], model: str) -> None:
    assert asked["path"] == PATHS[model]
    assert asked["provider"] == model.removesuffix("-model")
    assert asked["body"]["model"] == model


def test_a_provider_gets_its_own_key_and_never_the_callers(asked: dict[str, Any]) -> None:
    headers = asked["headers"]
    assert "stand-in-key" in (headers.get("x-api-key"), headers.get("authorization", "")[7:])
    assert "caller-secret" not in str(asked)


@pytest.mark.parametrize("fault", ["html", "garbage", "html:502", "reset:early"])
def test_a_provider_gone_wrong_is_a_clean_error(gateway: str, faulty_model: str, fault: str) -> None:
    messages: Any = [{"role": "user", "content": f"Hi [[{fault}]]"}]
    with (
        OpenAI(base_url=f"{gateway}/v1", api_key="caller", max_retries=0) as client,
        pytest.raises(openai.InternalServerError) as caught,
    ):
        client.chat.completions.create(model=faulty_model, messages=messages)
    assert isinstance(caught.value.body, dict)
    assert caught.value.body["message"]
