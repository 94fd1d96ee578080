"""OpenAI's legacy completions."""

from typing import Any

from tests.standin import openai_common, tokens
from tests.standin.openai_common import check_bounds, check_key, check_model, sse
from tests.standin.plan import Plan, Say
from tests.standin.prompt import Prompt, Turn
from tests.standin.proofs import new_id
from tests.standin.refusal import need

_FINISH = {"length": "length", "filter": "content_filter"}


class Completions:
    """`POST /v1/completions`."""

    stream_type = "text/event-stream; charset=utf-8"

    def read(self, body: dict[str, Any], headers: dict[str, str]) -> Prompt:
        check_key(headers)
        model = check_model(body.get("model"))
        check_bounds(body)
        text = body.get("prompt")
        text = text[0] if isinstance(text, list) and text else text
        need(isinstance(text, str), "you must provide a prompt parameter", "prompt")
        stop = body.get("stop") or []
        prompt = Prompt(model, [Turn("user", str(text))], body=body, stream=bool(body.get("stream")))
        prompt.stops = [stop] if isinstance(stop, str) else stop
        prompt.max_tokens = body.get("max_tokens", 16)
        prompt.input_tokens = tokens.count(str(text))
        return prompt

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
        head = _head(prompt)
        return {**head, "choices": [_choice(plan.text, plan)], "usage": _usage(prompt, plan)}

    def frames(self, prompt: Prompt, plan: Plan) -> list[bytes]:
        head = _head(prompt)
        chunks = [c for p in plan.parts if isinstance(p, Say) for c in p.chunks]
        frames = [sse({**head, "choices": [_choice(c)]}) for c in chunks]
        frames.append(sse({**head, "choices": [_choice("", plan)]}))
        if (prompt.body.get("stream_options") or {}).get("include_usage"):
            frames.append(sse({**head, "choices": [], "usage": _usage(prompt, plan)}))
        return [*frames, b"data: [DONE]\n\n"]


def _head(prompt: Prompt) -> dict[str, Any]:
    return {
        "id": new_id("cmpl-"),
        "object": "text_completion",
        "created": 1_790_000_000,
        "model": prompt.model,
    }


def _choice(text: str, plan: Plan | None = None) -> dict[str, Any]:
    finish = _FINISH.get(plan.finish, "stop") if plan else None
    return {"text": text, "index": 0, "logprobs": None, "finish_reason": finish}


def _usage(prompt: Prompt, plan: Plan) -> dict[str, Any]:
    out = plan.output_tokens
    total = prompt.input_tokens + out
    return {"prompt_tokens": prompt.input_tokens, "completion_tokens": out, "total_tokens": total}
