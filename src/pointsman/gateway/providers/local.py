"""The models that Pointsman runs itself. Where they listen is known once they run."""

from typing import Final

from pointsman.gateway.providers.base import Provider

LOCAL: Final = Provider(
    name="local",
    base_url="http://127.0.0.1:0/v1",
    dialects={
        "openai_chat": "/chat/completions",
        "openai_completions": "/completions",
        "openai_embeddings": "/embeddings",
    },
    local=True,
)
