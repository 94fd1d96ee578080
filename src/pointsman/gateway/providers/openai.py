"""OpenAI."""

from typing import Final

from pointsman.gateway.providers.base import Provider

OPENAI: Final = Provider(
    name="openai",
    base_url="https://api.openai.com/v1",
    dialects={
        "openai_chat": "/chat/completions",
        "openai_responses": "/responses",
        "openai_embeddings": "/embeddings",
        "openai_completions": "/completions",
    },
    key_env="OPENAI_API_KEY",
    base_url_env="OPENAI_BASE_URL",
    price_provider="openai",
    default_models=(
        "gpt-5.5",
        "gpt-5-mini",
        "gpt-5-nano",
        "text-embedding-3-small",
        "text-embedding-3-large",
    ),
)
