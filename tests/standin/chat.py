"""OpenAI chat completions: answers."""

from typing import Any

from tests.standin import openai_common
from tests.standin.chat_reading import read_chat
from tests.standin.openai_common import cached_tokens, sse
from tests.standin.plan import Call, Plan, Say
from tests.standin.prompt import Prompt
from tests.standin.proofs import new_id

_FINISH = {
    "stop": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "tool": "tool_calls",
    "filter": "content_filter",
    "refusal": "stop",
}
CREATED = 1_790_000_000


class Chat:
    """`POST /v1/chat/completions`."""

    stream_type = "text/event-stream; charset=utf-8"

    def read(self, body: dict[str, Any], headers: dict[str, str]) -> Prompt:
        return read_chat(body, headers)

    def error(self, refused: Any, request_id: str) -> dict[str, Any]:
        return openai_common.error(refused, request_id)

    def failure(self, request_id: str) -> bytes:
        return sse(
            {
                "error": {
                    "message": "The server had an error.",
                    "type": "server_error",
                    "param": None,
                    "code": None,
                }
            }
        )

    def whole(self, prompt: Prompt, plan: Plan) -> dict[str, Any]:
        message: dict[str, Any] = {
            "role": "assistant",
            "content": plan.text or (None if plan.calls or plan.refusal else ""),
            "refusal": plan.refusal,
            "annotations": [],
        }
        if plan.calls:
            message["tool_calls"] = [_call(c) for c in plan.calls]
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _FINISH[plan.finish]}
        choices = [{**choice, "index": n} for n in range(prompt.body.get("n") or 1)]
        head = _head(prompt, "chat.completion")
        return {**head, "choices": choices, "usage": usage(prompt, plan), "system_fingerprint": "fp_standin"}

    def frames(self, prompt: Prompt, plan: Plan) -> list[bytes]:
        asks = (prompt.body.get("stream_options") or {}).get("include_usage") is True
        head = {**_head(prompt, "chat.completion.chunk"), "system_fingerprint": "fp_standin"}

        def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
            choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
            return sse({**head, "choices": [choice], **({"usage": None} if asks else {})})

        frames = [
            chunk(
                {
                    "role": "assistant",
                    "content": None if plan.calls and not plan.text else "",
                    "refusal": None,
                }
            )
        ]
        frames += [chunk(delta) for delta in _deltas(plan)]
        frames.append(chunk({}, _FINISH[plan.finish]))
        if asks:
            frames.append(sse({**head, "choices": [], "usage": usage(prompt, plan)}))
        return [*frames, b"data: [DONE]\n\n"]


def _head(prompt: Prompt, kind: str) -> dict[str, Any]:
    return {
        "id": new_id("chatcmpl-"),
        "object": kind,
        "created": CREATED,
        "model": prompt.model,
        "service_tier": "default",
    }


def _call(call: Call) -> dict[str, Any]:
    if call.custom:
        return {
            "id": new_id("call_"),
            "type": "custom",
            "custom": {"name": call.name, "input": call.arguments},
        }
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": new_id("call_"), "type": "function", "function": function}


def _deltas(plan: Plan) -> list[dict[str, Any]]:
    deltas: list[dict[str, Any]] = []
    index = -1
    for part in plan.parts:
        if isinstance(part, Say):
            deltas += [{"content": c} for c in part.chunks]
        elif isinstance(part, Call):
            index += 1
            form, text = ("custom", "input") if part.custom else ("function", "arguments")
            first = {"index": index, "id": new_id("call_"), "type": form, form: {"name": part.name, text: ""}}
            deltas.append({"tool_calls": [first]})
            deltas += [{"tool_calls": [{"index": index, form: {text: c}}]} for c in part.chunks]
        else:
            deltas.append({"refusal": part.text})
    return deltas


def usage(prompt: Prompt, plan: Plan) -> dict[str, Any]:
    """OpenAI's figures; cached and reasoning tokens are parts of the two sums."""
    out = plan.output_tokens
    return {
        "prompt_tokens": prompt.input_tokens,
        "completion_tokens": out,
        "total_tokens": prompt.input_tokens + out,
        "prompt_tokens_details": {
            "cached_tokens": cached_tokens(prompt.input_tokens, len(prompt.turns)),
            "audio_tokens": 0,
        },
        "completion_tokens_details": {
            "reasoning_tokens": plan.reasoning_tokens,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
