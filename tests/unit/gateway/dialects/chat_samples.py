"""Bodies, streams and checks which the tests of the Chat Completions dialect share."""

import json
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from openai.types.chat import ChatCompletionChunk

from pointsman.core.chat import ChatRequest, Message, Text
from pointsman.core.stream import StreamEvent
from pointsman.gateway.dialects.base import Losses
from pointsman.gateway.dialects.openai_chat import CODEC

ROOT = Path(__file__).resolve().parents[4]
SPEC = ROOT.parent / "shared" / "specs" / "openai-subset.json"

RUN = {
    "type": "function",
    "function": {
        "name": "run",
        "description": "Runs a command.",
        "parameters": {"type": "object", "properties": {"cmd": {"type": "string"}}},
    },
}
PATCH = {
    "type": "custom",
    "custom": {
        "name": "patch",
        "format": {"type": "grammar", "grammar": {"syntax": "regex", "definition": "a+"}},
    },
}


def call(call_id: str, arguments: str = "{}") -> dict[str, Any]:
    """A finished call of `run`."""
    return {"id": call_id, "type": "function", "function": {"name": "run", "arguments": arguments}}


def agent_body(**changes: Any) -> dict[str, Any]:
    """A request as a coding agent sends it in the middle of a tool loop; fields set to None are left out."""
    body: dict[str, Any] = {
        "model": "auto",
        "messages": [
            {"role": "system", "content": "You are opencode"},
            {"role": "user", "content": [{"type": "text", "text": "Make the tests pass"}]},
            {"role": "assistant", "content": None, "tool_calls": [call("call_0")]},
            {"role": "tool", "tool_call_id": "call_0", "content": "1 failed"},
            {"role": "assistant", "content": "I look.", "tool_calls": [call("call_1"), call("call_2")]},
            {"role": "tool", "tool_call_id": "call_1", "content": "(no output)"},
            {"role": "tool", "tool_call_id": "call_2", "content": [{"type": "text", "text": "ok"}]},
        ],
        "tools": [RUN],
        "tool_choice": "auto",
        "max_tokens": 32000,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    body.update(changes)
    return deepcopy({name: value for name, value in body.items() if value is not None})


def as_json(value: Any) -> bytes:
    """The value as a body."""
    return json.dumps(value).encode()


def decoded(**changes: Any) -> ChatRequest:
    """The canonical form of `agent_body`."""
    return CODEC.decode_request(as_json(agent_body(**changes)))


def saying(*messages: dict[str, Any], **fields: Any) -> ChatRequest:
    """The canonical form of a request with these messages."""
    return CODEC.decode_request(as_json({"model": "m", "messages": messages, **fields}))


def asking(**fields: Any) -> ChatRequest:
    """A canonical request with one user message."""
    fields.setdefault("messages", [Message(role="user", parts=[Text(text="hi")])])
    fields.setdefault("model", "m")
    return ChatRequest(**fields)


def sent(request: ChatRequest, losses: Losses | None = None) -> Any:
    """What a provider would be sent."""
    return json.loads(CODEC.encode_request(request, losses or Losses()))


def stream_of(events: list[StreamEvent], request: ChatRequest | None = None) -> bytes:
    """The whole stream a client would get."""
    encoder = CODEC.stream_encoder(request or asking(), "req_01abc", Losses())
    return encoder.encode(events) + encoder.finish()


def payloads(stream: bytes) -> list[dict[str, Any]]:
    """Each chunk of a stream, which must end with the end mark."""
    *events, done, rest = stream.decode().split("\n\n")
    assert (done, rest) == ("data: [DONE]", "")
    return [json.loads(event.removeprefix("data: ")) for event in events if not event.startswith(":")]


def chunk(delta: dict[str, Any] | None = None, reason: str | None = None, **fields: Any) -> bytes:
    """One event of a provider's stream."""
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": reason}]
    value = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 7, "model": "up"}
    return b"data: " + as_json({**value, "choices": choices, **fields}) + b"\n\n"


@cache
def schema(name: str) -> jsonschema_rs.Draft202012Validator:
    """A validator for one schema of OpenAI's published description."""
    if not SPEC.exists():
        pytest.skip("the published API description is not at hand")
    components = json.loads(SPEC.read_bytes())["components"]
    return jsonschema_rs.Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": components}
    )


def assert_sdk_reads(stream: bytes) -> None:
    """Every chunk has all the fields that OpenAI's SDK demands."""
    for value in payloads(stream):
        ChatCompletionChunk.model_validate(value, strict=True)
