"""Vectors that depend on the text alone, in OpenAI's and Ollama's forms."""

import base64
import hashlib
import math
import struct
from typing import Any

from tests.standin import tokens
from tests.standin.openai_common import check_key, check_model
from tests.standin.refusal import Refused, need

DIMENSIONS = 64
MOST_DIMENSIONS = 3072


def vector(text: str, dimensions: int) -> list[float]:
    """A unit vector; equal texts get equal ones."""
    raw = b"".join(hashlib.sha256(f"{n}:{text}".encode()).digest() for n in range(dimensions // 32 + 1))
    values = [byte / 255 - 0.5 for byte in raw[:dimensions]]
    length = math.sqrt(sum(v * v for v in values)) or 1.0
    return [struct.unpack("<f", struct.pack("<f", v / length))[0] for v in values]


def _inputs(value: Any, name: str) -> list[str]:
    need(value not in (None, "", []), f"'${name}' is invalid: expected text.", name)
    if isinstance(value, str) or (isinstance(value, list) and isinstance(value[0], int)):
        value = [value]
    return [v if isinstance(v, str) else " ".join(map(str, v)) for v in value]


def _dimensions(body: dict[str, Any]) -> int:
    wanted = body.get("dimensions") or DIMENSIONS
    fits = isinstance(wanted, int) and 1 <= wanted <= MOST_DIMENSIONS
    need(fits, f"Invalid 'dimensions': {wanted!r} is not from 1 to {MOST_DIMENSIONS}.", "dimensions")
    return int(wanted)


def openai_embeddings(body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    """`POST /v1/embeddings`."""
    check_key(headers)
    model = check_model(body.get("model"))
    texts = _inputs(body.get("input"), "input")
    form = body.get("encoding_format", "float")
    need(form in ("float", "base64"), f"Invalid value: '{form}'.", "encoding_format")
    dimensions = _dimensions(body)
    data = []
    for index, text in enumerate(texts):
        values: Any = vector(text, dimensions)
        if form == "base64":
            values = base64.b64encode(struct.pack(f"<{len(values)}f", *values)).decode()
        data.append({"object": "embedding", "index": index, "embedding": values})
    count = sum(map(tokens.count, texts))
    figures = {"prompt_tokens": count, "total_tokens": count}
    return {"object": "list", "data": data, "model": model, "usage": figures}


def ollama_embed(body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    """`POST /api/embed`."""
    _check_local(body)
    texts = _inputs(body.get("input"), "input")
    dimensions = _dimensions(body)
    return {
        "model": body["model"],
        "embeddings": [vector(t, dimensions) for t in texts],
        "total_duration": 14_143_917,
        "load_duration": 1_019_500,
        "prompt_eval_count": sum(map(tokens.count, texts)),
    }


def ollama_embeddings(body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    """`POST /api/embeddings`, the old form."""
    _check_local(body)
    return {"embedding": vector(body.get("prompt", ""), DIMENSIONS)}


def _check_local(body: dict[str, Any]) -> None:
    need(body.get("model"), "model is required")
    if str(body["model"]).startswith("missing"):
        raise Refused(f"model '{body['model']}' not found", 404)
