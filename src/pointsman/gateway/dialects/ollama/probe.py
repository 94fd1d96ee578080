"""Requests without a prompt, by which clients load a model before its first use, or unload it. There is
nothing to load here, so they are answered at once."""

import re
import time

import msgspec
from msgspec import Raw, Struct

from pointsman.core.chat import Json
from pointsman.gateway.dialects.bodies import Decoded
from pointsman.gateway.dialects.ollama.wire import ABSENT, timestamp_of

_NOTHING = re.compile(rb'(?:null|""|\[\s*\])?')
_NO_TIME = re.compile(r"[+-]?0*\.?0*(?:ns|us|µs|ms|s|m|h)?")


class _Chat(Struct, gc=False):
    model: str
    messages: Raw = ABSENT
    keep_alive: Json = None


class _Generate(Struct, gc=False):
    model: str
    prompt: Raw = ABSENT
    keep_alive: Json = None


_CHAT: msgspec.json.Decoder[_Chat] = msgspec.json.Decoder(_Chat)
_GENERATE: msgspec.json.Decoder[_Generate] = msgspec.json.Decoder(_Generate)


def answer_chat(body: bytes) -> bytes | None:
    """The answer to a chat without messages; None for any other body."""
    found = _read(_CHAT, body)
    if found is None or _NOTHING.fullmatch(found.messages) is None:
        return None
    return _answer(found.model, found.keep_alive, {"message": {"role": "assistant", "content": ""}})


def answer_generate(body: bytes) -> bytes | None:
    """The answer to an empty prompt; None for any other body."""
    found = _read(_GENERATE, body)
    if found is None or _NOTHING.fullmatch(found.prompt) is None:
        return None
    return _answer(found.model, found.keep_alive, {"response": ""})


def _read(decoder: msgspec.json.Decoder[Decoded], body: bytes) -> Decoded | None:
    try:
        return decoder.decode(body)
    except (ValueError, RecursionError):
        return None


def _answer(model: str, keep_alive: Json, content: dict[str, Json]) -> bytes:
    reason = "unload" if is_no_time(keep_alive) else "load"
    created_at = timestamp_of(int(time.time()))
    found = {"model": model, "created_at": created_at, **content, "done": True, "done_reason": reason}
    return msgspec.json.encode(found)


def is_no_time(keep_alive: Json) -> bool:
    """Whether the model is to be unloaded at once.

    >>> [is_no_time(value) for value in (0, "0", "0s", None, -1, "5m", "")]
    [True, True, True, False, False, False, False]
    """
    if isinstance(keep_alive, str):
        return "0" in keep_alive and _NO_TIME.fullmatch(keep_alive) is not None
    return isinstance(keep_alive, int | float) and not isinstance(keep_alive, bool) and keep_alive == 0
