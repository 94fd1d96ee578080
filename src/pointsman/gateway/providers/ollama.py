"""Ollama, on this machine or another of the operator's. OLLAMA_HOST is read as Ollama itself reads it: a
host, a port or both, with or without a scheme."""

from typing import Final

from pointsman.gateway.providers.base import Provider

OLLAMA: Final = Provider(
    name="ollama",
    base_url="http://127.0.0.1:11434",
    dialects={
        "ollama_chat": "/api/chat",
        "ollama_generate": "/api/generate",
        "ollama_embed": "/api/embed",
        "ollama_embeddings": "/api/embeddings",
        "openai_chat": "/v1/chat/completions",
        "openai_completions": "/v1/completions",
        "openai_embeddings": "/v1/embeddings",
    },
    base_url_env="OLLAMA_HOST",
    models_path="/api/tags",
    models_dialect="ollama",
    local=True,
)
