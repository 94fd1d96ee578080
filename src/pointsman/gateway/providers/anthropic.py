"""Anthropic. Clients name the API version they were written for; the one here is for translated requests,
whose form is that of this version."""

from typing import Final

from pointsman.gateway.providers.base import Provider

ANTHROPIC: Final = Provider(
    name="anthropic",
    base_url="https://api.anthropic.com/v1",
    dialects={"anthropic": "/messages"},
    key_env="ANTHROPIC_API_KEY",
    base_url_env="ANTHROPIC_BASE_URL",
    base_url_suffix="/v1",
    auth_header="x-api-key",
    auth_prefix="",
    headers={"anthropic-version": "2023-06-01"},
    models_path="/models?limit=1000",
    price_provider="anthropic",
    default_models=(
        "claude-opus-5",
        "claude-sonnet-5",
        "claude-opus-4-5-20251101",
        "claude-sonnet-4-5-20250929",
        "claude-haiku-4-5-20251001",
    ),
)
