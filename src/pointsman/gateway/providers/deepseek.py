"""DeepSeek. Beside its OpenAI form it serves the Anthropic form under `/anthropic`, with the same key."""

from typing import Final

from pointsman.gateway.providers.base import Provider

DEEPSEEK: Final = Provider(
    name="deepseek",
    base_url="https://api.deepseek.com",
    dialects={"openai_chat": "/chat/completions", "anthropic": "/anthropic/v1/messages"},
    key_env="DEEPSEEK_API_KEY",
    base_url_env="DEEPSEEK_BASE_URL",
    headers={"anthropic-version": "2023-06-01"},
    price_provider="deepseek",
    default_models=("deepseek-chat", "deepseek-reasoner"),
)
