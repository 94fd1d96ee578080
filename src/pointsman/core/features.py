"""What `decide()` may know of a request. Nothing else reaches a gate or a scorer."""

from enum import IntFlag

from msgspec import Struct


class Need(IntFlag):
    """Abilities a request requires of a model."""

    TOOLS = 1
    IMAGES = 2
    JSON_SCHEMA = 4
    THINKING = 8
    DOCUMENTS = 16
    AUDIO = 32
    LOGPROBS = 64
    EMBEDDING = 128
    COMPLETION = 256
    SEVERAL_CHOICES = 512


class Neighbour(Struct, frozen=True, kw_only=True):
    """A similar task of the past: what `model` made of it. `similarity` is -1 to 1; `agent` had it done;
    `task` is its id in the memory."""

    model: str
    similarity: float
    success: bool
    agent: str = ""
    task: str = ""


class Features(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One request, as the decision sees it. Recorded with the decision, so that it can be replayed; what is
    at its default is left out of the record.

    `requested` is the model or alias name as the client wrote it; `task_type` is
    `{priority}_{domain}_{complexity}` or a side task (`side_title`); `context_tokens` and
    `max_output_tokens` bound the window needed; `unhealthy` lists targets whose circuit is open;
    `budget_left_usd_micros` is None without a budget; `allowed_models` is empty when the key has no
    model scope; `seed` drives every random choice. `vector` is what the task is about (float32,
    `memory.embed`; empty: unknown or not to be kept), `neighbours` the similar tasks that memory found.
    `held` is the target that the running turn is with, `stalled` says that it gets nowhere with it; `warm`
    is the target whose cache holds `warm_tokens` of the prompt (empty: none).
    """

    agent: str
    requested: str
    dialect: str
    needs: int = 0
    context_tokens: int = 0
    max_output_tokens: int = 0
    task_type: str = ""
    unhealthy: tuple[str, ...] = ()
    budget_left_usd_micros: int | None = None
    allowed_models: tuple[str, ...] = ()
    seed: int = 0
    vector: bytes = b""
    neighbours: tuple[Neighbour, ...] = ()
    held: str = ""
    stalled: bool = False
    warm: str = ""
    warm_tokens: int = 0
