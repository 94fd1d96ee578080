"""Anthropic messages: answers."""

import json
from typing import Any

from tests.standin.anthropic_reading import VENDOR, read_messages
from tests.standin.plan import Call, Plan, Say
from tests.standin.prompt import Prompt
from tests.standin.proofs import new_id, sign
from tests.standin.refusal import Refused

_FINISH = {
    "stop": "end_turn",
    "stop_sequence": "stop_sequence",
    "length": "max_tokens",
    "tool": "tool_use",
    "filter": "refusal",
    "refusal": "refusal",
}
_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def event(value: dict[str, Any]) -> bytes:
    """One named server-sent event."""
    return f"event: {value['type']}\ndata: {json.dumps(value, separators=(',', ':'))}\n\n".encode()


class Messages:
    """`POST /v1/messages`."""

    stream_type = "text/event-stream; charset=utf-8"

    def read(self, body: dict[str, Any], headers: dict[str, str]) -> Prompt:
        return read_messages(body, headers)

    def error(self, refused: Refused, request_id: str) -> dict[str, Any]:
        kind = refused.kind or _KINDS.get(refused.status, "api_error")
        inner = {"type": kind, "message": refused.message}
        return {"type": "error", "error": inner, "request_id": request_id}

    def failure(self, request_id: str) -> bytes:
        return event(self.error(Refused("Overloaded", 529), request_id))

    def whole(self, prompt: Prompt, plan: Plan) -> dict[str, Any]:
        message = _message(prompt, usage(prompt, plan))
        return {
            **message,
            "content": _blocks(plan),
            "stop_reason": _FINISH[plan.finish],
            "stop_sequence": plan.stop_sequence,
        }

    def frames(self, prompt: Prompt, plan: Plan) -> list[bytes]:
        start = {**usage(prompt, plan), "output_tokens": 1}
        frames = [event({"type": "message_start", "message": _message(prompt, start)})]
        for index, (block, deltas) in enumerate(_streamed(plan)):
            frames.append(event({"type": "content_block_start", "index": index, "content_block": block}))
            if index == 0:
                frames.append(event({"type": "ping"}))
            frames += [event({"type": "content_block_delta", "index": index, "delta": d}) for d in deltas]
            frames.append(event({"type": "content_block_stop", "index": index}))
        delta = {"stop_reason": _FINISH[plan.finish], "stop_sequence": plan.stop_sequence}
        final = {"type": "message_delta", "delta": delta, "usage": {"output_tokens": plan.output_tokens}}
        return [*frames, event(final), event({"type": "message_stop"})]


def _message(prompt: Prompt, figures: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": new_id("msg_"),
        "type": "message",
        "role": "assistant",
        "model": prompt.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": figures,
    }


def _blocks(plan: Plan) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if plan.thinking:
        proof = sign(VENDOR, plan.thinking)
        blocks.append({"type": "thinking", "thinking": plan.thinking, "signature": proof})
    for part in plan.parts:
        if isinstance(part, Call):
            value = json.loads(part.arguments) if part.arguments.endswith("}") else {}
            blocks.append({"type": "tool_use", "id": new_id("toolu_"), "name": part.name, "input": value})
        elif part.text:
            blocks.append({"type": "text", "text": part.text})
    return blocks


def _streamed(plan: Plan) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Each block's start and its deltas."""
    blocks: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []
    if plan.thinking:
        half = len(plan.thinking) // 2
        halves = (plan.thinking[:half], plan.thinking[half:])
        deltas = [{"type": "thinking_delta", "thinking": t} for t in halves]
        deltas.append({"type": "signature_delta", "signature": sign(VENDOR, plan.thinking)})
        blocks.append(({"type": "thinking", "thinking": "", "signature": ""}, deltas))
    for part in plan.parts:
        if isinstance(part, Call):
            start = {"type": "tool_use", "id": new_id("toolu_"), "name": part.name, "input": {}}
            chunks = ["", *part.chunks]
            blocks.append((start, [{"type": "input_json_delta", "partial_json": c} for c in chunks]))
        else:
            chunks = part.chunks if isinstance(part, Say) else [part.text]
            blocks.append(({"type": "text", "text": ""}, [{"type": "text_delta", "text": c} for c in chunks]))
    return blocks


def usage(prompt: Prompt, plan: Plan) -> dict[str, Any]:
    """Anthropic's figures: cached tokens stand beside `input_tokens`, not in it."""
    marked = "cache_control" in json.dumps(prompt.body)
    total, read, written = prompt.input_tokens, 0, 0
    if marked and total >= 1024:
        cached = total - total // 10
        read, written = (cached, 0) if len(prompt.turns) > 1 else (0, cached)
    return {
        "input_tokens": total - read - written,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "output_tokens": plan.output_tokens,
        "service_tier": "standard",
    }
