"""Groq. Its base URL variable is that of its own SDK, which leaves out the path below the host."""

from typing import Final

from pointsman.gateway.providers.base import Provider

GROQ: Final = Provider(
    name="groq",
    base_url="https://api.groq.com/openai/v1",
    dialects={"openai_chat": "/chat/completions"},
    key_env="GROQ_API_KEY",
    base_url_env="GROQ_BASE_URL",
    base_url_suffix="/openai/v1",
    price_provider="groq",
    default_models=("llama-3.3-70b-versatile", "llama-3.1-8b-instant", "openai/gpt-oss-120b"),
)
