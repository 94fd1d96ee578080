"""Google Gemini through its OpenAI-compatible endpoint. The model list says `models/NAME`; requests take
the bare name."""

from typing import Final

from pointsman.gateway.providers.base import Provider

GEMINI: Final = Provider(
    name="gemini",
    base_url="https://generativelanguage.googleapis.com/v1beta/openai",
    dialects={"openai_chat": "/chat/completions", "openai_embeddings": "/embeddings"},
    key_env="GEMINI_API_KEY",
    base_url_env="GEMINI_BASE_URL",
    price_provider="google",
    default_models=("gemini-2.5-pro", "gemini-2.5-flash", "gemini-2.5-flash-lite", "gemini-embedding-001"),
)
