"""Bodies, streams and checks which the tests of the Anthropic dialect share."""

import json
from typing import Any

from anthropic.lib.streaming._messages import accumulate_event
from anthropic.types import Message as SdkMessage
from anthropic.types import RawMessageStreamEvent
from pydantic import TypeAdapter

from pointsman.core.chat import ChatRequest, Message, Reasoning, Text
from pointsman.core.stream import StreamEvent
from pointsman.gateway.dialects.anthropic import CODEC
from pointsman.gateway.dialects.base import Losses

_SDK_EVENT: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)

PNG = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}
ATTRIBUTION = "x-anthropic-billing-header: cc_version=2.1.3; cc_entrypoint=cli"
REMINDER = "<system-reminder>\nThe todo list is empty.\n</system-reminder>"
BASH = {
    "name": "Bash",
    "description": "Runs a command.",
    "input_schema": {"type": "object", "properties": {"command": {"type": "string"}}},
}


def text(words: str, **more: Any) -> dict[str, Any]:
    """A text block."""
    return {"type": "text", "text": words, **more}


def result(call: str, content: Any = "ok", **more: Any) -> dict[str, Any]:
    """A tool_result block."""
    return {"type": "tool_result", "tool_use_id": call, "content": content, **more}


def claude_body(**changes: Any) -> dict[str, Any]:
    """A request as Claude Code sends it inside a tool loop; fields set to None are left out."""
    call = {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": "ls"}}
    thought = {"type": "thinking", "thinking": "look first", "signature": "c2ln"}
    body: dict[str, Any] = {
        "model": "claude-auto",
        "max_tokens": 32000,
        "system": [
            text(ATTRIBUTION),
            text("You are Claude Code.", cache_control={"type": "ephemeral"}),
        ],
        "messages": [
            {"role": "user", "content": [text(REMINDER), text("Make the parser accept tabs")]},
            {"role": "assistant", "content": [thought, text("I look at it."), call]},
            {"role": "user", "content": [result("toolu_1", is_error=True), text(REMINDER)]},
        ],
        "tools": [BASH],
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "medium"},
        "metadata": {"user_id": json.dumps({"device_id": "d", "session_id": "s-1"})},
        "stream": True,
    }
    body.update(changes)
    return {name: value for name, value in body.items() if value is not None}


def as_json(body: Any) -> bytes:
    """The body as it travels."""
    return json.dumps(body).encode()


def outlined(**changes: Any) -> Any:
    """The outline of a changed `claude_body`."""
    return CODEC.outline(as_json(claude_body(**changes)))


def decoded(**changes: Any) -> ChatRequest:
    """A changed `claude_body` in canonical form."""
    return CODEC.decode_request(as_json(claude_body(**changes)))


def said_by(role: Any, *parts: Any) -> Message:
    """A canonical message; strings stand for text."""
    return Message(role=role, parts=[Text(text=part) if isinstance(part, str) else part for part in parts])


def asking(*messages: Message, **settings: Any) -> ChatRequest:
    """A canonical request, by default one that says hello."""
    return ChatRequest(model="m", messages=list(messages) or [said_by("user", "hi")], **settings)


THINKER = asking(reasoning=Reasoning(enabled=True))


def encoded(request: ChatRequest, losses: Losses | None = None) -> dict[str, Any]:
    """The body for a provider, as a dict."""
    found: dict[str, Any] = json.loads(CODEC.encode_request(request, losses or Losses()))
    return found


def lost(request: ChatRequest) -> list[str]:
    """What encoding the request reports as not carried."""
    losses = Losses()
    CODEC.encode_request(request, losses)
    return losses.fields


def event(payload: dict[str, Any]) -> bytes:
    """One event of a provider's stream."""
    return b"event: %s\ndata: %s\n\n" % (payload["type"].encode(), json.dumps(payload).encode())


def payloads(stream: bytes) -> list[dict[str, Any]]:
    """The events' data, after checking that each is named by its type."""
    found = []
    for block in stream.decode().removesuffix("\n\n").split("\n\n"):
        name, data = block.split("\n")
        payload = json.loads(data.removeprefix("data: "))
        assert name == f"event: {payload['type']}"
        found.append(payload)
    return found


def kinds(stream: bytes) -> list[str]:
    """The events' types."""
    return [payload["type"] for payload in payloads(stream)]


def sdk_reads(stream: bytes) -> SdkMessage:
    """The message which Anthropic's SDK puts together, after a strict check of each event."""
    snapshot: Any = None
    buffers: dict[int, bytes] = {}
    for payload in payloads(stream):
        if payload["type"] == "ping":
            continue
        found = _SDK_EVENT.validate_json(json.dumps(payload), strict=True)
        snapshot = accumulate_event(event=found, current_snapshot=snapshot, json_bufs=buffers)
    return SdkMessage.model_validate(snapshot.to_dict())


def stream_of(events: list[StreamEvent], request: ChatRequest = THINKER) -> bytes:
    """The whole stream for a client."""
    encoder = CODEC.stream_encoder(request, "req_01abc", Losses())
    return encoder.encode(events) + encoder.finish()
