"""Bodies and streams which the tests of the Ollama dialect share."""

import json
from typing import Any

from pointsman.core.chat import ChatRequest, ChatResponse, Finish, Message, Text, Usage
from pointsman.gateway.dialects.base import Losses
from pointsman.gateway.dialects.ollama import CODECS

CHAT, GENERATE, EMBED, EMBEDDINGS = CODECS
PNG = "iVBORw0KGgoAAAANSUhEUg=="
CREATED = "2025-10-17T23:14:07.414671Z"
CREATED_S = 1760742847
SCHEMA = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}
LS = {
    "type": "function",
    "function": {
        "name": "ls",
        "description": "Lists a folder.",
        "parameters": {"type": "object", "properties": {"at": {"type": "string"}}},
    },
}


def call(name: str = "ls", **more: Any) -> dict[str, Any]:
    """A tool call as the official client echoes it: without an id."""
    return {"function": {"name": name, "arguments": {"at": "."}}, **more}


def as_json(body: Any) -> bytes:
    """The body as it travels."""
    return json.dumps(body).encode()


def chat_body(**changes: Any) -> dict[str, Any]:
    """A request inside a tool loop; fields set to None are left out."""
    body: dict[str, Any] = {
        "model": "qwen3:latest",
        "messages": [
            {"role": "system", "content": "You are terse."},
            {"role": "user", "content": "What is here?", "images": [PNG]},
            {"role": "assistant", "content": "I look.", "thinking": "ls first", "tool_calls": [call()]},
            {"role": "tool", "tool_name": "ls", "content": "a.py"},
        ],
        "tools": [LS],
        "options": {"temperature": 0.5, "num_predict": 99, "num_ctx": 8192},
        "think": True,
    }
    body.update(changes)
    return {name: value for name, value in body.items() if value is not None}


def decoded(**changes: Any) -> ChatRequest:
    """A changed `chat_body` in canonical form."""
    return CHAT.decode_request(as_json(chat_body(**changes)))


def plain(**changes: Any) -> ChatRequest:
    """A canonical request with one word from the user."""
    messages = [Message(role="user", parts=[Text(text="hi")])]
    return ChatRequest(**{"model": "qwen3", "messages": messages, **changes})


def encoded(request: ChatRequest, codec: Any = CHAT) -> tuple[dict[str, Any], list[str]]:
    """The body written for `request`, and what was lost."""
    losses = Losses()
    return json.loads(codec.encode_request(request, losses)), losses.fields


def answered(*parts: Any, **changes: Any) -> ChatResponse:
    """A canonical answer; strings stand for text."""
    said = [Text(text=part) if isinstance(part, str) else part for part in parts]
    usage = Usage(input_tokens=11, output_tokens=18)
    fields = {"id": "r", "model": "m", "created_s": CREATED_S, "finish": Finish.STOP, "usage": usage}
    return ChatResponse(parts=said, **{**fields, **changes})


def line(done: bool = False, **fields: Any) -> bytes:
    """One line of a server's stream."""
    return as_json({"model": "qwen3", "created_at": CREATED, **fields, "done": done}) + b"\n"


def said(content: str = "", **more: Any) -> bytes:
    """A line of the chat form."""
    return line(message={"role": "assistant", "content": content, **more})


def last(reason: str | None = "stop", **more: Any) -> bytes:
    """The last line of the chat form."""
    figures = {"total_duration": 9, "prompt_eval_count": 11, "eval_count": 18, "eval_duration": 5}
    message = {"role": "assistant", "content": ""}
    return line(done=True, message=message, done_reason=reason, **figures, **more)
