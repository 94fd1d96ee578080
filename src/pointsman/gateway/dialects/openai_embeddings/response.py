"""Answers: vectors as lists of numbers, or as base64 of little-endian 32-bit floats."""

import binascii
import sys
from array import array
from typing import Any, Final

import msgspec
from msgspec import Struct

from pointsman.core.chat import EmbedRequest, EmbedResponse, Usage
from pointsman.core.errors import UpstreamBroken

_FLOAT_BYTES: Final = 4
_IS_BIG_ENDIAN: Final = sys.byteorder == "big"


class _Embedding(Struct, gc=False):
    embedding: list[float] | str
    index: int = 0


class _WireUsage(Struct, gc=False):
    prompt_tokens: int | None = None
    total_tokens: int | None = None


class _Answer(Struct):
    data: list[_Embedding]
    model: str = ""
    usage: _WireUsage | None = None


_ANSWER: Final[msgspec.json.Decoder[_Answer]] = msgspec.json.Decoder(_Answer)


def decode_response(body: bytes) -> EmbedResponse:
    """The canonical answer, its vectors in the order of the inputs. Raises `UpstreamBroken` if it is no
    list of vectors."""
    try:
        found = _ANSWER.decode(body)
        vectors = [_vector(item.embedding) for item in sorted(found.data, key=lambda item: item.index)]
    except (ValueError, RecursionError) as error:
        raise UpstreamBroken(f"The provider's answer is not a list of embeddings: {error}") from None
    return EmbedResponse(model=found.model, vectors=vectors, usage=_read_usage(found.usage))


def _read_usage(usage: _WireUsage | None) -> Usage | None:
    if usage is None:
        return None
    return Usage(input_tokens=usage.prompt_tokens or usage.total_tokens or 0)


def _vector(written: list[float] | str) -> list[float]:
    return from_base64(written) if isinstance(written, str) else written


def encode_response(response: EmbedResponse, request: EmbedRequest) -> bytes:
    """The answer's bytes, its vectors written as the client asked."""
    tokens = response.usage.input_tokens if response.usage is not None else 0
    data = [_item(index, vector, request) for index, vector in enumerate(response.vectors)]
    found = {
        "object": "list",
        "data": data,
        "model": response.model or request.model,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }
    return msgspec.json.encode(found)


def _item(index: int, vector: list[float], request: EmbedRequest) -> dict[str, Any]:
    written = to_base64(vector) if request.encoding == "base64" else vector
    return {"object": "embedding", "index": index, "embedding": written}


def from_base64(text: str) -> list[float]:
    """The numbers of a vector.

    >>> from_base64("AACAPwAAAMA=")
    [1.0, -2.0]
    """
    data = binascii.a2b_base64(text, strict_mode=True)
    if len(data) % _FLOAT_BYTES:
        raise ValueError(f"a vector of {len(data)} bytes is not made of 32-bit floats")
    numbers = array("f", data)
    if _IS_BIG_ENDIAN:
        numbers.byteswap()
    return numbers.tolist()


def to_base64(vector: list[float]) -> str:
    """The vector as text; numbers lose what 32 bits cannot hold.

    >>> to_base64([1.0, -2.0])
    'AACAPwAAAMA='
    """
    numbers = array("f", vector)
    if _IS_BIG_ENDIAN:
        numbers.byteswap()
    return binascii.b2a_base64(numbers, newline=False).decode()
