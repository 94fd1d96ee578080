"""Mistral."""

from typing import Final

from pointsman.gateway.providers.base import Provider

MISTRAL: Final = Provider(
    name="mistral",
    base_url="https://api.mistral.ai/v1",
    dialects={"openai_chat": "/chat/completions", "openai_embeddings": "/embeddings"},
    key_env="MISTRAL_API_KEY",
    base_url_env="MISTRAL_BASE_URL",
    price_provider="mistral",
    default_models=("mistral-large-latest", "mistral-medium-latest", "mistral-small-latest", "mistral-embed"),
)
