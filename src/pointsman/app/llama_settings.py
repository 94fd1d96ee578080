"""What `local_models` tells a `llama_child`. Apart from it, for only the child imports the runtime."""

from msgspec import Struct


class Weights(Struct, frozen=True, kw_only=True):
    """Where a model's file is: `file`, made of `parts` if it is not there yet; then `sha256` is checked."""

    file: str
    parts: tuple[str, ...] = ()
    sha256: str = ""


class LlamaSettings(Struct, frozen=True, kw_only=True):
    """What to serve and how. Only who knows `key` is answered. The prompts of all requests in hand share
    `context_tokens`. `stops` end an answer for requests that name none of their own."""

    parent_pid: int
    name: str
    weights: Weights
    port: int
    shares_port: bool
    key: str
    context_tokens: int
    threads: int
    chat_template: str = ""
    stops: tuple[str, ...] = ()
