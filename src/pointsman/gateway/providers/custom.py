"""Providers that the operator names: any server that speaks one of the known wire forms."""

from collections.abc import Sequence
from typing import Final

from pointsman.gateway.providers.base import Provider

PATHS: Final[dict[str, str]] = {
    "openai_chat": "/chat/completions",
    "openai_responses": "/responses",
    "openai_embeddings": "/embeddings",
    "openai_completions": "/completions",
    "anthropic": "/messages",
    "ollama_chat": "/api/chat",
    "ollama_generate": "/api/generate",
    "ollama_embed": "/api/embed",
    "ollama_embeddings": "/api/embeddings",
}
"""Wire form to the path below a base URL which servers of that form use."""
DEFAULT_DIALECTS: Final = ("openai_chat", "openai_embeddings")


def custom(
    name: str,
    base_url: str,
    dialects: Sequence[str] = (),
    *,
    key_env: str | None = None,
    local: bool = False,
) -> Provider:
    """The facts of a provider that is not in the table. Without `dialects` it speaks OpenAI chat and
    embeddings; the first is what other forms are translated to. Raises KeyError for unknown forms."""
    spoken = tuple(dialects) or DEFAULT_DIALECTS
    first = spoken[0]
    return Provider(
        name=name,
        base_url=base_url,
        dialects={form: PATHS[form] for form in spoken},
        key_env=key_env,
        auth_header="x-api-key" if first == "anthropic" else "authorization",
        auth_prefix="" if first == "anthropic" else "Bearer ",
        headers={"anthropic-version": "2023-06-01"} if "anthropic" in spoken else {},
        models_path="/api/tags" if first.startswith("ollama_") else "/models",
        models_dialect="ollama" if first.startswith("ollama_") else "openai",
        local=local,
    )
