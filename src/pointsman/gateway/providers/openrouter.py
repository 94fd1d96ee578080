"""OpenRouter."""

from typing import Final

from pointsman.gateway.providers.base import Provider

OPENROUTER: Final = Provider(
    name="openrouter",
    base_url="https://openrouter.ai/api/v1",
    dialects={
        "openai_chat": "/chat/completions",
        "openai_embeddings": "/embeddings",
        "openai_completions": "/completions",
    },
    key_env="OPENROUTER_API_KEY",
    base_url_env="OPENROUTER_BASE_URL",
    price_provider="openrouter",
    default_models=("anthropic/claude-sonnet-4.5", "openai/gpt-5-mini", "deepseek/deepseek-chat"),
)
