"""The gateways before which the SDKs' own tests are run: one whose providers speak the clients' wire forms,
and one that has to translate every request and answer."""

import json
from collections.abc import Iterator
from typing import NamedTuple

from anthropic.resources.messages import DEPRECATED_MODELS

OPENAI_MODELS = ("gpt-6-astra", "gpt-3.5-turbo-instruct", "model")
EMBEDDERS = ("text-embedding-3-small",)
ANTHROPIC_MODELS = ("claude-opus-5-5", "model_id", *sorted(DEPRECATED_MODELS))
"""The names that the SDKs' samples ask for."""


class _Provider(NamedTuple):
    name: str
    dialects: tuple[str, ...]
    path: str
    models: tuple[str, ...]


SAME = (
    _Provider("openai-like", ("openai_chat", "openai_responses", "openai_completions"), "/v1", OPENAI_MODELS),
    _Provider("embedder", ("openai_embeddings",), "/v1", EMBEDDERS),
    _Provider("claude-like", ("anthropic",), "/v1", ANTHROPIC_MODELS),
)
CROSS = (
    _Provider("claude-like", ("anthropic",), "/v1", OPENAI_MODELS),
    _Provider("embedder", ("ollama_embed",), "", EMBEDDERS),
    _Provider("openai-like", ("openai_chat",), "/v1", ANTHROPIC_MODELS),
)
WAYS = {"same": SAME, "cross": CROSS}
_ABILITIES = ["tools", "images", "json_schema", "thinking", "documents", "audio", "logprobs"]


def configured(way: str, upstream: str) -> str:
    """`pointsman.toml` for "same" or "cross"."""
    return "\n".join(_lines(WAYS[way], upstream))


def _lines(providers: tuple[_Provider, ...], upstream: str) -> Iterator[str]:
    yield "[local]\nenabled = false"
    for provider in providers:
        yield f"[providers.{provider.name}]"
        yield f'base_url = "{upstream}/p/{provider.name}{provider.path}"'
        yield 'key_env = "STANDIN_KEY"\nretries = 0'
        yield f"dialects = {json.dumps(provider.dialects)}\nmodels = {json.dumps(provider.models)}"
    yield f'[models."*"]\nabilities = {json.dumps(_ABILITIES)}'
    yield from (f'[models."{name}"]\nkind = "embedding"' for name in EMBEDDERS)
