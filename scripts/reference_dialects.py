"""What each dialect carries, found out by trying: each case is decoded as a client wrote it and encoded for
every other dialect."""

import json
from typing import Any, cast

from pointsman.core.errors import CannotCarry
from pointsman.gateway.dialects.base import ChatCodec, Losses
from pointsman.gateway.dialects.registry import CODECS
from reference_blocks import code, table

ASKED: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}
FUNCTION = {"name": "f", "description": "d", "parameters": SCHEMA}
TOOLS = {"tools": [{"type": "function", "function": FUNCTION}]}
PIXEL = "data:image/png;base64,iVBORw0KGgo="
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": "b"}'}}


def _user(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}, *parts]}]}


def _claude(**more: Any) -> dict[str, Any]:
    return {"model": "m", "max_tokens": 4096, "messages": ASKED["messages"], **more}


CHAT_CASES: dict[str, dict[str, Any]] = {
    "system prompt": {"messages": [{"role": "system", "content": "s"}, *ASKED["messages"]]},
    "sampling (`temperature`, `top_p`)": {"temperature": 0.5, "top_p": 0.9},
    "`temperature` above 1": {"temperature": 1.5},
    "`stop`": {"stop": ["a"]},
    "`seed`": {"seed": 1},
    "penalties": {"frequency_penalty": 0.5, "presence_penalty": 0.5},
    "`logit_bias`": {"logit_bias": {"1": 1}},
    "several answers (`n`)": {"n": 2},
    "`logprobs`": {"logprobs": True, "top_logprobs": 2},
    "functions": TOOLS,
    "a forced function": {**TOOLS, "tool_choice": {"type": "function", "function": {"name": "f"}}},
    "`parallel_tool_calls: false`": {**TOOLS, "parallel_tool_calls": False},
    "calls and their results": {
        **TOOLS,
        "messages": [
            *ASKED["messages"],
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "c1", "content": "r"},
        ],
    },
    "freeform (custom) tools": {"tools": [{"type": "custom", "custom": {"name": "f", "description": "d"}}]},
    "JSON by schema": {
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "n", "schema": SCHEMA, "strict": True},
        }
    },
    "JSON without schema": {"response_format": {"type": "json_object"}},
    "picture as data": _user({"type": "image_url", "image_url": {"url": PIXEL}}),
    "picture by URL": _user({"type": "image_url", "image_url": {"url": "https://host.example/a.png"}}),
    "PDF": _user(
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBE"}}
    ),
    "sound": _user({"type": "input_audio", "input_audio": {"data": "UklG", "format": "wav"}}),
    "`reasoning_effort`": {"reasoning_effort": "low"},
    "`verbosity`": {"verbosity": "low"},
    "`user`": {"user": "u"},
    "`metadata`": {"metadata": {"a": "b"}},
    "`service_tier`": {"service_tier": "flex"},
}
ANTHROPIC_CASES: dict[str, dict[str, Any]] = {
    "`top_k`": {"top_k": 5},
    "thinking budget": {"thinking": {"type": "enabled", "budget_tokens": 1024}},
    "cache marks (`cache_control`)": {
        "system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}]
    },
    "thinking of earlier turns": {
        "messages": [
            *ASKED["messages"],
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "t", "signature": "s"},
                    {"type": "text", "text": "a"},
                ],
            },
            {"role": "user", "content": "go on"},
        ]
    },
    "a failed tool's mark (`is_error`)": {
        "tools": [{"name": "f", "input_schema": SCHEMA}],
        "messages": [
            *ASKED["messages"],
            {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "f", "input": {}}]},
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "r", "is_error": True}],
            },
        ],
    },
}
CACHE_MARK = b"cache_control"
TARGETS = ("openai_chat", "openai_responses", "anthropic", "ollama_chat")


def matrix() -> str:
    """Rows are what a client may send; columns the dialect of the provider that gets it."""
    rows = [(case, *_row("openai_chat", ASKED | more)) for case, more in CHAT_CASES.items()]
    rows += [(case, *_row("anthropic", _claude() | more)) for case, more in ANTHROPIC_CASES.items()]
    return table(("a client sends", *[f"`{name}`" for name in TARGETS]), rows)


def _row(source: str, body: dict[str, Any]) -> list[str]:
    return [_outcome(source, name, json.dumps(body).encode()) for name in TARGETS]


def _outcome(source: str, wanted: str, body: bytes) -> str:
    if source == wanted:
        return "as sent"
    losses = Losses()
    try:
        request = cast(ChatCodec, CODECS[source]).decode_request(body)
        encoded = cast(ChatCodec, CODECS[wanted]).encode_request(request, losses)
    except CannotCarry:
        return "refused"
    if CACHE_MARK in body and CACHE_MARK not in encoded:
        return "left out: such providers cache by themselves"
    return f"without {code(*losses.fields)}" if losses.fields else "yes"
