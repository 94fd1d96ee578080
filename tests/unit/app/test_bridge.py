"""What the bridge prepares before it runs, and how errors of its library are told. No process is started."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from any_llm import exceptions as library

from pointsman.app import bridge as bridge_module
from pointsman.app.bridge import Bridge
from pointsman.app.bridge_child import CHAT_FIELDS, EMBED_FIELDS
from pointsman.app.bridge_errors import failure_of
from pointsman.app.config.schema import ProviderConfig

Make = Callable[[Mapping[str, ProviderConfig]], Bridge]


@pytest.fixture
async def made(tmp_path: Path):
    """Makes bridges; nothing is started, ports are let go of at the end."""
    all_made: list[Bridge] = []

    def make(providers: Mapping[str, ProviderConfig]) -> Bridge:
        all_made.append(Bridge(providers, {}, tmp_path))
        return all_made[-1]

    yield make
    for bridge in all_made:
        await bridge.stop()


async def test_without_bridged_providers_there_is_nothing(made: Make) -> None:
    bridge = made(
        {"plain": ProviderConfig(base_url="http://x/v1"), "off": ProviderConfig(bridge="a", enabled=False)}
    )
    await bridge.start()
    assert (bridge.endpoints(), bridge.states(), await bridge.ready()) == ({}, [], False)


async def test_a_bridged_provider_may_be_held_to_one_dialect(made: Make) -> None:
    endpoint = made({"c": ProviderConfig(bridge="cohere", dialects=("openai_embeddings",))}).endpoint("c")
    assert endpoint is not None
    assert list(endpoint.provider.dialects) == ["openai_embeddings"]


async def test_a_bridged_provider_looks_like_an_openai_one(made: Make) -> None:
    endpoint = made({"my-cohere": ProviderConfig(bridge="cohere", retries=3)}).endpoint("my-cohere")
    assert endpoint is not None
    assert endpoint.base_url.endswith("/my-cohere/v1")
    assert list(endpoint.provider.dialects) == ["openai_chat", "openai_embeddings"]
    assert (endpoint.provider.price_provider, endpoint.retries, endpoint.provider.local) == (
        "cohere",
        3,
        False,
    )
    assert endpoint.key
    assert endpoint.key not in repr(endpoint)


async def test_two_bridges_have_different_tokens(made: Make) -> None:
    providers = {"x": ProviderConfig(bridge="cohere")}
    assert made(providers).endpoints()["x"].key != made(providers).endpoints()["x"].key


async def test_a_missing_library_is_said_with_its_remedy(made: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge_module, "is_installed", lambda module: False)
    bridge = made({"x": ProviderConfig(bridge="cohere")})
    await bridge.start()
    (state,) = bridge.states()
    assert (state.phase, state.remedy) == ("missing", "pip install 'pointsman[bridge]'")
    assert bridge.endpoint("x") is None


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (library.RateLimitError("slow"), 429, "rate_limit_exceeded"),
        (library.AuthenticationError("no"), 401, "invalid_api_key"),
        (library.MissingApiKeyError("Cohere", "CO_API_KEY"), 401, "missing_api_key"),
        (library.ContextLengthExceededError("long"), 400, "context_length_exceeded"),
        (library.ModelNotFoundError("what"), 404, "model_not_found"),
        (library.UnsupportedParameterError("n", "Cohere"), 400, "unsupported_parameter"),
        (library.ContentFilterError("no", status_code=403), 400, "content_filter"),
        (library.UnsupportedProviderError("x", ["y"]), 501, "unknown_provider"),
        (library.ProviderError("broken"), 502, "upstream_error"),
        (library.ProviderError("busy", status_code=529), 529, "upstream_error"),
        (library.ProviderError("unreadable", status_code=200), 502, "upstream_error"),
        (ImportError("pip install it"), 501, "library_part_missing"),
        (ValueError("a bug"), 502, "upstream_error"),
    ],
)
def test_errors_are_told_with_status_and_code(error: Exception, status: int, code: str) -> None:
    failure = failure_of(error)
    assert (failure.status, failure.code) == (status, code)
    assert failure.body()["error"]["message"]


def test_the_parameter_at_fault_is_named() -> None:
    assert failure_of(library.UnsupportedParameterError("top_k", "Cohere")).param == "top_k"


def test_no_field_lets_a_request_choose_an_address_or_a_key() -> None:
    dangerous = {"api_key", "api_base", "base_url", "provider", "client_args", "extra_headers", "extra_body"}
    assert not dangerous & (CHAT_FIELDS | EMBED_FIELDS)
