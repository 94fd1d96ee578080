"""What every client asks, whatever its SDK: so that the answers can be compared."""

import base64
import os
import struct
import zlib

import pytest

DIRECT = os.environ.get("POINTSMAN_CONTRACT_DIRECT") == "1"
"""The clients speak to the stand-in itself."""
gateway_only = pytest.mark.skipif(DIRECT, reason="what the gateway adds to its provider")

DIALECTS = {
    "chat": ("openai_chat", "/v1"),
    "responses": ("openai_responses", "/v1"),
    "claude": ("anthropic", "/v1"),
    "llama": ("ollama_chat", ""),
}
"""Provider to the one wire form it speaks, and the path below which it is served."""
OLLAMA = "" if DIRECT else "llama-model"
"""The model behind Ollama's wire form, which cannot force a tool."""
MODELS = tuple(f"{name}-model" for name in DIALECTS)
FAULTY_MODELS = 40
"""Models a provider has for tests that break it: each breaks one of its own, for the gateway remembers."""

CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
WEATHER = "What is the weather in Oslo?"
TOOL_ANSWER = "4 degrees and rain"


def png(width: int, height: int) -> bytes:
    """A grey picture."""
    rows = b"".join(b"\x00" + b"\x80" * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


PICTURE = base64.b64encode(png(3, 2)).decode()
PICTURE_SEEN = "a 3x2 image/png"
