"""Reads the lists in which providers say what they serve. Whatever is odd in one is left out, never fatal."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from pointsman.core.features import Need

MAX_LISTED: Final = 3000
_PLAIN_NAME: Final = re.compile(r"[!-~]{1,200}")
_WINDOW_KEYS: Final = (
    "context_window",
    "context_length",
    "max_context_length",
    "max_model_len",
    "max_input_tokens",
)
_OUTPUT_KEYS: Final = ("max_completion_tokens", "max_output_tokens", "max_tokens")
_CAPABILITIES: Final = {"function_calling": Need.TOOLS, "vision": Need.IMAGES}


class Listed(Struct, frozen=True, kw_only=True):
    """One model as its provider lists it; 0 and None: not said. `can` and `cannot` are bit sets of
    `Need`."""

    name: str
    created_s: int = 0
    context_window_tokens: int = 0
    max_output_tokens: int = 0
    parameters_b: float | None = None
    can: int = 0
    cannot: int = 0


def read_list(body: bytes, form: str) -> list[Listed]:
    """The models in a provider's answer; `form` is the provider's `models_dialect`. Raises
    `msgspec.DecodeError` or ValueError when the answer is no such list."""
    answer = msgspec.json.decode(body)
    entries = answer.get("models" if form == "ollama" else "data") if isinstance(answer, dict) else answer
    if not isinstance(entries, list):
        raise ValueError("the answer is no list of models")
    read = _ollama if form == "ollama" else _openai
    listed = [read(entry) for entry in entries[:MAX_LISTED] if isinstance(entry, dict)]
    return [model for model in listed if model is not None]


def _openai(entry: Mapping[str, Any]) -> Listed | None:
    """An entry as OpenAI writes it, with the further keys that Anthropic, Groq, Mistral, OpenRouter and
    vLLM add."""
    name = _name(entry.get("id"))
    if name is None:
        return None
    top = entry.get("top_provider")
    can, cannot = _capabilities(entry.get("capabilities"))
    return Listed(
        name=name.removeprefix("models/"),
        created_s=_created_s(entry),
        context_window_tokens=_first_count(entry, _WINDOW_KEYS),
        max_output_tokens=_first_count(entry, _OUTPUT_KEYS)
        or (_first_count(top, _OUTPUT_KEYS) if isinstance(top, dict) else 0),
        can=can,
        cannot=cannot,
    )


def _ollama(entry: Mapping[str, Any]) -> Listed | None:
    name = _name(entry.get("model") or entry.get("name"))
    if name is None:
        return None
    details = entry.get("details")
    size = details.get("parameter_size") if isinstance(details, dict) else None
    words = entry.get("capabilities")
    can = _ollama_abilities(words) if isinstance(words, list) else 0
    return Listed(name=name, parameters_b=_parameters_b(size), can=can)


def _ollama_abilities(words: list[Any]) -> int:
    known = {
        "tools": Need.TOOLS,
        "vision": Need.IMAGES,
        "thinking": Need.THINKING,
        "embedding": Need.EMBEDDING,
    }
    bits = Need(0)
    for word in words:
        bits |= known.get(word, Need(0)) if isinstance(word, str) else Need(0)
    return int(bits)


def _capabilities(told: Any) -> tuple[int, int]:
    """What a Mistral entry says the model can and cannot do."""
    can, cannot = Need(0), Need(0)
    for word, need in _CAPABILITIES.items():
        value = told.get(word) if isinstance(told, dict) else None
        can |= need if value is True else Need(0)
        cannot |= need if value is False else Need(0)
    return int(can), int(cannot)


def _name(value: Any) -> str | None:
    """A model's name, if it can stand in a header and a log."""
    return value if isinstance(value, str) and _PLAIN_NAME.fullmatch(value) else None


def _first_count(entry: Mapping[str, Any], keys: tuple[str, ...]) -> int:
    values = (entry.get(key) for key in keys)
    return next((v for v in values if isinstance(v, int) and not isinstance(v, bool) and 0 < v < 1 << 31), 0)


def _created_s(entry: Mapping[str, Any]) -> int:
    created = entry.get("created")
    if isinstance(created, int | float) and 0 < created < 1 << 33:
        return int(created)
    written = entry.get("created_at")
    try:
        return max(int(datetime.fromisoformat(written).timestamp()), 0) if isinstance(written, str) else 0
    except (ValueError, OverflowError):
        return 0


def _parameters_b(size: Any) -> float | None:
    """Billions in Ollama's words for a size, such as `8.0B` or `137M`."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([BM])", size) if isinstance(size, str) else None
    if found is None:
        return None
    return float(found[1]) / (1000 if found[2] == "M" else 1)
