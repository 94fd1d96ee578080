"""Ollama's chat and generate: NDJSON, arguments as objects, durations in nanoseconds."""

import json
from typing import Any

from tests.standin import pictures, tokens
from tests.standin.plan import Call, Plan, Say
from tests.standin.prompt import Offered, Prompt, Result, Turn
from tests.standin.refusal import Refused, need

ROLES = ("system", "user", "assistant", "tool")
CREATED = "2026-09-20T10:00:00.123456Z"
_FINISH = {"length": "length"}
_STRUCT = "json: cannot unmarshal {} into Go struct field {} of type {}"


class OllamaChat:
    """`POST /api/chat`."""

    stream_type = "application/x-ndjson"

    def read(self, body: dict[str, Any], headers: dict[str, str]) -> Prompt:
        prompt = _prompt(body)
        for index, message in enumerate(body.get("messages") or []):
            prompt.turns.append(_turn(prompt, message, index))
        for tool in body.get("tools") or []:
            inner = tool.get("function") or {}
            need(inner.get("name"), "invalid tool: function name is required")
            prompt.tools[inner["name"]] = Offered(inner["name"], inner.get("parameters"))
        prompt.input_tokens = tokens.count_tree([body.get("messages") or [], body.get("tools") or []])
        return prompt

    def error(self, refused: Refused, request_id: str) -> dict[str, Any]:
        return {"error": refused.message}

    def failure(self, request_id: str) -> bytes:
        return _line({"error": "an error was encountered while running the model: unexpected EOF"})

    def whole(self, prompt: Prompt, plan: Plan) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": _text(plan)}
        if plan.thinking:
            message["thinking"] = plan.thinking
        if plan.calls:
            message["tool_calls"] = [_call(c, n) for n, c in enumerate(plan.calls)]
        return {**_head(prompt), "message": message, **_end(prompt, plan)}

    def frames(self, prompt: Prompt, plan: Plan) -> list[bytes]:
        messages: list[dict[str, Any]] = []
        if plan.thinking:
            messages += [{"content": "", "thinking": t} for t in tokens.pieces(plan.thinking)]
        for part in plan.parts:
            if isinstance(part, Call):
                messages.append({"content": "", "tool_calls": [_call(part, plan.calls.index(part))]})
            else:
                chunks = part.chunks if isinstance(part, Say) else [part.text]
                messages += [{"content": c} for c in chunks]
        lines = [
            _line({**_head(prompt), "message": {"role": "assistant", **m}, "done": False}) for m in messages
        ]
        last = {**_head(prompt), "message": {"role": "assistant", "content": ""}, **_end(prompt, plan)}
        return [*lines, _line(last)]


class OllamaGenerate(OllamaChat):
    """`POST /api/generate`."""

    def read(self, body: dict[str, Any], headers: dict[str, str]) -> Prompt:
        prompt = _prompt(body)
        prompt.system = body.get("system") or ""
        seen = _pictures(body.get("images"))
        prompt.turns.append(Turn("user", body.get("prompt") or "", seen))
        prompt.input_tokens = tokens.count_tree([prompt.system, body.get("prompt") or ""])
        return prompt

    def whole(self, prompt: Prompt, plan: Plan) -> dict[str, Any]:
        return {**_head(prompt), "response": _text(plan), **_end(prompt, plan), "context": [1, 2, 3]}

    def frames(self, prompt: Prompt, plan: Plan) -> list[bytes]:
        chunks = [c for p in plan.parts if isinstance(p, Say) for c in p.chunks]
        lines = [_line({**_head(prompt), "response": c, "done": False}) for c in chunks]
        return [*lines, _line({**_head(prompt), "response": "", **_end(prompt, plan), "context": [1, 2, 3]})]


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def _prompt(body: dict[str, Any]) -> Prompt:
    model = body.get("model")
    need(isinstance(model, str) and model, "model is required")
    if str(model).startswith("missing"):
        raise Refused(f"model '{model}' not found", 404)
    prompt = Prompt(model=str(model), turns=[], body=body, stream=body.get("stream") is not False)
    options = body.get("options") or {}
    limit = options.get("num_predict")
    prompt.max_tokens = limit if isinstance(limit, int) and limit > 0 else None
    stop = options.get("stop") or []
    need(isinstance(stop, list), _STRUCT.format("string", "ChatRequest.options.stop", "[]string"))
    prompt.stops = stop
    wanted = body.get("format")
    if isinstance(wanted, dict):
        prompt.schema = wanted
    else:
        need(
            wanted in (None, "", "json"),
            f'invalid format: "{wanted}"; expected "json" or a valid JSON Schema object',
        )
        prompt.wants_object = wanted == "json"
    think = body.get("think")
    words = (None, True, False, "low", "medium", "high", "max")
    need(think in words, f'invalid think value: "{think}" (must be "high", "medium", "low", true, or false)')
    prompt.thinks = bool(think)
    return prompt


def _turn(prompt: Prompt, message: dict[str, Any], index: int) -> Turn:
    role = message.get("role")
    need(role in ROLES, f"invalid role: {role}, role must be one of [system, user, assistant, tool]")
    content = message.get("content", "")
    need(isinstance(content, str), _STRUCT.format("array", "ChatRequest.messages.content", "string"))
    if role == "system":
        prompt.system += content
    turn = Turn(str(role), content, _pictures(message.get("images")))
    for call in message.get("tool_calls") or []:
        inner = call.get("function") or {}
        where = "ChatRequest.messages.tool_calls.function.arguments"
        fine = isinstance(inner.get("arguments"), dict)
        need(fine, _STRUCT.format("string", where, "api.ToolCallFunctionArguments"))
        turn.calls.append(inner.get("name", ""))
    if role == "tool":
        turn.results.append(Result(message.get("tool_name", ""), content))
    return turn


def _pictures(images: Any) -> list[str]:
    return [pictures.describe(data, None, "images") for data in images or []]


def _text(plan: Plan) -> str:
    return plan.text or plan.refusal or ""


def _call(call: Call, index: int) -> dict[str, Any]:
    value = json.loads(call.arguments) if call.arguments.endswith("}") else {}
    return {"function": {"index": index, "name": call.name, "arguments": value}}


def _head(prompt: Prompt) -> dict[str, Any]:
    return {"model": prompt.model, "created_at": CREATED}


def _end(prompt: Prompt, plan: Plan) -> dict[str, Any]:
    return {
        "done": True,
        "done_reason": _FINISH.get(plan.finish, "stop"),
        "total_duration": 174_560_334,
        "load_duration": 101_397_084,
        "prompt_eval_count": prompt.input_tokens,
        "prompt_eval_duration": 13_074_791,
        "eval_count": plan.output_tokens,
        "eval_duration": 52_479_709,
    }
